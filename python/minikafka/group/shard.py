"""The group coordinator of one `__consumer_offsets` partition: the state of every group whose id falls on it (G1).

Requests come in as plain values and leave as a `Result`; the runtime appends the records, replays them here and tells
the answer once they are committed. What the log holds, and how each record is read:

| key | value | means |
|---|---|---|
| OffsetCommit (group, topic, partition) | offset | committed, or pending when its batch is transactional (T12) |
| | null | forgotten |
| GroupMetadata (group) | generation, members, assignments | the group at rest |
| | null | deleted |
| ConsumerGroup* (group, ...) | see `consumer/records.py` | a KIP-848 group |
| an end-transaction marker | commit or abort | pending offsets become committed, or go |

Offsets move by replay alone. A classic group also has volatile state, its rebalance conversation: while this broker
serves it, the record of a new generation only settles what the conversation decided; read back from the log, it *is*
the group, Stable with fresh sessions (or Empty). KIP-848 groups (`group/consumer/`) have no such state: all in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from minikafka.config import CONSUMER_OFFSETS, BrokerSettings
from minikafka.coordinator.shard import CoordinatorRecord, Result
from minikafka.errors import ErrorCode
from minikafka.group import forget, telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.heartbeat import heartbeat
from minikafka.group.classic.join import join
from minikafka.group.classic.leave import leave
from minikafka.group.classic.rebalance import prepare_rebalance, rebalance_timers, renew_session
from minikafka.group.classic.requests import (
    Identity,
    JoinAnswer,
    JoinRequest,
    LeaveAnswer,
    LeavingMember,
    SyncAnswer,
    SyncRequest,
)
from minikafka.group.classic.states import DEAD
from minikafka.group.classic.sync import sync
from minikafka.group.commit import CommitRequest, commit, commit_in_transaction
from minikafka.group.consumer import describe as consumer_describe
from minikafka.group.consumer import replay as consumer_replay
from minikafka.group.consumer.describe import DescribedConsumerGroup
from minikafka.group.consumer.heartbeat import heartbeat as consumer_heartbeat
from minikafka.group.consumer.leave import member_timers, watch_everyone
from minikafka.group.consumer.offsets import check_fetch
from minikafka.group.consumer.requests import HeartbeatAnswer, HeartbeatRequest
from minikafka.group.consumer.topics import CurrentTopics
from minikafka.group.describe import DescribedGroup, ListedGroup, describe_group, list_groups
from minikafka.group.fetch import FetchedOffset, OffsetToFetch, fetch
from minikafka.group.groups import GroupConfigs, Groups, no_configs
from minikafka.group.migration import classic_members
from minikafka.group.migration.upgrade import send_back
from minikafka.group.offsets import Offsets
from minikafka.group.outcome import Reply, set_timer
from minikafka.group.records import committed_offset, restored_group, settle
from minikafka.group.telling import tell
from minikafka.trace import NOBODY, Trace
from minikafka.types import Now, Offset, ProducerEpoch, ProducerId, TopicId, TopicPartition
from minikafka.wire.codec import UnknownRecordType, decode_coordinator_key, decode_record
from minikafka.wire.records.group_metadata import GroupMetadataKey, GroupMetadataValue
from minikafka.wire.records.legacy_offset_commit import LegacyOffsetCommitKey
from minikafka.wire.records.offset_commit import OffsetCommitKey, OffsetCommitValue

_SWEEP_KEY: Final = ("sweep",)


class GroupShard:
    """See the module. `new_member_id(prefix)` makes a fresh id that starts with the client's or instance's id;
    `topics()` are those of the cluster, now; `configs(group_id)` what an admin set for that group."""

    def __init__(
        self,
        settings: BrokerSettings,
        new_member_id: Callable[[str], str],
        topics: CurrentTopics = dict,
        configs: GroupConfigs = no_configs,
        trace: Trace = NOBODY,
    ) -> None:
        self.groups = Groups(settings, new_member_id, topics, configs, trace)
        self.offsets = Offsets()
        self._is_serving = False

    # Requests of members.

    def join(self, request: JoinRequest, reply: Reply[JoinAnswer], now: Now) -> Result[JoinAnswer]:
        """JoinGroup. Without a `response`, `reply` is called when the rebalance completes (G2-G4, G8)."""
        return join(self.groups, request, reply, now)

    def sync(self, request: SyncRequest, reply: Reply[SyncAnswer], now: Now) -> Result[SyncAnswer]:
        """SyncGroup. Without a `response`, `reply` is called when the leader's assignment is committed (G5)."""
        group = self.groups.consumer.get(request.identity.group_id)
        if group is not None:
            return classic_members.sync(self.groups, group, request, now)
        return sync(self.groups, request, reply, now)

    def heartbeat(self, identity: Identity, now: Now) -> Result[ErrorCode]:
        """Heartbeat (G6, G17)."""
        group = self.groups.consumer.get(identity.group_id)
        if group is not None:
            return classic_members.heartbeat(self.groups, group, identity, now)
        return heartbeat(self.groups, identity, now)

    def leave(self, group_id: str, leaving: Sequence[LeavingMember], now: Now) -> Result[list[LeaveAnswer]]:
        """LeaveGroup (G8, G17)."""
        group = self.groups.consumer.get(group_id)
        if group is not None:
            return classic_members.leave(self.groups, group, leaving, now)
        return leave(self.groups, group_id, leaving, now)

    def consumer_heartbeat(self, request: HeartbeatRequest, now: Now) -> Result[HeartbeatAnswer]:
        """ConsumerGroupHeartbeat (G12-G16)."""
        return consumer_heartbeat(self.groups, request, now)

    # Offsets.

    def commit(self, request: CommitRequest, now: Now) -> Result[list[ErrorCode]]:
        """OffsetCommit (G7)."""
        return commit(self.groups, request, now)

    def commit_in_transaction(
        self, request: CommitRequest, producer_id: ProducerId, producer_epoch: ProducerEpoch, now: Now
    ) -> Result[list[ErrorCode]]:
        """TxnOffsetCommit (T12)."""
        return commit_in_transaction(self.groups, request, producer_id, producer_epoch, now)

    def fetch_offsets(
        self,
        group_id: str,
        asked: Sequence[OffsetToFetch] | None,
        *,
        require_stable: bool,
        member_id: str | None = None,
        member_epoch: int = -1,
    ) -> list[FetchedOffset]:
        """OffsetFetch of one group; `ALL_OFFSETS` for everything it committed. Raises Rejected: [25], [113] (G16)."""
        check_fetch(self.groups.consumer.get(group_id), member_id, member_epoch)
        return fetch(self.offsets, group_id, asked, require_stable=require_stable)

    def delete_offsets(
        self, group_id: str, asked: Sequence[TopicPartition], _: Now
    ) -> Result[list[ErrorCode]]:
        """OffsetDelete (G11)."""
        outcome = forget.delete_offsets(self.groups, self.offsets, group_id, asked)
        tell(self.groups.trace, outcome, telling.deleted, group_id, len(outcome.records))
        return outcome

    def forget_topic(self, topic: str, topic_id: TopicId, _: Now) -> Result[None]:
        """The topic was deleted from the cluster."""
        return Result(records=forget.forget_topic(self.groups, self.offsets, topic, topic_id))

    # Groups.

    def list_groups(self, states: Collection[str], types: Collection[str]) -> list[ListedGroup]:
        """ListGroups, this partition's part."""
        return list_groups(self.groups, states, types)

    def describe_group(self, group_id: str) -> DescribedGroup | None:
        """DescribeGroups, one group."""
        return describe_group(self.groups, group_id)

    def describe_consumer_group(self, group_id: str) -> DescribedConsumerGroup | None:
        """ConsumerGroupDescribe, one group."""
        assignors = self.groups.settings.group_consumer_assignors
        return consumer_describe.describe(self.groups.consumer, group_id, assignors)

    def delete_group(self, group_id: str, _: Now) -> Result[ErrorCode]:
        """DeleteGroups, one group (G11)."""
        outcome = Result(response=ErrorCode.NONE)
        forget.delete_group(self.groups, self.offsets, group_id, outcome)
        tell(self.groups.trace, outcome, telling.deleted, group_id, len(outcome.records))
        return outcome

    def timers_of(self, is_meant: Callable[[str, str], bool]) -> list[tuple[str, ...]]:
        """The keys of what is timed of the members, by group and member id, that are meant: their sessions, and how
        long a rebalance waits for them. The first rebalance of a group waits for nobody in particular (G3)."""
        keys = [
            key
            for group in self.groups.by_id.values()
            for key in rebalance_timers(group, lambda member, of=group.group_id: is_meant(of, member))  # type: ignore[misc]
        ]
        for group_id, group in self.groups.consumer.items():
            for member_id in group.members:
                if is_meant(group_id, member_id):
                    keys += member_timers(group_id, member_id)
        return keys

    # The log.

    def replay(
        self,
        offset: Offset,
        record: CoordinatorRecord,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
    ) -> None:
        """Apply one record; unknown kinds are skipped."""
        try:
            key = decode_coordinator_key(record.key, CONSUMER_OFFSETS)
        except UnknownRecordType:
            return
        if isinstance(key, OffsetCommitKey | LegacyOffsetCommitKey):
            partition = TopicPartition(key.topic, key.partition)
            self._replay_offset(offset, key.group, partition, record.value, producer_id)
        elif isinstance(key, GroupMetadataKey):
            self._replay_group(key.group, record.value)
        elif isinstance(key, consumer_replay.ConsumerGroupKey):
            consumer_replay.replay(self.groups.consumer, key, record.value)
            if key.group_id in self.groups.consumer:
                self._forget_classic(key.group_id)

    def _replay_offset(
        self,
        offset: Offset,
        group_id: str,
        partition: TopicPartition,
        value: bytes | None,
        producer_id: ProducerId,
    ) -> None:
        if value is None:
            self.offsets.remove(group_id, partition)
            return
        committed = committed_offset(decode_record(OffsetCommitValue, value), offset)
        if group_id not in self.groups.by_id and group_id not in self.groups.consumer:
            # A "simple" group: an id that only names offsets. Its age is counted from each commit (G10).
            self.groups.by_id[group_id] = ClassicGroup(group_id, committed.commit_timestamp_ms)
        if producer_id < 0:
            self.offsets.put(group_id, partition, committed)
        else:
            self.offsets.put_pending(producer_id, group_id, partition, committed)

    def _replay_group(self, group_id: str, value: bytes | None) -> None:
        if value is None:
            self._forget_classic(group_id)
            return
        self.groups.consumer.pop(group_id, None)
        remembered = decode_record(GroupMetadataValue, value)
        if not self._is_serving:
            self.groups.by_id[group_id] = restored_group(group_id, remembered)
        elif group_id in self.groups.by_id:
            settle(self.groups.by_id[group_id], remembered)
        else:
            self.groups.by_id[group_id] = self.groups.forming.pop(group_id)

    def _forget_classic(self, group_id: str) -> None:
        """It is gone, or a consumer group now (G17); requests still parked with it are answered at the commit."""
        gone = self.groups.by_id.pop(group_id, None)
        if gone is not None and gone.has_parked_requests:
            self.groups.retired.append(gone)

    def replay_end_transaction_marker(
        self, offset: Offset, producer_id: ProducerId, producer_epoch: ProducerEpoch, committed: bool
    ) -> None:
        """Pending offsets of the producer become committed, or go (T12)."""
        self.offsets.end_transaction(producer_id, committed=committed)
        if self._is_serving and self.groups.trace.on:
            telling.settled(self.groups.trace, producer_id, offset, is_commit=committed)

    def on_loaded(self, now: Now) -> Result[None]:
        """Serve: every remembered member gets a whole session to show that it is alive."""
        self._is_serving = True
        outcome: Result[None] = Result()
        for group in self.groups.by_id.values():
            for member in group.members.values():
                renew_session(self.groups, group, member, now, outcome)
            if len(group.members) > self.groups.settings.group_max_size:
                prepare_rebalance(self.groups, group, now, outcome)
        for consumer_group in self.groups.consumer.values():
            watch_everyone(self.groups, consumer_group, now, outcome)
        self._set_sweep(outcome, now)
        return outcome

    def on_unloaded(self) -> None:
        """Leadership is lost: every parked request hears NOT_COORDINATOR [16] and asks the next coordinator."""
        self.groups.give_up_unsent()
        for retired in list(self.groups.retired):
            send_back(self.groups, retired)
        for group in (*self.groups.by_id.values(), *self.groups.forming.values()):
            group.transition_to(DEAD, group.state_timestamp_ms)
            for member in group.members.values():
                if member.join_reply is not None:
                    member.join_reply(JoinAnswer(ErrorCode.NOT_COORDINATOR, member.member_id))
                if member.sync_reply is not None:
                    member.sync_reply(SyncAnswer(ErrorCode.NOT_COORDINATOR))

    def _sweep(self, now: Now) -> Result[None]:
        outcome: Result[None] = Result(records=forget.sweep(self.groups, self.offsets, now))
        if outcome.records:
            tell(self.groups.trace, outcome, telling.expired, len(outcome.records))
        self._set_sweep(outcome, now)
        return outcome

    def _set_sweep(self, outcome: Result[None], now: Now) -> None:
        interval_ms = self.groups.settings.offsets_retention_check_interval_ms
        set_timer(outcome, _SWEEP_KEY, now.monotonic_ms + interval_ms, self._sweep)
