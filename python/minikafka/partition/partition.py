"""One replica of one partition: offline, follower or leader; what each role does with the log.

    become_leader / become_follower    the metadata log says so (R11, R18)
    append, append_marker              leader: check, number, write (L2, I, T8)
    read, list_offset                  leader: bounded by who reads (F1, F2)
    follower_fetched                   leader: a follower acknowledged (R1, R2, R9)
    fetch_position, fetched            follower: what to ask for, what to do with the answer (R3, R11)
    propose_isr, isr_answered          leader: who is in sync (R8-R10)

The rules are in the files beside this one; here they meet. Nothing waits and nothing is sent: the node does that.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import BatchHeader, inspect_batches
from minikafka.log.replica_log import ReplicaLog
from minikafka.partition import acks as acks_rule
from minikafka.partition import offsets
from minikafka.partition.eligibility import ReplicaEligibility
from minikafka.partition.follower import FetchPosition, FollowerRole
from minikafka.partition.high_watermark import effective_min_insync_replicas
from minikafka.partition.isr import Committed, IsrProposal, Outcome
from minikafka.partition.leader import LeaderRole
from minikafka.partition.records import check_client_batch
from minikafka.partition.state import PartitionState
from minikafka.partition.verification import VerificationGuard, Verifications
from minikafka.types import (
    NO_EPOCH,
    NO_LEADER,
    NO_PRODUCER_ID,
    NO_TIMESTAMP,
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

PAGE_CACHE: Final = "page-cache"
FSYNC: Final = "fsync"
TV2_PRODUCE_VERSION: Final = 12


class Isolation(Enum):
    """What bounds a reader (F1)."""

    REPLICA = "log end offset"
    READ_UNCOMMITTED = "high watermark"
    READ_COMMITTED = "last stable offset"


class Origin(Enum):
    """Who wrote a batch: a client's is checked in full, a coordinator's for its epoch only (I1)."""

    CLIENT = "client"
    COORDINATOR = "coordinator"


class Progress(NamedTuple):
    """How far everything is; all but the start exclusive."""

    log_start_offset: Offset
    log_end_offset: Offset
    high_watermark: Offset
    last_stable_offset: Offset


class Appended(NamedTuple):
    """Where a batch is. `log_append_time_ms` is -1 under CreateTime, but a duplicate answers the time of the batch
    remembered (L8)."""

    base_offset: Offset
    last_offset: Offset
    log_append_time_ms: int
    log_start_offset: Offset
    duplicate: bool


class Read(NamedTuple):
    """What a fetch gets. aborted: (producer id, first offset) by first offset (T11). diverging: (epoch, end offset)
    where the reader's log parts from ours (F9)."""

    records: Buffer
    high_watermark: Offset
    last_stable_offset: Offset
    log_start_offset: Offset
    aborted: list[tuple[ProducerId, Offset]]
    diverging: tuple[LeaderEpoch, Offset] | None


