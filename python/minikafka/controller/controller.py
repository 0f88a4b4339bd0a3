"""The controller: a coordinator shard over `__cluster_metadata` (ADR 0006).

All it knows is the metadata image, which is what its log says, and the sessions of the brokers, which are not
worth a log. Every method decides and returns records; the runtime appends them and waits for the disk,
`replay` makes them true. So a controller that is killed and started again goes on where its log ends.

One voter, no quorum: whoever runs it is the active controller. Its high watermark is what it has fsynced.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Final

from minikafka.config import BrokerSettings
from minikafka.controller import (
    alter_partition,
    features,
    heartbeat,
    leadership,
    producer_ids,
    registration,
)
from minikafka.controller.alter_partition import PartitionAlteration
from minikafka.controller.heartbeat import WHY_NOW, BrokerState, Heartbeat, HeartbeatReply, Surroundings
from minikafka.controller.image import MetadataImage
from minikafka.controller.log_directories import report_offline
from minikafka.controller.producer_ids import ProducerIdBlock
from minikafka.controller.registration import Registration
from minikafka.controller.sessions import BrokerSessions
from minikafka.controller.take_back import take_back
from minikafka.controller.telling import tell, tell_refusal
from minikafka.controller.view import ClusterView
from minikafka.coordinator.shard import CoordinatorRecord, Result, Timer
from minikafka.errors import Rejected
from minikafka.partition.state import PartitionState
from minikafka.trace import NOBODY, Trace
from minikafka.types import (
    BrokerEpoch,
    BrokerId,
    Now,
    Offset,
    ProducerEpoch,
    ProducerId,
    TopicId,
    TopicPartition,
)
from minikafka.wire.codec import decode_metadata_record, encode_metadata_record
from minikafka.wire.message import Message

NO_KEY: Final = b""
"""Records of the metadata log have no key."""


class Controller:
    """The shard. Decisions see every record appended so far, on disk or not; answers wait for the disk."""

    def __init__(
        self,
        cluster_id: str,
        settings: BrokerSettings,
        new_topic_id: Callable[[], TopicId],
        initial_features: Mapping[str, int],
        trace: Trace = NOBODY,
    ) -> None:
        """`new_topic_id`: 16 random bytes. `initial_features`: levels of a new cluster, where not the highest."""
        self.trace = trace
        self.cluster_id = cluster_id
        self.settings = settings
        self.sessions = BrokerSessions()
        self.new_topic_id = new_topic_id
        self._initial_features = initial_features
        self._image = MetadataImage()
        self._unapplied: list[Message] = []

    @property
    def image(self) -> MetadataImage:
        """The cluster as of the last record replayed."""
        if self._unapplied:
            last_offset = self._image.offset + len(self._unapplied)
            self._image = self._image.apply(self._unapplied, last_offset)
            self._unapplied = []
        return self._image

    @property
    def view(self) -> ClusterView:
        return ClusterView(self.image, self.settings)

    def decided(self, records: Sequence[Message], why: str) -> list[CoordinatorRecord]:
        """Every decision goes through here on its way to the log, and is told (`telling.py`)."""
        if self.trace.on:
            tell(self.trace, self.image, records, why)
        return encoded(records)

    # Brokers (R12, R14).

    def register_broker(self, asked: Registration, now: Now) -> Result[BrokerEpoch]:
        """A broker starts, or amends its registration. Raises Rejected: [35], [101], [104], [119]."""
        records, epoch = registration.register(
            self.view,
            self.cluster_id,
            asked,
            self.image.offset + 1,
            has_session=self.sessions.is_live(asked.broker_id, now),
        )
        if epoch == self.image.offset + 1:
            self.sessions.renew(asked.broker_id, self._session_end(now))
        decided = self.decided(records, f"broker {asked.broker_id} registered")
        return Result(decided, epoch, timers=[self._session_timer(asked.broker_id, now)])

    def broker_heartbeat(self, beat: Heartbeat, now: Now) -> Result[HeartbeatReply]:
        """R12's table. Raises Rejected [77] for an earlier life."""
        view = self.view
        view.check_broker_epoch(beat.broker_id, beat.broker_epoch)
        state = heartbeat.state_of(view.image.brokers[beat.broker_id])
        leaves = beat.want_shut_down or state is BrokerState.CONTROLLED_SHUTDOWN
        around = Surroundings(
            leaves and leadership.leads_any(view, beat.broker_id),
            self.sessions.others_heard(beat.broker_id, view.image),
        )
        then = heartbeat.next_state(state, beat, around)
        records = heartbeat.transition(view, beat.broker_id, state, then)
        why = f"broker {beat.broker_id} {WHY_NOW[then]}"
        if beat.offline_log_dirs:
            failed = report_offline(view.after(records), beat.broker_id, beat.offline_log_dirs)
            records += failed
            why = f"a disk of broker {beat.broker_id} failed" if failed else why
        decided = self.decided(records, why)
        reply = HeartbeatReply(
            is_caught_up=beat.metadata_offset >= beat.broker_epoch,
            is_fenced=then in (BrokerState.FENCED, BrokerState.SHUTDOWN_NOW),
            should_shut_down=then is BrokerState.SHUTDOWN_NOW,
        )
        if then is BrokerState.SHUTDOWN_NOW:
            # Not so in Kafka, where a broker that led nothing must wait out its own session to come back.
            self.sessions.end(beat.broker_id)
            return Result(decided, reply, cancelled_timers=[_session_key(beat.broker_id)])
        self.sessions.touch(beat.broker_id, beat.metadata_offset, self._session_end(now))
        if then is BrokerState.CONTROLLED_SHUTDOWN and then is not state:
            self.sessions.depart(beat.broker_id, self.image.offset + len(records))
        return Result(decided, reply, timers=[self._session_timer(beat.broker_id, now)])

    def _session_end(self, now: Now) -> int:
        return now.monotonic_ms + self.settings.broker_session_timeout_ms

    def _session_timer(self, broker_id: BrokerId, now: Now) -> Timer:
        return Timer(_session_key(broker_id), self._session_end(now), partial(self._session_ended, broker_id))

    def _session_ended(self, broker_id: BrokerId, now: Now) -> Result[None]:
        """R12: silence for a whole session. Fenced, unless it was fenced before."""
        if self.sessions.is_live(broker_id, now):
            return Result(timers=[self._session_timer(broker_id, now)])
        self.sessions.end(broker_id)
        if self.image.is_fenced(broker_id):
            return Result()
        why = f"broker {broker_id} was not heard of for {self.settings.broker_session_timeout_ms} ms"
        return Result(self.decided(heartbeat.fence(self.view, broker_id), why))

    # What leaders and brokers ask (R10, I11).

    def alter_partitions(
        self, sender: BrokerId, epoch: BrokerEpoch, asked: Sequence[PartitionAlteration], now: Now
    ) -> Result[list[PartitionState | Rejected]]:
        """R10, each partition by itself, in the order asked. Raises Rejected [77] for an earlier life."""
        self.view.check_broker_epoch(sender, epoch)
        records: list[Message] = []
        outcomes: list[PartitionState | Rejected] = []
        for each in asked:
            change, outcome = alter_partition.alter_partition(self.view, sender, each)
            records += change
            outcomes.append(outcome)
            if self.trace.on and isinstance(outcome, Rejected):
                name = TopicPartition(self.image.topic_name(each.topic_id) or "", each.partition)
                tell_refusal(self.trace, name, outcome, api="AlterPartition")
        return Result(self.decided(records, f"broker {sender}, which leads, asked for it"), outcomes)

    def allocate_producer_ids(
        self, broker_id: BrokerId, broker_epoch: BrokerEpoch, now: Now
    ) -> Result[ProducerIdBlock]:
        """I11. Raises Rejected [77] for an earlier life."""
        records, block = producer_ids.allocate(self.view, broker_id, broker_epoch)
        return Result(self.decided(records, "a broker used up its producer ids"), block)

    # What a test does.

    def take_back(self, then: MetadataImage, brokers: Collection[BrokerId]) -> Result[None]:
        """Become what the cluster was, in epochs above all there were (`take_back.py`); no broker is known any more."""
        known = list(self.image.brokers)
        self.sessions.clear()
        records = take_back(self.image, then, brokers)
        return Result(encoded(records), cancelled_timers=[_session_key(broker) for broker in known])

    # The shard (coordinator/shard.py).

    def replay(
        self,
        offset: Offset,
        record: CoordinatorRecord,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
    ) -> None:
        """Records are kept until somebody looks: a topic's many partitions are applied at once."""
        assert record.value is not None, "the metadata log has no tombstones"
        assert offset == self._image.offset + len(self._unapplied) + 1, "the metadata log has no gaps"
        self._unapplied.append(decode_metadata_record(record.value))

    def replay_end_transaction_marker(
        self, offset: Offset, producer_id: ProducerId, producer_epoch: ProducerEpoch, committed: bool
    ) -> None:
        raise AssertionError("nobody writes transactions into the metadata log")

    def on_loaded(self, now: Now) -> Result[None]:
        """A new cluster gets its feature levels, an old one's brokers a session each before any is judged."""
        image = self.image
        unfenced = image.unfenced_brokers()
        for broker_id in unfenced:
            self.sessions.renew(broker_id, self._session_end(now))
        records = features.initial_levels(self._initial_features) if image.offset < 0 else []
        timers = [self._session_timer(broker_id, now) for broker_id in unfenced]
        return Result(self.decided(records, "the cluster is new"), timers=[*timers, *self._sweeps(now)])

    def on_unloaded(self) -> None:
        self.sessions.clear()

    # Sweeps (R15, R16).

    def _sweeps(self, now: Now) -> list[Timer]:
        return [self._unclean_timer(now), *([self._balance_timer(now)] if self._balances else [])]

    @property
    def _balances(self) -> bool:
        return self.settings.auto_leader_rebalance_enable

    def _balance_timer(self, now: Now) -> Timer:
        interval_ms = self.settings.leader_imbalance_check_interval_seconds * 1000
        return Timer(("balance",), now.monotonic_ms + interval_ms, self._balance)

    def _balance(self, now: Now) -> Result[None]:
        records = leadership.prefer_first_replicas(self.view)
        why = "leadership goes back to the first replica where that is in sync"
        return Result(self.decided(records, why), timers=[self._balance_timer(now)])

    def _unclean_timer(self, now: Now) -> Timer:
        interval_ms = self.settings.unclean_leader_election_interval_ms
        return Timer(("unclean",), now.monotonic_ms + interval_ms, self._elect_leaderless)

    def _elect_leaderless(self, now: Now) -> Result[None]:
        records = leadership.elect_leaderless(self.view)
        why = "it is leaderless, and the topic allows an unclean election"
        return Result(self.decided(records, why), timers=[self._unclean_timer(now)])


def _session_key(broker_id: BrokerId) -> tuple[str, ...]:
    return ("session", str(broker_id))


def encoded(records: Iterable[Message]) -> list[CoordinatorRecord]:
    """As Kafka frames them, each at the newest version of its schema."""
    return [
        CoordinatorRecord(NO_KEY, encode_metadata_record(record, record.VALID_VERSIONS[-1]))
        for record in records
    ]
