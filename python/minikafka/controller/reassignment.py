"""A partition moves to other brokers while it is served (R17, KIP-455).

Nobody can be replaced before the successor holds the data, so for a while a partition has more replicas than anybody
asked for:

    stage       replicas                   adding      removing    left when
    ---------   ------------------------   ---------   ---------   -----------------------------------------------
    asked for   the target, then the old   new ones    old ones    at once, if the ISR allows it
    moving      the same                   the same    the same    every added one is in the ISR, and of the ISR
                                                                   somebody stays; if there are to be fewer replicas
                                                                   than before: all who stay are in it
    done        the target                 -           -
    cancelled   all but the added ones     -           -

The *leader* completes a reassignment without knowing it: its AlterPartition that lets the last added replica into the
ISR is answered by a record that also drops the removed ones. If one of those led, somebody else does from then on. The
leader epoch rises only when a replica goes (at the end, or when a move is cancelled): added ones fetch in the epoch
that is.

While it moves, a partition may be sent elsewhere. Kafka then keeps its lists of added and removed replicas unless the
new target gives it others, so a move back to where it came from, asked for by naming those replicas, never ends there.
Here the lists are always those of the target; asking for the old replicas cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minikafka.partition.state import PartitionState
from minikafka.types import BrokerId

Brokers = tuple[BrokerId, ...]


class Assignment(NamedTuple):
    """Who holds a partition. replicas: in order of preference; adding, removing: those of them that come and go,
    sorted. Both are empty when nothing moves."""

    replicas: Brokers
    adding: Brokers = ()
    removing: Brokers = ()

    @property
    def is_moving(self) -> bool:
        return bool(self.adding or self.removing)

    @property
    def staying(self) -> Brokers:
        """The replicas when the move is done."""
        return tuple(replica for replica in self.replicas if replica not in self.removing)

    @property
    def original(self) -> Brokers:
        """The replicas without those added: what a cancelled move goes back to."""
        return tuple(replica for replica in self.replicas if replica not in self.adding)


def assignment_of(state: PartitionState) -> Assignment:
    return Assignment(state.replicas, state.adding, state.removing)


class Reverted(NamedTuple):
    """A cancelled move. is_unclean: nobody in the ISR stays, so its first replica is taken at its word."""

    replicas: Brokers
    isr: Brokers
    is_unclean: bool


def moved_to(current: Assignment, target: Sequence[BrokerId]) -> Assignment:
    """The assignment that brings the partition to `target`, which holds nobody twice."""
    removing = tuple(sorted(set(current.replicas) - set(target)))
    new = set(target) - set(current.replicas)
    adding = tuple(sorted(new or {*current.adding} & set(target)))
    return Assignment((*target, *removing), adding, removing)


def completed(current: Assignment, isr: Brokers) -> tuple[Assignment, Brokers] | None:
    """The assignment and the ISR once the move is done; None while it is not, or nothing moves."""
    in_sync = tuple(member for member in isr if member not in current.removing)
    if not current.is_moving or not in_sync or not set(current.adding) <= set(in_sync):
        return None
    shrinks = len(current.removing) > len(current.adding)
    if shrinks and not set(current.staying) <= set(in_sync):
        return None
    return Assignment(current.staying), in_sync


def reverted(current: Assignment, isr: Brokers) -> Reverted:
    """The partition as it is when the move is given up. Some replica must not be an added one."""
    replicas = current.original
    in_sync = tuple(member for member in isr if member in replicas)
    if in_sync:
        return Reverted(replicas, in_sync, is_unclean=False)
    return Reverted(replicas, replicas[:1], is_unclean=True)
