"""The broker: one sans-IO node. Events in, effects out; every rule is in a machine below it, every wait in a purgatory.

`turn` is the whole contract: handle each event, then settle, that is, tell whoever waits what moved, until nothing
moves any more. Parts reach one another through the broker; each says in its own file what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from minikafka.broker import storage_telling
from minikafka.broker.auto_create import AutoCreate
from minikafka.broker.coordinators import OFFSETS_TOPIC, TRANSACTIONS_TOPIC, Coordinators, InternalTopicWriter
from minikafka.broker.fetch_sessions import FetchSessions
from minikafka.broker.fetcher import Fetchers
from minikafka.broker.group_connections import GroupConnections
from minikafka.broker.groups import forget_deleted_topics, kept_timers, new_shard
from minikafka.broker.handlers import HANDLERS
from minikafka.broker.interception import Interception
from minikafka.broker.isr_changes import IsrChanges
from minikafka.broker.lifecycle import Lifecycle, State
from minikafka.broker.log_cleaner import LogCleaner
from minikafka.broker.log_upkeep import LogUpkeep
from minikafka.broker.metadata_follower import MetadataFollower
from minikafka.broker.outbox import Outbox
from minikafka.broker.peers import Endpoint, Peers
from minikafka.broker.purgatory import Purgatory
from minikafka.broker.replica_manager import ReplicaManager
from minikafka.broker.replication_wait import ReplicationWait
from minikafka.broker.router import Router
from minikafka.broker.sessions import Sessions
from minikafka.broker.stimulus import tell_stimulus
from minikafka.broker.storage import Storage
from minikafka.broker.timers import Timers
from minikafka.broker.transactions import new_producer_ids, new_transactions
from minikafka.broker.verification import Verifier
from minikafka.config import BrokerSettings, TopicSettings
from minikafka.controller.features import SUPPORTED_FEATURES
from minikafka.controller.image import MetadataImage
from minikafka.coordinator.runtime import CoordinatorRuntime
from minikafka.effects import (
    ConnectionLost,
    ConnectionOpened,
    Effect,
    Event,
    FaultsHealed,
    FlushCompleted,
    FlushFailed,
    Halt,
    JobDone,
    PeerLost,
    PeerReplied,
    RequestsReceived,
    StartJob,
    StopRequested,
    TimerFired,
    TimerKey,
)
from minikafka.errors import ErrorCode
from minikafka.faults.book import Rules
from minikafka.group.shard import GroupShard
from minikafka.log.port import Disk
from minikafka.partition.partition import Partition
from minikafka.trace import NOBODY, Trace
from minikafka.types import (
    CONTROLLER_ID,
    NO_EPOCH,
    BrokerEpoch,
    BrokerId,
    Now,
    Offset,
    TopicId,
    TopicPartition,
)
from minikafka.wire.support import SERVED

RECOVERY_POINT_CHECKPOINT_MS: Final = 60_000
"""L10. Kafka: `log.flush.offset.checkpoint.interval.ms`."""
CHECKPOINT: Final = "checkpoint"
"""What jobs are called that write one."""


class Identity(NamedTuple):
    """Who this node is. `client_*` is what clients are told, `internal_*` where peers connect. further_listeners: name,
    and what clients that come there are told instead."""

    broker_id: BrokerId
    cluster_id: str
    incarnation_id: bytes
    """16 random bytes, new at each start: two lives of one broker id are told apart by it."""
    directory_id: bytes
    client_host: str
    client_port: int
    internal_host: str
    internal_port: int
    further_listeners: tuple[tuple[str, str, int], ...] = ()


class Broker:
    """Composes the machines of one broker. See the module."""

    def __init__(
        self,
        identity: Identity,
        settings: BrokerSettings,
        disk: Disk,
        directory: str,
        controller: Endpoint,
        *,
        durability: str = "page-cache",
        new_uuid: Callable[[], bytes],
        rules: Rules | None = None,
        trace: Trace | None = None,
        metadata_from: Offset = 0,
    ) -> None:
        """`new_uuid`: 16 random bytes, for member ids. `rules`: fault rules in force, shared with the test kit.
        `trace`: where events are told; its owner keeps it for the next life. `metadata_from`: where in the metadata log
        to begin to read: from there on everything is said that holds."""
        self.trace = NOBODY if trace is None else trace
        self.identity = identity
        self.broker_id = identity.broker_id
        self._static_settings = settings
        self._overrides: dict[str, str] = {}
        """Settings of this broker by the metadata log, as it was last acted on."""
        self.settings = settings
        self.durability = durability
        self.supported_features = SUPPORTED_FEATURES
        self.image = MetadataImage(metadata_from - 1)
        self._acted_on = self.image
        self._held_image: MetadataImage | None = None
        self._joined = False
        self.new_uuid = new_uuid
        self._controller = controller

        self.outbox = Outbox(self.trace)
        self.timers = Timers(self.outbox)
        self.peers = Peers(f"broker-{self.broker_id}", self._endpoint_of, self.outbox, self.timers)
        interception = Interception(self.broker_id, self.timers, self._topic_name, rules, self.trace)
        self._router = Router(self, HANDLERS, SERVED, interception, self.trace)
        self._sessions = Sessions(self.outbox, interception, self._router.dispatch)

        self.produce_purgatory = Purgatory("produce", self.timers)
        self.fetch_purgatory = Purgatory("fetch", self.timers)
        self.fetch_sessions = FetchSessions(
            lambda: self.settings.max_incremental_fetch_session_cache_slots,
            int.from_bytes(identity.incarnation_id[:4], "big"),
            self.trace,
        )
        self.storage = Storage(self, disk, directory)
        self.replicas = ReplicaManager(self)
        self.upkeep = LogUpkeep(self)
        self.cleaner = LogCleaner(self)
        self.fetchers = Fetchers(self)
        self.isr_changes = IsrChanges(self)
        self.metadata = MetadataFollower(self)
        self.lifecycle = Lifecycle(self)
        self.storage.when_offline.append(self.lifecycle.disk_failed)
        self.auto_create = AutoCreate(self)
        self.verifier = Verifier()
        self.producer_ids = new_producer_ids(self)
        self.transactions = new_transactions(self)
        self.groups: CoordinatorRuntime[GroupShard] = CoordinatorRuntime(
            OFFSETS_TOPIC,
            lambda _: new_shard(self),
            InternalTopicWriter(self, OFFSETS_TOPIC),
            self.timers,
            settings.offsets_commit_timeout_ms,
        )
        self.coordinators = Coordinators(
            self, {OFFSETS_TOPIC: self.groups, TRANSACTIONS_TOPIC: self.transactions}
        )
        self.group_connections = GroupConnections()
        self._jobs: dict[int, Callable[[object, str | None, Now], None]] = {}
        self._next_job = 1
        self._handle: dict[type[Any], Callable[[Any, Now], object]] = {
            RequestsReceived: lambda event, now: self._sessions.receive(event.connection, event.frames, now),
            TimerFired: lambda event, now: self.timers.fired(event.key, now),
            PeerReplied: self.peers.replied,
            PeerLost: self.peers.lost,
            FlushCompleted: lambda event, now: self.replicas.flushed(event.partition, now),
            FlushFailed: lambda event, now: self.replicas.flush_failed(event.partition, event.why, now),
            ConnectionOpened: lambda event, now: self._sessions.opened(event),
            ConnectionLost: lambda event, now: self._sessions.lost(event),
            JobDone: self._job_done,
            StopRequested: lambda event, now: self.lifecycle.leave(now),
            FaultsHealed: lambda event, now: interception.healed(now),
        }

    # The node's contract.

    def start(self, now: Now) -> list[Effect]:
        """Read the directory, register with the controller, follow the metadata log."""
        self.trace.begin(now)
        self.lifecycle.previous_broker_epoch = self.storage.begin()
        if self.trace.on:
            storage_telling.began(self.trace, self.lifecycle.previous_broker_epoch)
        self.lifecycle.register(now)
        self.metadata.fetch(now)
        self.replicas.check_isr(now)
        self.replicas.expire_producers(now)
        self.upkeep.start(now)
        self.cleaner.start(now)
        self._checkpoint_high_watermarks(now)
        self._checkpoint_recovery_points(now)
        return self.outbox.take()

    def turn(self, events: Iterable[Event], now: Now) -> list[Effect]:
        """Handle what is ready, then settle."""
        trace = self.trace
        trace.begin(now)
        for event in events:
            if trace.on:
                tell_stimulus(trace, event)
            try:
                self._handle[type(event)](event, now)
            except OSError as error:
                self.storage.disk_failed(str(error), now)
        trace.no_stimulus()
        while self._settle(now):
            pass
        return self.outbox.take()

    def _settle(self, now: Now) -> bool:
        try:
            return self.replicas.settle(now) or self._sessions.run_unblocked(now)
        except OSError as error:
            self.storage.disk_failed(str(error), now)
            return True

    # What the parts share.

    @property
    def broker_epoch(self) -> BrokerEpoch:
        """Of this registration; -1 before it."""
        return self.lifecycle.broker_epoch

    @property
    def metadata_offset(self) -> Offset:
        """Of the last metadata record replayed here; -1 before the first."""
        return self.metadata.next_offset - 1

    @property
    def logs_are_open(self) -> bool:
        """Every log that the metadata log says is ours has been opened in this life, and recovered if need be."""
        return self._joined and not self.replicas.openings

    @property
    def is_running(self) -> bool:
        """Registered, unfenced, not leaving."""
        return self.lifecycle.state is State.RUNNING

    @property
    def client_image(self) -> MetadataImage:
        """What clients are told of the cluster (R19): the newest image, or one of the past while it is held."""
        return self.image if self._held_image is None else self._held_image

    def hold_metadata(self, *, held: bool) -> None:
        """R19: let what clients are told of the cluster stand still, or go on.

        Metadata, DescribeTopicPartitions, DescribeCluster and FindCoordinator are answered out of the image as it is
        now. The broker itself leads, follows, refuses and hints (`current_leader`, KIP-951) as of the newest one. In
        Kafka a broker whose metadata lags does both from the old image, but is fenced if that lasts, because its
        heartbeats lag too (`cut(1, "controller")` shows that one); what clients see for much longer is that the broker
        they asked last was behind the one they are sent to. This is that difference, for as long as a test wants it.
        """
        self._held_image = self.image if held else None

    def kept_timers(self) -> list[TimerKey]:
        """What is timed of group members whose connection is open."""
        return kept_timers(self)

    def racks(self) -> dict[BrokerId, str | None]:
        """Where each broker alive stands (F11)."""
        brokers = self.image.brokers
        return {broker_id: brokers[broker_id].rack for broker_id in self.image.unfenced_brokers()}

    def topic_settings(self, topic: str) -> TopicSettings:
        """The topic's settings in force on this broker."""
        return self.settings.topic_defaults.with_overrides(self.image.topic_configs(topic))

    def metadata_changed(self, image: MetadataImage, now: Now) -> None:
        """The metadata log moved on: become what it says."""
        self.image = image
        self.become(now)
        self.auto_create.image_changed(now)
        self.lifecycle.caught_up(now)

    def become(self, now: Now) -> None:
        """Act on the image, once it holds this life's registration.

        Before that it may still say what an earlier life was: a broker that died as a leader, lost its unflushed tail
        and came back within its session would lead on in the same epoch, with a log that contradicts its followers'.
        """
        if not self._joined:
            registered = self.broker_epoch != NO_EPOCH
            self._joined = registered and self.image.broker_epoch(self.broker_id) == self.broker_epoch
            if self._joined:
                self.storage.set_strays_aside(self._is_ours)
        if self._joined and self._acted_on is not self.image:
            old, self._acted_on = self._acted_on, self.image
            if old.configs is not self.image.configs:
                self._reconfigure()
            self.coordinators.image_changed()
            self.replicas.apply(old, self.image, now)
            if old.configs is not self.image.configs:
                self.replicas.reconfigure()
            forget_deleted_topics(self, old, now)

    def _is_ours(self, name: TopicPartition) -> bool:
        state = self.image.partition(name)
        return state is not None and self.broker_id in state.replicas

    def _reconfigure(self) -> None:
        """What was set dynamically for this broker, or for all, wins over what it was started with (KIP-226)."""
        overrides = self.image.broker_configs(self.broker_id)
        if overrides != self._overrides:  # most news of settings is of topics'
            self._overrides = overrides
            self.settings = self._static_settings.with_overrides(overrides)

    def wait_for_replication(
        self,
        partition: Partition,
        last_offset: Offset,
        on_done: Callable[[ErrorCode, Now], None],
        deadline_ms: int,
        now: Now,
    ) -> None:
        """Run `on_done` once `last_offset` is replicated as acks=all asks (R7), with what a producer would hear."""
        self.replicas.changed(partition)
        ReplicationWait(self, partition, last_offset, on_done).begin(deadline_ms, now)

    def start_job(
        self, name: str, work: Callable[[], object], done: Callable[[object, str | None, Now], None]
    ) -> None:
        """Run `work` off the loop; it touches nothing of the node. `done(result, error, now)` runs in a later turn."""
        job = self._next_job
        self._next_job += 1
        self._jobs[job] = done
        self.outbox.put(StartJob(job, name, work))

    def _job_done(self, event: JobDone, now: Now) -> None:
        self._jobs.pop(event.job)(event.result, event.error, now)

    def _topic_name(self, topic_id: TopicId) -> str | None:
        return self.image.topic_name(topic_id)

    def _endpoint_of(self, node: BrokerId) -> Endpoint | None:
        if node == CONTROLLER_ID:
            return self._controller
        found = self.image.internal_endpoint(node)
        return None if found is None else Endpoint(found.host, found.port)

    # Checkpoints and the end.

    def _checkpoint_high_watermarks(self, now: Now) -> None:
        interval_ms = self.settings.replica_high_watermark_checkpoint_interval_ms
        self.timers.set(
            ("checkpoint", "high-watermark"), now.monotonic_ms + interval_ms, self._checkpoint_high_watermarks
        )
        self._checkpoint("high watermarks", recovery_points=False)

    def _checkpoint_recovery_points(self, now: Now) -> None:
        self.timers.set(
            ("checkpoint", "recovery-point"),
            now.monotonic_ms + RECOVERY_POINT_CHECKPOINT_MS,
            self._checkpoint_recovery_points,
        )
        self._checkpoint("recovery points", recovery_points=True)

    def _checkpoint(self, name: str, *, recovery_points: bool) -> None:
        if self.storage.is_offline or not self.replicas.all():
            return
        files = self.storage.checkpoint_files(recovery_points=recovery_points)

        def done(result: object, error: str | None, now: Now) -> None:
            if error is None and self.trace.on:
                storage_telling.checkpointed(self.trace, files.files)
            if error is not None:
                self.storage.disk_failed(f"cannot write {name}: {error}", now)
            elif self.storage.was_overtaken(files):
                self.storage.write(self.storage.checkpoint_files(recovery_points=recovery_points))

        self.start_job(f"{CHECKPOINT} {name}", lambda: self.storage.write(files), done)

    def close(self, now: Now) -> None:
        """D1, *stop*: everything on disk, and a note that says so."""
        try:
            self.storage.end_cleanly()
        except OSError as error:
            self.storage.disk_failed(str(error), now)
        self.outbox.put(Halt("stopped", clean=True))
