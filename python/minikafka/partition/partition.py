"""One replica of one partition: offline, follower or leader; what each role does with the log.

    become_leader / become_follower    the metadata log says so (R11, R18)
    append, append_marker              leader: writing.py (L2, I, T8)
    read, list_offset                  leader: reading.py, offsets.py (F)
    follower_fetched                   leader: a follower acknowledged (leader.py: R1, R2, R4)
    propose_isr, isr_answered          leader: who is in sync (leader.py, isr.py: R8-R10)
    acks_state                         leader: may a produce be answered? (acks.py: R7)
    delete_records, low_watermark      leader: the log start asked for, and reached everywhere (L12)
    fetch_position, fetched            follower: what to ask for, what to do with the answer (follower.py: R3, R11)
    enforce_retention                  any role: old segments go (retention.py: L13)

The rules are in the files named; here they meet. Nothing waits and nothing is sent: the node does that. A disk that
fails takes the replica offline: it is neither leader nor follower then, and answers KAFKA_STORAGE_ERROR [56] (D7).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minikafka.errors import ErrorCode, Rejected
from minikafka.log.replica_log import ReplicaLog
from minikafka.partition import acks as acks_rule
from minikafka.partition import offsets, producer_telling, reading, retention, writing
from minikafka.partition.eligibility import ReplicaEligibility
from minikafka.partition.follower import FetchPosition, FollowerRole
from minikafka.partition.isr import IsrProposal, Outcome
from minikafka.partition.leader import LeaderRole
from minikafka.partition.local import LocalReplica
from minikafka.partition.preferred_replica import preferred_replica
from minikafka.partition.replica import FetchClock
from minikafka.partition.state import PartitionState
from minikafka.partition.telling import (
    tell_answer,
    tell_following,
    tell_leading,
    tell_learned,
    tell_proposal,
)
from minikafka.partition.telling_log import tell_deleted, tell_epoch, tell_log_start
from minikafka.partition.values import PAGE_CACHE, Appended, Isolation, Origin, Progress, Read
from minikafka.partition.verification import VerificationGuard, Verifications
from minikafka.trace import NOBODY, Trace
from minikafka.types import (
    NO_EPOCH,
    NO_LEADER,
    BrokerEpoch,
    BrokerId,
    Buffer,
    CoordinatorEpoch,
    LeaderEpoch,
    Now,
    Offset,
    PartitionEpoch,
    ProducerEpoch,
    ProducerId,
    TopicId,
    TopicPartition,
)

if TYPE_CHECKING:
    from minikafka.config import TopicSettings

__all__ = ["Appended", "FetchPosition", "Isolation", "Origin", "Partition", "Progress", "Read"]

HIGH_WATERMARK: int = -1
"""DeleteRecords: up to the high watermark (L12)."""


class Partition:
    """One replica. See the module. leader_epoch: the newest heard of; -1 before any."""

    def __init__(
        self,
        topic_partition: TopicPartition,
        broker_id: BrokerId,
        log: ReplicaLog,
        settings: TopicSettings,
        *,
        durability: str = PAGE_CACHE,
        high_watermark: Offset = 0,
        replica_lag_time_max_ms: int = 30_000,
        trace: Trace = NOBODY,
        disk_failed: Callable[[Partition], object] = lambda _: None,
    ) -> None:
        """`high_watermark`: as checkpointed; it is capped by what the log still holds (D4). `disk_failed` is told when
        the replica goes offline, whatever it was doing (D7)."""
        self.topic_partition = topic_partition
        self.topic_id: TopicId = log.topic_id
        self.log = log
        self.leader_epoch: LeaderEpoch = NO_EPOCH
        self.leader: BrokerId = NO_LEADER
        self.offline: str | None = None
        self._tell_disk_failed = disk_failed
        self._role: LeaderRole | FollowerRole | None = None
        self._known_isr: tuple[BrokerId, ...] = ()
        self._known_partition_epoch: PartitionEpoch = NO_EPOCH
        self._local = LocalReplica(
            topic_partition,
            broker_id,
            log,
            settings,
            durability=durability,
            high_watermark=high_watermark,
            max_lag_ms=replica_lag_time_max_ms,
            trace=trace,
        )

    # What others may look at.

    @property
    def is_leader(self) -> bool:
        return isinstance(self._role, LeaderRole)

    @property
    def is_follower(self) -> bool:
        return isinstance(self._role, FollowerRole)

    @property
    def settings(self) -> TopicSettings:
        return self._local.settings

    @property
    def verifications(self) -> Verifications:
        """Questions to transaction coordinators under way (T6)."""
        return self._local.verifications

    @property
    def replicas(self) -> tuple[BrokerId, ...]:
        return self._local.replicas

    @property
    def high_watermark(self) -> Offset:
        return self._local.high_watermark

    @property
    def last_stable_offset(self) -> Offset:
        """T10."""
        return self._local.last_stable_offset

    @property
    def min_insync_replicas(self) -> int:
        """The effective one (R5)."""
        return self._local.min_insync_replicas

    @property
    def isr(self) -> list[BrokerId]:
        """In force as far as this replica knows, sorted."""
        role = self._role
        return sorted(role.isr.members if isinstance(role, LeaderRole) else self._known_isr)

    @property
    def maximal_isr(self) -> list[BrokerId]:
        """What counts for the high watermark (R4), sorted."""
        role = self._role
        return list(role.isr.maximal) if isinstance(role, LeaderRole) else self.isr

    @property
    def partition_epoch(self) -> PartitionEpoch:
        role = self._role
        return role.partition_epoch if isinstance(role, LeaderRole) else self._known_partition_epoch

    def progress(self) -> Progress:
        """Every offset that somebody may wait for."""
        local = self._local
        port = self.log.port
        return Progress(
            port.log_start_offset, port.log_end_offset, local.high_watermark, local.last_stable_offset
        )

    @property
    def wants_flush(self) -> bool:
        """In fsync mode: something is not on disk yet. Otherwise: a segment was rolled (L9), or `flush.ms` passed."""
        if self.offline is not None:
            return False
        local = self._local
        return (
            local.rolled
            or local.flush_due
            or (local.fsync and self.log.recovery_point < self.log.log_end_offset)
        )

    # Roles.

    def configure(self, settings: TopicSettings) -> None:
        """The topic's settings changed."""
        self._local.shape(settings, self._local.replicas)
        self.log.reconfigure(settings)

    def become_leader(self, state: PartitionState, eligible: ReplicaEligibility, now: Now) -> None:
        """R18: a new epoch starts at our log end. The same epoch again only brings newer members."""
        if self.offline is not None or state.leader_epoch < self.leader_epoch:
            return
        role = self._role
        self._local.shape(self._local.settings, state.replicas)
        if isinstance(role, LeaderRole) and role.epoch == state.leader_epoch:
            role.eligible = eligible
            before = role.isr.members
            role.refresh(state, now.monotonic_ms)
            if self._local.trace.on and role.isr.members != before:
                tell_learned(self._local, role, before)
        else:
            led_until, self.leader, self.leader_epoch = self.leader_epoch, state.leader, state.leader_epoch
            known = self.log.epochs.latest
            try:
                self.log.begin_epoch(state.leader_epoch)
            except OSError as error:
                self._disk_failed(error)
                return
            broker_id = self._local.broker_id
            role = LeaderRole(broker_id, state, self.log.log_end_offset, eligible, now.monotonic_ms)
            self._role = role
            if self._local.trace.on:
                tell_leading(self._local, role, led_until)
                tell_epoch(self._local, known)
        role.advance_high_watermark(self._local, now)

    def become_follower(self, state: PartitionState, now: Now) -> None:
        """R11. `state.leader` is -1 while nobody leads."""
        if self.offline is not None or state.leader_epoch < self.leader_epoch:
            return
        if state.partition_epoch >= self._known_partition_epoch:
            self._known_isr, self._known_partition_epoch = state.isr, state.partition_epoch
        self._local.shape(self._local.settings, state.replicas)
        role = self._role
        if not isinstance(role, FollowerRole) or role.epoch != state.leader_epoch:
            self._role = FollowerRole(state.leader, state.leader_epoch)
            if self._local.trace.on:
                tell_following(self._local, state.leader, state.leader_epoch, self.leader_epoch)
            self.verifications.clear()
        self.leader, self.leader_epoch = state.leader, state.leader_epoch

    def go_offline(self, why: str) -> None:
        """The disk failed: nothing is answered from this replica any more."""
        if self.offline is None:
            self.offline = why
            self._role = None
            self._tell_disk_failed(self)

    def close(self) -> None:
        """The partition is deleted, or the broker goes."""
        self._role = None
        self.log.port.close()

    def _leading(self) -> LeaderRole:
        role = self._role
        if isinstance(role, LeaderRole):
            return role
        if self.offline is not None:
            raise Rejected(ErrorCode.KAFKA_STORAGE_ERROR, self.offline)
        why = f"broker {self._local.broker_id} does not lead {self.topic_partition}"
        raise Rejected(ErrorCode.NOT_LEADER_OR_FOLLOWER, why)

    def _disk_failed(self, error: OSError) -> Rejected:
        self.go_offline(str(error))
        return Rejected(ErrorCode.KAFKA_STORAGE_ERROR, str(error))

    # Leader: writing.

    def append(
        self,
        records: Buffer,
        *,
        acks: int,
        now: Now,
        origin: Origin = Origin.CLIENT,
        produce_version: int = writing.TV2_PRODUCE_VERSION,
        transactional_id: str | None = None,
        guard: VerificationGuard | None = None,
    ) -> Appended:
        """Append one batch, or recognise it. `guard`: what was asked of the transaction coordinator, if anything (T6).

        Raises Rejected in the order of L2; then nothing changed but, at most, a segment was rolled.
        """
        role = self._leading()
        try:
            return writing.append(
                self._local,
                role,
                records,
                acks=acks,
                now=now,
                origin=origin,
                produce_version=produce_version,
                transactional_id=transactional_id,
                guard=guard,
            )
        except OSError as error:
            raise self._disk_failed(error) from error

    def append_marker(
        self,
        *,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        commit: bool,
        coordinator_epoch: CoordinatorEpoch,
        transaction_version: int,
        now: Now,
    ) -> Appended:
        """T8, with the rules of acks=all. Raises Rejected [6], [19], [47], [52], [56]."""
        role = self._leading()
        try:
            return writing.append_marker(
                self._local,
                role,
                producer_id=producer_id,
                producer_epoch=producer_epoch,
                commit=commit,
                coordinator_epoch=coordinator_epoch,
                transaction_version=transaction_version,
                now=now,
            )
        except OSError as error:
            raise self._disk_failed(error) from error

    def has_transaction(self, producer_id: ProducerId, producer_epoch: ProducerEpoch) -> bool:
        """Whether this producer, in this epoch, has a transaction open here: then nobody needs to be asked (T6)."""
        state = self.log.producers.get(producer_id)
        return state is not None and state.has_open_transaction and state.epoch == producer_epoch

    def acks_state(self, last_offset: Offset, leader_epoch: LeaderEpoch, acks: int) -> ErrorCode | None:
        """What a produce that appended up to `last_offset` in `leader_epoch` hears now; None: wait (R7)."""
        role = self._role
        if not isinstance(role, LeaderRole) or role.epoch != leader_epoch:
            return ErrorCode.KAFKA_STORAGE_ERROR if self.offline else ErrorCode.NOT_LEADER_OR_FOLLOWER
        local = self._local
        return acks_rule.completion(
            acks,
            last_offset + 1,
            high_watermark=local.high_watermark,
            durable_offset=local.counted_offset,
            maximal_isr_size=len(role.isr.maximal),
            min_insync_replicas=local.min_insync_replicas,
        )

    def expire_producers(self, now: Now, expiration_ms: int) -> list[ProducerId]:
        """I10: forget producers idle for `producer.id.expiration.ms`; the caller sweeps every 10 minutes."""
        expired = self.log.producers.expire(now.wall_ms, expiration_ms)
        if expired and self._local.trace.on:
            producer_telling.expired(self._local, expired)
        return expired

    # Leader: reading.

    def check_epoch(self, epoch: LeaderEpoch) -> None:
        """F8. Raises Rejected [74] for an older epoch than ours, [75] for a newer one; -1 is not checked."""
        if epoch in (NO_EPOCH, self.leader_epoch):
            return
        if epoch < self.leader_epoch:
            why = f"epoch {epoch} was followed by {self.leader_epoch}"
            raise Rejected(ErrorCode.FENCED_LEADER_EPOCH, why, rule="F8")
        raise Rejected(ErrorCode.UNKNOWN_LEADER_EPOCH, f"epoch {epoch} is not known here yet", rule="F8")

    def read(
        self,
        *,
        offset: Offset,
        max_bytes: int,
        at_least_one_batch: bool,
        isolation: Isolation,
        current_leader_epoch: LeaderEpoch,
        last_fetched_epoch: LeaderEpoch,
        now: Now,
        only_from_leader: bool = True,
    ) -> Read:
        """F1-F3, F8, F9, T11; from a follower F11. Raises Rejected [1], [6], [56], [74], [75]."""
        self.check_epoch(current_leader_epoch)
        if only_from_leader or not self.is_follower:
            self._leading()
        try:
            return reading.read(
                self._local,
                offset=offset,
                max_bytes=max_bytes,
                at_least_one_batch=at_least_one_batch,
                isolation=isolation,
                last_fetched_epoch=last_fetched_epoch,
            )
        except OSError as error:
            raise self._disk_failed(error) from error

    def redirect(
        self,
        offset: Offset,
        client_rack: str,
        racks: Mapping[BrokerId, str | None],
        current_leader_epoch: LeaderEpoch,
    ) -> Read | None:
        """F11: an empty read that names the replica in the reader's rack; None: read here. `racks` of brokers alive.
        Raises Rejected [74], [75]."""
        self.check_epoch(current_leader_epoch)
        role = self._role
        if not isinstance(role, LeaderRole):
            return None
        local = self._local
        chosen = preferred_replica(
            role.candidates(racks),
            offset=offset,
            client_rack=client_rack,
            leader_rack=racks.get(local.broker_id),
        )
        if chosen is None:
            return None
        return Read(
            b"", local.high_watermark, local.last_stable_offset, self.log.log_start_offset, [], None, chosen
        )

    def list_offset(
        self, timestamp: int, isolation: Isolation, current_leader_epoch: LeaderEpoch
    ) -> offsets.OffsetFound:
        """F5, F6. Raises Rejected [6], [42], [56], [74], [75], [78]."""
        self.check_epoch(current_leader_epoch)
        role = self._leading()
        local = self._local
        bound = reading.bound(local, isolation, local.last_stable_offset)
        settled = isolation is Isolation.REPLICA or local.high_watermark >= role.epoch_start_offset
        try:
            return offsets.look_up(self.log, timestamp, bound, self.leader_epoch, is_settled=settled)
        except OSError as error:
            raise self._disk_failed(error) from error

    def end_offset_for_epoch(self, epoch: LeaderEpoch) -> tuple[LeaderEpoch, Offset]:
        """F7."""
        return self.log.epochs.end_of(epoch, self.log.log_end_offset)

    # Leader: the log's start.

    def delete_records(self, before_offset: Offset) -> Offset:
        """L12: raise the log start offset; -1 means the high watermark. Returns the offset meant; done when
        `low_watermark` has reached it. Raises Rejected [1], [6], [44], [56]."""
        self._leading()
        local = self._local
        if local.settings.cleanup_policy == ("compact",):
            raise Rejected(ErrorCode.POLICY_VIOLATION, "records of a compacted topic go by compaction only")
        offset = local.high_watermark if before_offset == HIGH_WATERMARK else before_offset
        if not 0 <= offset <= local.high_watermark:
            raise Rejected(ErrorCode.OFFSET_OUT_OF_RANGE, f"the high watermark is {local.high_watermark}")
        try:
            before = self.log.log_start_offset
            self.log.advance_log_start_offset(offset)
            if local.trace.on and offset > before:
                tell_log_start(local, before, "DeleteRecords asked for it")
        except OSError as error:
            raise self._disk_failed(error) from error
        return offset

    def low_watermark(self) -> Offset:
        """L12: the lowest log start offset of all live replicas. Raises Rejected [6], [56]."""
        return self._leading().low_watermark(self._local)

    def take_start_moved(self) -> bool:
        """Whether some follower's log start moved since this was last asked: then `low_watermark` may have."""
        local = self._local
        moved, local.follower_start_moved = local.follower_start_moved, False
        return moved

    # Leader: followers and the ISR.

    def follower_fetched(
        self,
        replica_id: BrokerId,
        broker_epoch: BrokerEpoch,
        offset: Offset,
        log_start_offset: Offset,
        now: Now,
        *,
        leader_epoch: LeaderEpoch = NO_EPOCH,
        last_fetched_epoch: LeaderEpoch = NO_EPOCH,
    ) -> bool:
        """R1: a fetch at `offset` acknowledges everything below it: in this leader epoch, and only if the follower's
        log is ours up to there (F9). False when nothing moved."""
        role = self._role
        if not isinstance(role, LeaderRole) or leader_epoch not in (NO_EPOCH, role.epoch):
            return False
        try:
            if reading.diverging(self._local, offset, last_fetched_epoch) is not None:
                return False
        except Rejected:
            return False
        return role.fetched(self._local, replica_id, broker_epoch, offset, log_start_offset, now)

    def follower_rests(self, replica_id: BrokerId, clock: FetchClock) -> bool:
        """F10: whether a follower has all there is, and is in the ISR. Then it need not be noted at each fetch of its
        session: until the next `follower_fetched` it fetched whenever `clock` ticked."""
        role = self._role
        return isinstance(role, LeaderRole) and role.rests(self._local, replica_id, clock)

    def propose_isr(self, eligible: ReplicaEligibility, now: Now) -> IsrProposal | None:
        """R8, R9: a change that is due and not yet under way; it is pending from now on."""
        role = self._role
        if not isinstance(role, LeaderRole):
            return None
        role.eligible = eligible
        if not role.followers:
            return None
        local = self._local
        proposal = role.propose(
            local.high_watermark, self.log.log_end_offset, now.monotonic_ms, local.max_lag_ms
        )
        if proposal is not None and local.trace.on:
            tell_proposal(local, role, proposal)
        return proposal

    def is_pending(self, proposal: IsrProposal) -> bool:
        """Whether `proposal` still awaits its answer; a newer leadership, or the metadata log, may have ended it."""
        role = self._role
        return isinstance(role, LeaderRole) and role.isr.pending is proposal

    def isr_answered(self, proposal: IsrProposal, outcome: Outcome, now: Now) -> None:
        """R10: the controller's answer."""
        role = self._role
        if isinstance(role, LeaderRole):
            before, awaited = role.isr.members, role.isr.pending is proposal
            role.answered(proposal, outcome)
            if awaited and self._local.trace.on:
                tell_answer(self._local, role, before, outcome)
            role.advance_high_watermark(self._local, now)

    # Follower.

    def fetch_position(self) -> FetchPosition | None:
        """What to fetch next; None while nothing may be fetched."""
        role = self._role
        return role.position(self._local) if isinstance(role, FollowerRole) else None

    def fetched(
        self,
        records: Buffer,
        leader_high_watermark: Offset,
        leader_log_start_offset: Offset,
        diverging: tuple[LeaderEpoch, Offset] | None,
        now: Now,
    ) -> bool:
        """R3, R11: what the fetch from the last `fetch_position` brought. False when nothing moved."""
        role = self._role
        if not isinstance(role, FollowerRole):
            return False
        try:
            return role.fetched(
                self._local, records, leader_high_watermark, leader_log_start_offset, diverging
            )
        except OSError as error:
            self._disk_failed(error)
            return True

    def out_of_range(self, leader_log_start_offset: Offset, leader_log_end_offset: Offset, now: Now) -> None:
        """R11: our fetch offset does not exist at the leader, whose log has these ends."""
        role = self._role
        if isinstance(role, FollowerRole):
            try:
                role.out_of_range(self._local, leader_log_start_offset, leader_log_end_offset)
            except OSError as error:
                self._disk_failed(error)

    # The disk.

    def enforce_retention(self, now: Now) -> bool:
        """L13, in any role: delete what may go; whether anything went. The caller sweeps every
        `log.retention.check.interval.ms`."""
        if self.offline is not None:
            return False
        local, log = self._local, self.log
        try:
            offset = retention.delete_before(
                log.port.segments(),
                local.settings,
                log_start_offset=log.log_start_offset,
                high_watermark=local.high_watermark,
                now_ms=now.wall_ms,
            )
            if offset is None:
                return False
            before, bytes_before = log.log_start_offset, log.port.size_bytes
            rolled = offset >= log.log_end_offset
            log.delete_segments_before(offset)
            local.note_roll(rolled)
            if local.trace.on:
                tell_deleted(local, before, bytes_before)
        except OSError as error:
            self._disk_failed(error)
        return True

    def look_at_flush_ms(self, now: Now) -> None:
        """L15: `wants_flush` when `flush.ms` passed since the last one; the caller asks every
        `log.flush.scheduler.interval.ms`."""
        self._local.look_at_flush_ms(now.monotonic_ms)

    def flush_completed(self, recovery_point: Offset, now: Now) -> None:
        """Everything below `recovery_point` is on disk. In fsync mode that is what counts for the high watermark."""
        self._local.rolled = self._local.flush_due = False
        self._local.flushed_at_ms = now.monotonic_ms
        role = self._role
        if isinstance(role, LeaderRole):
            role.advance_high_watermark(self._local, now)
