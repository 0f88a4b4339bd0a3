"""Who is in sync, and how that changes (R4, R8-R10).

The in-sync replica set is the controller's to write and the leader's to propose. Between proposal and answer the leader
does not know which of two sets is in force, so it counts by the safer one, the *maximal ISR*:

    state            in force                   maximal ISR                      left by
    Committed        the set                    the set                          propose
    PendingExpand    the set, or with the new   the set with the new member      an answer
    PendingShrink    the set, or without some   the set as it was                an answer

An answer that never comes leaves it pending: the controller may have applied it. So the high watermark can be late,
never early.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from minikafka.errors import ErrorCode
from minikafka.types import BrokerEpoch, BrokerId, LeaderEpoch, PartitionEpoch


class IsrProposal(NamedTuple):
    """What the leader asks of the controller: AlterPartition (R10). isr: (broker, its epoch), by broker id."""

    isr: tuple[tuple[BrokerId, BrokerEpoch], ...]
    leader_epoch: LeaderEpoch
    partition_epoch: PartitionEpoch


class Committed(NamedTuple):
    """The controller wrote it (or already had)."""

    isr: tuple[BrokerId, ...]
    partition_epoch: PartitionEpoch
    leader_epoch: LeaderEpoch


class Refused(NamedTuple):
    """The controller refused; the set in force is what it was, until the metadata log says more."""

    code: ErrorCode


Outcome: TypeAlias = Committed | Refused


@dataclass(slots=True)
class Isr:
    """The leader's view.

    members: in force as far as known, sorted. pending: the proposal under way. joining: whom it would add.
    """

    members: tuple[BrokerId, ...] = ()
    pending: IsrProposal | None = None
    joining: tuple[BrokerId, ...] = ()

    @property
    def maximal(self) -> tuple[BrokerId, ...]:
        """Sorted; never smaller than what is in force."""
        return tuple(sorted({*self.members, *self.joining})) if self.joining else self.members

    def commit(self, members: tuple[BrokerId, ...]) -> None:
        """The controller has spoken: in an answer, or through the metadata log."""
        self.members = tuple(sorted(members))
        self.pending = None
        self.joining = ()

    def refuse(self) -> None:
        """Nothing changed."""
        self.pending = None
        self.joining = ()

    def propose(self, proposal: IsrProposal) -> IsrProposal:
        """Wait for the controller's answer to `proposal`."""
        assert self.pending is None, "one change in flight at a time (R8)"
        self.pending = proposal
        self.joining = tuple(broker for broker, _ in proposal.isr if broker not in self.members)
        return proposal