class Partition:
    """One replica. See the module.

    high_watermark: exclusive; log_start_offset <= high_watermark <= log_end_offset.
    """

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
    ) -> None:
        """`high_watermark`: as checkpointed; it is capped by what the log still holds (D4)."""
        self.topic_partition = topic_partition
        self.topic_id: TopicId = log.topic_id
        self.log = log
        self.settings = settings
        self.leader_epoch: LeaderEpoch = NO_EPOCH
        self.leader: BrokerId = NO_LEADER
        self.replicas: tuple[BrokerId, ...] = ()
        self.verifications = Verifications()
        self.offline: str | None = None
        self._broker_id = broker_id
        self._fsync = durability == FSYNC
        self._max_lag_ms = replica_lag_time_max_ms
        self._role: LeaderRole | FollowerRole | None = None
        self._known_isr: tuple[BrokerId, ...] = ()
        self._known_partition_epoch: PartitionEpoch = NO_EPOCH
        self._rolled = False
        self._high_watermark = min(max(high_watermark, log.log_start_offset), log.log_end_offset)

    # What others may look at.

    @property
    def is_leader(self) -> bool:
        return isinstance(self._role, LeaderRole)

    @property
    def is_follower(self) -> bool:
        return isinstance(self._role, FollowerRole)

    @property
    def high_watermark(self) -> Offset:
        return self._high_watermark

    @property
    def isr(self) -> list[BrokerId]:
        """In force as far as this replica knows, sorted."""
        role = self._role
        return sorted(role.isr.members if isinstance(role, LeaderRole) else self._known_isr)

    @property
    def maximal_isr(self) -> list[BrokerId]:
        role = self._role
        return list(role.isr.maximal) if isinstance(role, LeaderRole) else self.isr

    @property
    def partition_epoch(self) -> PartitionEpoch:
        role = self._role
        return role.partition_epoch if isinstance(role, LeaderRole) else self._known_partition_epoch

    @property
    def min_insync_replicas(self) -> int:
        """The effective one (R5)."""
        return effective_min_insync_replicas(self.settings.min_insync_replicas, len(self.replicas))

    @property
    def last_stable_offset(self) -> Offset:
        """T10."""
        return self.log.transactions.last_stable_offset(self._high_watermark)

    def progress(self) -> Progress:
        """Every offset that somebody may wait for."""
        return Progress(
            self.log.log_start_offset, self.log.log_end_offset, self._high_watermark, self.last_stable_offset
        )

    @property
    def wants_flush(self) -> bool:
        """In fsync mode: something is not on disk yet. Otherwise: a segment was rolled (L9)."""
        return self._rolled or (self._fsync and self.log.recovery_point < self.log.log_end_offset)

    # Roles.

    def configure(self, settings: TopicSettings) -> None:
        self.settings = settings
        self.log.reconfigure(settings)

    def become_leader(self, state: PartitionState, eligible: ReplicaEligibility, now: Now) -> None:
        """R18: a new epoch starts at our log end. The same epoch again only brings newer members."""
        if self.offline is not None or state.leader_epoch < self.leader_epoch:
            return
        role = self._role
        self.replicas = state.replicas
        if isinstance(role, LeaderRole) and role.epoch == state.leader_epoch:
            role.eligible = eligible
            role.refresh(state, now.monotonic_ms)
        else:
            self.leader, self.leader_epoch = state.leader, state.leader_epoch
            self.log.begin_epoch(state.leader_epoch)
            self._role = LeaderRole(self._broker_id, state, self.log.log_end_offset, eligible, now.monotonic_ms)
        self._advance_high_watermark(now)

    def become_follower(self, state: PartitionState, now: Now) -> None:
        """R11. `state.leader` is -1 while nobody leads."""
        if self.offline is not None or state.leader_epoch < self.leader_epoch:
            return
        if state.partition_epoch >= self._known_partition_epoch:
            self._known_isr, self._known_partition_epoch = state.isr, state.partition_epoch
        self.replicas = state.replicas
        role = self._role
        if not isinstance(role, FollowerRole) or role.epoch != state.leader_epoch:
            self._role = FollowerRole(state.leader, state.leader_epoch)
            self.verifications.clear()
        self.leader, self.leader_epoch = state.leader, state.leader_epoch

    def go_offline(self, why: str) -> None:
        """The disk failed: nothing is answered from this replica any more (style rule 9)."""
        self.offline = why
        self._role = None

    def close(self) -> None:
        """The partition is deleted, or the broker goes."""
        self._role = None
        self.log.port.close()

    def _leading(self) -> LeaderRole:
        role = self._role
        if not isinstance(role, LeaderRole):
            code = ErrorCode.KAFKA_STORAGE_ERROR if self.offline else ErrorCode.NOT_LEADER_OR_FOLLOWER
            raise Rejected(code, self.offline or f"broker {self._broker_id} does not lead {self.topic_partition}")
        return role

    # Leader: writing.

    def append(
        self,
        records: Buffer,
        *,
        acks: int,
        now: Now,
        origin: Origin = Origin.CLIENT,
        produce_version: int = TV2_PRODUCE_VERSION,
        transactional_id: str | None = None,
        guard: VerificationGuard | None = None,
    ) -> Appended:
        """Append one batch, or recognise it. Order of checks: L2. Raises Rejected; then nothing changed but, at most, a
        segment was rolled."""
        role = self._leading()
        self._check_min_isr(role, acks)
        from_client = origin is Origin.CLIENT
        if from_client:
            header = check_client_batch(
                records, self.settings, produce_version=produce_version, now_ms=now.wall_ms
            )
        else:
            header = inspect_batches(records)[0]
        self._rolled |= self.log.roll_if_due(header.size_bytes, header.max_timestamp, header.record_count)
        if header.producer_id != NO_PRODUCER_ID:
            duplicate = self._check_producer(header, from_client, produce_version, transactional_id, guard)
            if duplicate is not None:
                return duplicate
        append_time_ms = now.wall_ms if self.settings.message_timestamp_type == "LogAppendTime" else None
        written = self.log.append_as_leader(records, header, role.epoch, append_time_ms)
        if written.is_transactional:
            self.verifications.end(written.producer_id)
        self._flush_if_asked()
        self._advance_high_watermark(now)
        return Appended(
            written.base_offset,
            written.last_offset,
            NO_TIMESTAMP if append_time_ms is None else append_time_ms,
            self.log.log_start_offset,
            duplicate=False,
        )

    def _check_min_isr(self, role: LeaderRole, acks: int) -> None:
        """R7, before the append."""
        if acks == acks_rule.ALL and len(role.isr.members) < self.min_insync_replicas:
            raise Rejected(
                ErrorCode.NOT_ENOUGH_REPLICAS,
                f"{self.topic_partition} has {len(role.isr.members)} in sync of {self.min_insync_replicas} needed",
            )

    def _check_producer(
        self,
        header: BatchHeader,
        from_client: bool,  # noqa: FBT001
        produce_version: int,
        transactional_id: str | None,
        guard: VerificationGuard | None,
    ) -> Appended | None:
        """I2-I6 and T6; the first copy's place if this one is a duplicate."""
        if from_client and header.is_transactional and transactional_id is None:
            raise Rejected(
                ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "a transactional batch needs the transactional id"
            )
        duplicate = self.log.producers.check(
            header,
            from_client=from_client,
            lowest_verified_sequence=self.verifications.lowest_sequence(header.producer_id),
            tv2=produce_version >= TV2_PRODUCE_VERSION,
        )
        if duplicate is not None:
            return Appended(
                duplicate.first_offset,
                duplicate.last_offset,
                duplicate.timestamp_ms,
                self.log.log_start_offset,
                duplicate=True,
            )
        if guard is not None and not self.has_transaction(header.producer_id, header.producer_epoch):
            if not self.verifications.is_current(header.producer_id, guard):
                raise Rejected(
                    ErrorCode.INVALID_TXN_STATE,
                    f"the transaction of producer {header.producer_id} ended while it was being verified",
                )
        return None

    def has_transaction(self, producer_id: ProducerId, producer_epoch: ProducerEpoch) -> bool:
        """Whether this producer, in this epoch, has a transaction open here: then nobody needs to be asked (T6)."""
        state = self.log.producers.get(producer_id)
        return state is not None and state.has_open_transaction and state.epoch == producer_epoch

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
        """T8, with the rules of acks=all. Raises Rejected [6], [19], [47], [52]."""
        role = self._leading()
        self._check_min_isr(role, acks_rule.ALL)
        self.log.producers.check_marker(
            producer_epoch, producer_id, coordinator_epoch, tv2=transaction_version >= 2
        )
        written = self.log.append_marker(
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            commit=commit,
            coordinator_epoch=coordinator_epoch,
            leader_epoch=role.epoch,
            now_ms=now.wall_ms,
        )
        self.verifications.end(producer_id)
        self._advance_high_watermark(now)
        return Appended(
            written.base_offset, written.last_offset, NO_TIMESTAMP, self.log.log_start_offset, duplicate=False
        )

    def _flush_if_asked(self) -> None:
        """L15: `flush.messages` forces the fsync before the answer, as Kafka does, inside the append."""
        if self.log.log_end_offset - self.log.recovery_point >= self.settings.flush_messages:
            self.log.port.flush()

    def acks_state(self, last_offset: Offset, leader_epoch: LeaderEpoch, acks: int) -> ErrorCode | None:
        """What a produce that appended up to `last_offset` in `leader_epoch` hears now; None: wait (R7)."""
        role = self._role
        if not isinstance(role, LeaderRole) or role.epoch != leader_epoch:
            return ErrorCode.KAFKA_STORAGE_ERROR if self.offline else ErrorCode.NOT_LEADER_OR_FOLLOWER
        return acks_rule.completion(
            acks,
            last_offset + 1,
            high_watermark=self._high_watermark,
            durable_offset=self._own_offset,
            maximal_isr_size=len(role.isr.maximal),
            min_insync_replicas=self.min_insync_replicas,
        )

    @property
    def _own_offset(self) -> Offset:
        """How far this replica counts (design 2.3)."""
        return self.log.recovery_point if self._fsync else self.log.log_end_offset

    # Leader: reading.

    def check_epoch(self, epoch: LeaderEpoch) -> None:
        """F8. Raises Rejected [74] for an older epoch than ours, [75] for a newer one; -1 is not checked."""
        if epoch == NO_EPOCH or epoch == self.leader_epoch:
            return
        if epoch < self.leader_epoch:
            raise Rejected(ErrorCode.FENCED_LEADER_EPOCH, f"epoch {epoch} was followed by {self.leader_epoch}")
        raise Rejected(ErrorCode.UNKNOWN_LEADER_EPOCH, f"epoch {epoch} is not known here yet")

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
    ) -> Read:
        """F1-F3, F8, F9, T11. Raises Rejected [1], [6], [74], [75]."""
        self._leading()
        self.check_epoch(current_leader_epoch)
        log = self.log
        if last_fetched_epoch != NO_EPOCH:
            diverging = self._diverging(offset, last_fetched_epoch)
            if diverging is not None:
                return Read(
                    b"", self._high_watermark, self.last_stable_offset, log.log_start_offset, [], diverging
                )
        if not log.log_start_offset <= offset <= log.log_end_offset:
            raise Rejected(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                f"offset {offset} is not within {log.log_start_offset} and {log.log_end_offset}",
            )
        stable = self.last_stable_offset
        bound = self._bound(isolation, stable)
        if offset >= bound:
            return Read(b"", self._high_watermark, stable, log.log_start_offset, [], None)
        found = log.port.read(
            offset, max_bytes=max_bytes, upper_bound=bound, at_least_one_batch=at_least_one_batch
        )
        aborted = (
            log.transactions.aborted_between(offset, found.next_offset)
            if isolation is Isolation.READ_COMMITTED
            else []
        )
        return Read(found.data, self._high_watermark, stable, log.log_start_offset, aborted, None)

    def _bound(self, isolation: Isolation, stable: Offset) -> Offset:
        if isolation is Isolation.REPLICA:
            return self.log.log_end_offset
        return stable if isolation is Isolation.READ_COMMITTED else self._high_watermark

    def _diverging(self, offset: Offset, last_fetched_epoch: LeaderEpoch) -> tuple[LeaderEpoch, Offset] | None:
        """F9."""
        epoch, end_offset = self.end_offset_for_epoch(last_fetched_epoch)
        if epoch == NO_EPOCH:
            raise Rejected(
                ErrorCode.OFFSET_OUT_OF_RANGE, f"nothing is known of epoch {last_fetched_epoch} of the last record"
            )
        return (epoch, end_offset) if epoch < last_fetched_epoch or end_offset < offset else None

    def list_offset(
        self, timestamp: int, isolation: Isolation, current_leader_epoch: LeaderEpoch
    ) -> offsets.OffsetFound:
        """F5, F6. Raises Rejected [6], [42], [74], [75], [78]."""
        role = self._leading()
        self.check_epoch(current_leader_epoch)
        bound = self._bound(isolation, self.last_stable_offset)
        settled = isolation is Isolation.REPLICA or self._high_watermark >= role.epoch_start_offset
        return offsets.look_up(self.log, timestamp, bound, self.leader_epoch, is_settled=settled)

    def end_offset_for_epoch(self, epoch: LeaderEpoch) -> tuple[LeaderEpoch, Offset]:
        """F7."""
        return self.log.epochs.end_of(epoch, self.log.log_end_offset)

    # Leader: followers and the ISR.

    def follower_fetched(
        self,
        replica_id: BrokerId,
        broker_epoch: BrokerEpoch,
        offset: Offset,
        log_start_offset: Offset,
        now: Now,
        *,
        leader_epoch: LeaderEpoch,
    ) -> None:
        """R1: a fetch at `offset` acknowledges everything below. Fetches of another leader epoch, of no replica, or
        from outside the log acknowledge nothing."""
        role = self._role
        if not isinstance(role, LeaderRole) or leader_epoch not in (NO_EPOCH, role.epoch):
            return
        follower = role.followers.get(replica_id)
        if follower is None or not self.log.log_start_offset <= offset <= self.log.log_end_offset:
            return
        follower.fetched(offset, log_start_offset, self.log.log_end_offset, broker_epoch, now.monotonic_ms)
        self._advance_high_watermark(now)

    def _advance_high_watermark(self, now: Now) -> None:
        """R4, on every append, fetch and ISR change."""
        role = self._role
        if isinstance(role, LeaderRole):
            self._set_high_watermark(
                role.high_watermark(
                    self._high_watermark,
                    self._own_offset,
                    self.log.log_end_offset,
                    self.min_insync_replicas,
                    now.monotonic_ms,
                    self._max_lag_ms,
                )
            )

    def _set_high_watermark(self, offset: Offset) -> None:
        if offset != self._high_watermark:
            self._high_watermark = offset
            self.log.transactions.high_watermark_moved(offset)

    def propose_isr(self, eligible: ReplicaEligibility, now: Now) -> IsrProposal | None:
        """R8, R9: a change that is due and not yet under way; it is pending from now on."""
        role = self._role
        if not isinstance(role, LeaderRole):
            return None
        role.eligible = eligible
        if len(role.isr.members) == 1 + len(role.followers) == 1:
            return None
        proposal = role.propose(
            self._high_watermark, self.log.log_end_offset, now.monotonic_ms, self._max_lag_ms
        )
        return proposal

    def is_pending(self, proposal: IsrProposal) -> bool:
        """Whether `proposal` still awaits its answer; a newer leadership, or the metadata log, may have ended it."""
        role = self._role
        return isinstance(role, LeaderRole) and role.isr.pending is proposal

    def isr_answered(self, proposal: IsrProposal, outcome: Outcome, now: Now) -> None:
        """R10: the controller's answer. News older than what the metadata log already told is ignored."""
        role = self._role
        if not isinstance(role, LeaderRole) or role.isr.pending is not proposal:
            return
        if isinstance(outcome, Committed):
            if outcome.leader_epoch == role.epoch and outcome.partition_epoch >= role.partition_epoch:
                role.partition_epoch = outcome.partition_epoch
                role.isr.commit(outcome.isr)
        else:
            role.isr.refuse()
        self._advance_high_watermark(now)

    # Follower.

    def fetch_position(self) -> FetchPosition | None:
        """What to fetch next; None while nothing may be fetched: nobody leads, or (fsync mode) what was fetched is not
        on disk yet, and asking for more would claim that it is."""
        role = self._role
        if not isinstance(role, FollowerRole) or role.leader == NO_LEADER:
            return None
        if self._fsync and self.log.recovery_point < self.log.log_end_offset:
            return None
        return role.position(self.log)

    def fetched(
        self,
        records: Buffer,
        leader_high_watermark: Offset,
        leader_log_start_offset: Offset,
        diverging: tuple[LeaderEpoch, Offset] | None,
        now: Now,
    ) -> None:
        """R3, R11: append or truncate; then the high watermark, which never exceeds our log end."""
        role = self._role
        if not isinstance(role, FollowerRole):
            return
        if diverging is not None:
            role.truncate(self.log, *diverging)
        elif len(records):
            role.append(self.log, records)
            self._flush_if_asked()
        if diverging is None:
            self._set_high_watermark(min(leader_high_watermark, self.log.log_end_offset))
        else:
            self._set_high_watermark(min(self._high_watermark, self.log.log_end_offset))
        start = min(leader_log_start_offset, self._high_watermark)
        if start > self.log.log_start_offset:
            self.log.advance_log_start_offset(start)

    def out_of_range(self, leader_log_start_offset: Offset, leader_log_end_offset: Offset, now: Now) -> None:
        """R11: our fetch offset does not exist at the leader, whose log has these ends."""
        if not self.is_follower:
            return
        if leader_log_end_offset < self.log.log_end_offset:
            self.log.truncate_to(leader_log_end_offset)
        elif leader_log_start_offset > self.log.log_end_offset:
            self.log.start_over_at(leader_log_start_offset)
        self._set_high_watermark(
            max(min(self._high_watermark, self.log.log_end_offset), self.log.log_start_offset)
        )

    # The disk.

    def flush_completed(self, recovery_point: Offset, now: Now) -> None:
        """Everything below `recovery_point` is on disk. In fsync mode that is what counts for the high watermark."""
        self._rolled = False
        self._advance_high_watermark(now)
