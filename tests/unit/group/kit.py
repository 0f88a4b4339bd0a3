"""A coordinator with nothing real around it: the real runtime and shard over a list for a log and a dict for timers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from minikafka.config import BrokerSettings
from minikafka.coordinator.runtime import CoordinatorRuntime, LoggedMarker, LoggedRecord
from minikafka.coordinator.shard import CoordinatorRecord, Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.requests import (
    Identity,
    JoinAnswer,
    JoinRequest,
    LeaveAnswer,
    LeavingMember,
    Protocol,
    SyncAnswer,
    SyncRequest,
)
from minikafka.group.commit import CommitRequest, OffsetToCommit
from minikafka.group.fetch import FetchedOffset, OffsetToFetch
from minikafka.group.shard import GroupShard
from minikafka.types import Now, TopicPartition

T = TypeVar("T")
A = TypeVar("A")

GROUP = "g"
ORDERS = TopicPartition("orders", 0)
SESSION_MS = 10_000
REBALANCE_MS = 60_000
WALL_MS = 1_700_000_000_000


def subscription(*topics: str) -> bytes:
    """ConsumerProtocolSubscription, version 0."""
    names = b"".join(len(topic).to_bytes(2, "big") + topic.encode() for topic in topics)
    return b"\0\0" + len(topics).to_bytes(4, "big") + names + (-1).to_bytes(4, "big", signed=True)


RANGE = Protocol("range", subscription("orders"))


class Written(NamedTuple):
    base_offset: int
    last_offset: int


class Log:
    """Partition 0 of `__consumer_offsets`. Commits at once, unless `holds` is set; refuses while `refusal` is."""

    def __init__(self) -> None:
        self.entries: list[LoggedRecord | LoggedMarker] = []
        self.holds = False
        self.refusal: Rejected | None = None
        self._high_watermark = 0

    def append(
        self, index: int, records: list[CoordinatorRecord], producer_id: int, producer_epoch: int, now: Now
    ) -> Written:
        if self.refusal is not None:
            raise self.refusal
        base_offset = len(self.entries)
        for record in records:
            self.entries.append(LoggedRecord(len(self.entries), record, producer_id, producer_epoch))
        return Written(base_offset, len(self.entries) - 1)

    def high_watermark(self, index: int) -> int:
        if not self.holds:
            self._high_watermark = len(self.entries)
        return self._high_watermark


class Timers:
    def __init__(self) -> None:
        self.due: dict[tuple[str | int, ...], tuple[int, Callable[[Now], None]]] = {}

    def set(self, key: tuple[str | int, ...], deadline_ms: int, run: Callable[[Now], None]) -> None:
        self.due[key] = (deadline_ms, run)

    def cancel(self, key: tuple[str | int, ...]) -> None:
        self.due.pop(key, None)


class Heard(list[A]):
    """What a request heard: nothing while it is parked, then one answer."""

    @property
    def only(self) -> A:
        (answer,) = self
        return answer

    @property
    def is_parked(self) -> bool:
        return not self

    def take(self, answer: A, _: Now | None = None) -> None:
        """Like a request: the first answer counts."""
        if not self:
            self.append(answer)


class World:
    """One group coordinator, its log and its clock; every request helper returns what was heard."""

    def __init__(self, settings: BrokerSettings | None = None) -> None:
        self.settings = settings or BrokerSettings(group_initial_rebalance_delay_ms=0)
        self.log = Log()
        self.timers = Timers()
        self.elapsed_ms = 0
        self.ids = 0
        self.runtime = self.coordinator()

    def coordinator(self) -> CoordinatorRuntime[GroupShard]:
        """A coordinator that has read the log: this one, or the next one after a failover."""
        runtime = CoordinatorRuntime(
            "__consumer_offsets",
            lambda _: GroupShard(self.settings, self.new_member_id),
            self.log,
            self.timers,
            5_000,
        )
        runtime.partition_count = 1
        runtime.begin_load(0, 1, self.now)
        runtime.load(0, self.log.entries)
        runtime.finish_load(0, self.now)
        return runtime

    def fail_over(self) -> None:
        """Another broker takes the partition over."""
        self.runtime.unload(0, self.now)
        self.runtime = self.coordinator()

    def new_member_id(self, prefix: str) -> str:
        self.ids += 1
        return f"{prefix}-{self.ids}"

    @property
    def now(self) -> Now:
        return Now(self.elapsed_ms, WALL_MS + self.elapsed_ms)

    @property
    def shard(self) -> GroupShard:
        return self.runtime.shards()[0][1]

    def state(self, group_id: str = GROUP) -> str:
        described = self.shard.describe_group(group_id)
        return "Dead" if described is None else described.state

    def generation(self, group_id: str = GROUP) -> int:
        return self.shard.groups.by_id[group_id].generation_id

    def members(self, group_id: str = GROUP) -> list[str]:
        return list(self.shard.groups.by_id[group_id].members)

    def advance(self, ms: int = 0) -> None:
        """Let time pass, timer by timer."""
        end_ms = self.elapsed_ms + ms
        while True:
            due = sorted(
                (deadline, key) for key, (deadline, _) in self.timers.due.items() if deadline <= end_ms
            )
            if not due:
                break
            deadline_ms, key = due[0]
            self.elapsed_ms = max(self.elapsed_ms, deadline_ms)
            _, run = self.timers.due.pop(key)
            run(self.now)
        self.elapsed_ms = end_ms

    def replicate(self) -> None:
        """The high watermark reaches the log end."""
        self.log.holds = False
        self.runtime.on_high_watermark(0, self.log.high_watermark(0), self.now)

    def end_transaction(self, producer_id: int, *, committed: bool) -> None:
        """WriteTxnMarkers reached this partition."""
        marker = LoggedMarker(len(self.log.entries), producer_id, 0, committed)
        self.log.entries.append(marker)
        self.runtime.replay_marker(0, *marker, self.now)

    # Requests.

    def write(
        self, operation: Callable[[GroupShard, Now], Result[T]], refused: Callable[[ErrorCode], T]
    ) -> Heard[T]:
        heard: Heard[T] = Heard()
        self.runtime.write(
            0, operation, heard.take, lambda refusal, _: heard.take(refused(refusal.code)), self.now
        )
        return heard

    def join(
        self,
        member_id: str = "",
        *,
        group_id: str = GROUP,
        instance_id: str | None = None,
        protocols: tuple[Protocol, ...] = (RANGE,),
        protocol_type: str = "consumer",
        session_ms: int = SESSION_MS,
        rebalance_ms: int = REBALANCE_MS,
        version: int = 9,
    ) -> Heard[JoinAnswer]:
        heard: Heard[JoinAnswer] = Heard()
        request = JoinRequest(
            group_id, member_id, instance_id, "client", "/127.0.0.1", session_ms, rebalance_ms,
            protocol_type, protocols, version >= 4, version >= 9,
        )  # fmt: skip
        self.runtime.write(
            0,
            lambda shard, now: shard.join(request, heard.take, now),
            heard.take,
            lambda refusal, _: heard.take(JoinAnswer(refusal.code, member_id)),
            self.now,
        )
        return heard

    def sync(
        self,
        joined: JoinAnswer,
        assignments: dict[str, bytes] | None = None,
        *,
        instance_id: str | None = None,
        generation_id: int | None = None,
        protocol_name: str | None = None,
    ) -> Heard[SyncAnswer]:
        heard: Heard[SyncAnswer] = Heard()
        generation = joined.generation_id if generation_id is None else generation_id
        identity = Identity(GROUP, joined.member_id, instance_id, generation)
        request = SyncRequest(identity, None, protocol_name, assignments or {})
        self.runtime.write(
            0,
            lambda shard, now: shard.sync(request, heard.take, now),
            heard.take,
            lambda refusal, _: heard.take(SyncAnswer(refusal.code)),
            self.now,
        )
        return heard

    def heartbeat(self, member_id: str, generation_id: int, instance_id: str | None = None) -> ErrorCode:
        identity = Identity(GROUP, member_id, instance_id, generation_id)
        return self.write(lambda shard, now: shard.heartbeat(identity, now), lambda code: code).only

    def leave(self, *leaving: LeavingMember | str) -> list[LeaveAnswer]:
        named = [LeavingMember(each, None) if isinstance(each, str) else each for each in leaving]
        return self.write(
            lambda shard, now: shard.leave(GROUP, named, now),
            lambda code: [LeaveAnswer(each.member_id, each.instance_id, code) for each in named],
        ).only

    def commit(
        self,
        offset: int,
        member_id: str = "",
        generation_id: int = -1,
        *,
        partition: TopicPartition = ORDERS,
        metadata: str = "",
        topic_id: bytes = bytes(16),
        unknown_group: ErrorCode = ErrorCode.GROUP_ID_NOT_FOUND,
        retention_ms: int = -1,
        producer_id: int | None = None,
        instance_id: str | None = None,
        group_id: str = GROUP,
    ) -> Heard[ErrorCode]:
        """OffsetCommit of one offset, or TxnOffsetCommit with a producer id."""
        asked = OffsetToCommit(partition, offset, 1, metadata, topic_id)
        identity = Identity(group_id, member_id, instance_id, generation_id)
        request = CommitRequest(identity, [asked], unknown_group, retention_ms)
        heard: Heard[ErrorCode] = Heard()

        def operation(shard: GroupShard, now: Now) -> Result[list[ErrorCode]]:
            if producer_id is None:
                return shard.commit(request, now)
            return shard.commit_in_transaction(request, producer_id, 0, now)

        self.runtime.write(
            0,
            operation,
            lambda errors, now: heard.take(errors[0]),
            lambda refusal, _: heard.take(refusal.code),
            self.now,
        )
        return heard

    def fetch(
        self, partition: TopicPartition = ORDERS, *, require_stable: bool = False, topic_id: bytes = bytes(16)
    ) -> FetchedOffset:
        asked = [OffsetToFetch(partition, topic_id)]
        return self.shard.fetch_offsets(GROUP, asked, require_stable=require_stable)[0]

    def committed(self, partition: TopicPartition = ORDERS) -> int:
        return self.fetch(partition).offset

    # Whole conversations.

    def admit(self, **options: str | int | tuple[Protocol, ...] | None) -> Heard[JoinAnswer]:
        """A newcomer asks for an id and joins with it."""
        member_id = self.join(**options).only.member_id  # type: ignore[arg-type]
        return self.join(member_id, **options)  # type: ignore[arg-type]

    def stable(self, count: int = 1) -> list[JoinAnswer]:
        """A Stable group of `count` dynamic members at generation 1, the leader first."""
        waiting = [self.admit() for _ in range(count)]
        self.advance()
        joined = [heard.only for heard in waiting]
        self.assign(joined)
        return joined

    def assign(self, joined: list[JoinAnswer]) -> list[Heard[SyncAnswer]]:
        """Everyone syncs; the leader (whoever heard the members) hands everyone their own id as assignment."""
        plan = {each.member_id: each.member_id.encode() for each in joined}
        return [self.sync(each, plan if each.member_id == each.leader_id else None) for each in joined]
