"""The leader's side: followers' progress, the high watermark, proposals to change the ISR (R1, R2, R4, R8, R9, R18).

a follower is dropped   after it was not caught up for replica.lag.time.max.ms; looked at every half of that, so in
practice after up to 1.5 times of it (R8)
a follower is let in    when it fetches, and its end has reached the high watermark *and* the start of this leader
epoch: until then it might still have to truncate (R9). One that was dropped, or refused, has to fetch anew: what it had
fetched before says nothing of whether it still lives
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from minikafka.errors import ErrorCode
from minikafka.partition.eligibility import ReplicaEligibility, may_join
from minikafka.partition.high_watermark import next_high_watermark
from minikafka.partition.isr import Isr, IsrProposal, Outcome, Refused
from minikafka.partition.preferred_replica import Candidate
from minikafka.partition.replica import FetchClock, Replica
from minikafka.partition.telling import tell_fetch, tell_frozen
from minikafka.types import (
    NO_EPOCH,
    NO_OFFSET,
    BrokerEpoch,
    BrokerId,
    LeaderEpoch,
    Now,
    Offset,
    PartitionEpoch,
)

if TYPE_CHECKING:
    from minikafka.partition.local import LocalReplica
    from minikafka.partition.state import PartitionState

UNDONE_BY: Final = frozenset(
    (ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.INELIGIBLE_REPLICA, ErrorCode.INVALID_REQUEST)
)
"""Refusals that mean: it was not done, nor was an earlier copy of it. All others say that the controller knows
something newer; the metadata log will tell us what, and until then the change stays pending."""


class LeaderRole:
    """One leadership: from becoming leader of `epoch` until the next epoch.

    epoch_start_offset: our log end when it began; F6 and R9 compare with it.
    _unheard: followers that left the ISR, or were refused, and have not fetched since (R9).
    """

    __slots__ = (
        "_broker_id",
        "_told_frozen",
        "_unheard",
        "eligible",
        "epoch",
        "epoch_start_offset",
        "followers",
        "isr",
        "partition_epoch",
    )

    def __init__(
        self,
        broker_id: BrokerId,
        state: PartitionState,
        epoch_start_offset: Offset,
        eligible: ReplicaEligibility,
        now_ms: int,
    ) -> None:
        self._broker_id = broker_id
        self.epoch: LeaderEpoch = state.leader_epoch
        self.partition_epoch: PartitionEpoch = state.partition_epoch
        self.epoch_start_offset = epoch_start_offset
        self.eligible = eligible
        self.followers: dict[BrokerId, Replica] = {}
        self._told_frozen = NO_OFFSET
        self._unheard: set[BrokerId] = set()
        self.isr = Isr(tuple(sorted(state.isr)))
        self._keep_replicas(state, now_ms)

    def _keep_replicas(self, state: PartitionState, now_ms: int) -> None:
        """Followers are exactly the other assigned replicas."""
        assigned = [replica for replica in state.replicas if replica != self._broker_id]
        self.followers = {replica: self.followers.get(replica) or Replica(replica) for replica in assigned}
        for follower in self.followers.values():
            if follower.last_caught_up_time_ms < 0 and follower.last_fetch_time_ms < 0:
                follower.begin_epoch(now_ms, in_isr=follower.broker_id in state.isr)

    def refresh(self, state: PartitionState, now_ms: int) -> None:
        """The metadata log tells the same leadership with newer members; older news is ignored."""
        if state.partition_epoch > self.partition_epoch:
            self.partition_epoch = state.partition_epoch
            self._unheard |= {*self.isr.members} - {*state.isr}
            self.isr.commit(state.isr)
            self._keep_replicas(state, now_ms)

    # Followers and the high watermark.

    def fetched(
        self,
        local: LocalReplica,
        replica_id: BrokerId,
        broker_epoch: BrokerEpoch,
        offset: Offset,
        log_start_offset: Offset,
        now: Now,
    ) -> bool:
        """R1, R2. Of no replica, from outside the log, or of an earlier life of its broker: acknowledges nothing.

        False when nobody needs to look: the high watermark and the follower's log start (L12) stayed, and the follower
        is in the ISR already.
        """
        follower = self.followers.get(replica_id)
        log_end_offset = local.log.log_end_offset
        if follower is None or not local.log.log_start_offset <= offset <= log_end_offset:
            return False
        if broker_epoch != NO_EPOCH and broker_epoch < follower.broker_epoch:
            return False
        self._unheard.discard(replica_id)
        local.follower_start_moved |= log_start_offset != follower.log_start_offset
        acknowledged, end_then = follower.log_end_offset, follower.last_fetch_leader_log_end_offset
        follower.fetched(offset, log_start_offset, log_end_offset, broker_epoch, now.monotonic_ms)
        if local.trace.on:
            tell_fetch(local, follower, acknowledged, end_then)
        before = local.high_watermark
        self.advance_high_watermark(local, now)
        return (
            local.follower_start_moved or local.high_watermark != before or replica_id not in self.isr.members
        )

    def rests(self, local: LocalReplica, replica_id: BrokerId, clock: FetchClock) -> bool:
        """F10: a follower in the ISR that is level need not be noted at each fetch of its session: `clock` tells.
        But not before all is committed: a follower's fetch is when the high watermark is looked at again (R4)."""
        follower = self.followers.get(replica_id)
        if follower is None or replica_id not in self.isr.members:
            return False
        if not follower.log_end_offset == local.log.log_end_offset == local.high_watermark:
            return False
        follower.rest(clock)
        return True

    def advance_high_watermark(self, local: LocalReplica, now: Now) -> None:
        """R4, R6: on every append, follower fetch, flush and ISR change."""
        end_offsets = [local.counted_offset]
        if self.followers:
            log_end_offset = local.log.log_end_offset
            for follower in self.followers.values():
                if follower.log_end_offset != log_end_offset:
                    follower.wake()
            maximal = self.isr.maximal
            end_offsets += [
                follower.log_end_offset
                for follower in self.followers.values()
                if follower.broker_id in maximal
                or (
                    follower.is_caught_up(log_end_offset, now.monotonic_ms, local.max_lag_ms)
                    and may_join(self.eligible, follower.broker_id, follower.broker_epoch)
                )
            ]
        before = local.high_watermark
        local.set_high_watermark(
            next_high_watermark(
                before,
                end_offsets,
                isr_size=len(self.isr.members),
                min_insync_replicas=local.min_insync_replicas,
            )
        )
        if not local.trace.on:
            return
        if local.high_watermark == before:
            self._tell_if_frozen(local, min(end_offsets))
        else:
            local.trace.event(
                "high_watermark",
                "R4",
                local.topic_partition,
                offset=local.high_watermark,
                before=before,
                end_offsets=end_offsets,
                isr=self.isr.members,
            )

    def _tell_if_frozen(self, local: LocalReplica, would_be: Offset) -> None:
        """R6, once for each offset that is held back."""
        is_frozen = len(self.isr.members) < local.min_insync_replicas and would_be > local.high_watermark
        if is_frozen and would_be != self._told_frozen:
            self._told_frozen = would_be
            tell_frozen(local, self, would_be)

    def low_watermark(self, local: LocalReplica) -> Offset:
        """L12: the lowest log start offset of the replicas alive; DeleteRecords waits for it."""
        starts = [
            follower.log_start_offset
            for follower in self.followers.values()
            if not self.eligible.is_fenced(follower.broker_id)
        ]
        return min([local.log.log_start_offset, *starts])

    def candidates(self, racks: Mapping[BrokerId, str | None]) -> list[Candidate]:
        """F11: the followers, for choosing the one that a consumer reads from. `racks` of brokers alive."""
        return [
            Candidate(
                follower.broker_id,
                racks.get(follower.broker_id),
                follower.broker_id in self.isr.members,
                follower.log_start_offset,
                follower.log_end_offset,
                follower.caught_up_time_ms,
            )
            for follower in self.followers.values()
        ]

    # The ISR.

    def propose(
        self, high_watermark: Offset, log_end_offset: Offset, now_ms: int, max_lag_ms: int
    ) -> IsrProposal | None:
        """A change that is due, if none is under way. It is pending from now on."""
        if self.isr.pending is not None:
            return None
        joining = [
            follower.broker_id
            for follower in self.followers.values()
            if follower.broker_id not in self.isr.members
            and follower.broker_id not in self._unheard
            and follower.log_end_offset >= max(high_watermark, self.epoch_start_offset)
            and may_join(self.eligible, follower.broker_id, follower.broker_epoch)
        ]
        if joining:
            return self._propose({*self.isr.members, joining[0]})
        staying = {
            member
            for member in self.isr.members
            if member == self._broker_id
            or (
                member in self.followers
                and self.followers[member].is_caught_up(log_end_offset, now_ms, max_lag_ms)
            )
        }
        return None if len(staying) == len(self.isr.members) else self._propose(staying)

    def answered(self, proposal: IsrProposal, outcome: Outcome) -> None:
        """R10: the controller's answer. News older than what the metadata log already told is ignored."""
        if self.isr.pending is not proposal:
            return
        if isinstance(outcome, Refused):
            if outcome.code in UNDONE_BY:
                self._unheard |= {*self.isr.joining}
                self.isr.refuse()
        elif outcome.leader_epoch == self.epoch and outcome.partition_epoch >= self.partition_epoch:
            self.partition_epoch = outcome.partition_epoch
            self._unheard |= {*self.isr.members} - {*outcome.isr}
            self.isr.commit(outcome.isr)

    def _propose(self, members: set[BrokerId]) -> IsrProposal:
        isr = tuple((member, self._epoch_of(member)) for member in sorted(members))
        return self.isr.propose(IsrProposal(isr, self.epoch, self.partition_epoch))

    def _epoch_of(self, member: BrokerId) -> int:
        if member == self._broker_id:
            own = self.eligible.broker_epoch(member)
            return NO_EPOCH if own is None else own
        return self.followers[member].broker_epoch
