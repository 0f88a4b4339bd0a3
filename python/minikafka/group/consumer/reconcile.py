r"""Leading one member from what it has to what it should have (G14).

    STABLE ----new target, must give up----> UNREVOKED ----reported without them----+
      ^  \---new target, nothing to give up-----------------------------------------+
      |                                                                             v
      +------everything is there <---- take what is free ----others own some----> UNRELEASED

Revoke before assign: while it still reports a partition it must give up, the member keeps its epoch and gets nothing
new. Then it takes the target's epoch with whatever is free; partitions that others have not let go of follow with
later heartbeats. So no partition ever has two owners, and nobody who keeps a partition ever stops reading it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer.member import ConsumerMember, MemberState, Slot


def reconcile(
    member: ConsumerMember,
    target_epoch: int,
    target: frozenset[Slot],
    is_free: Callable[[Slot], bool],
    reported: frozenset[Slot] | None,
) -> ConsumerMember:
    """The member one step further, or itself.

    is_free: nobody else owns the partition. reported: what the member says it owns; None: it did not say.
    Raises Rejected: FENCED_MEMBER_EPOCH [110] for a state written by a later version.
    """
    if member.state is MemberState.STABLE and member.epoch == target_epoch:
        return member
    epoch = member.epoch
    if member.state is MemberState.UNREVOKED:
        if _still_owns(reported, frozenset(member.revoking)):
            return member
        # Kafka: it has done what its epoch asked for, so it is at the next one, whatever the target is by now.
        epoch += 1
    elif member.state is MemberState.UNKNOWN:
        if reported is None or reported:
            raise Rejected(
                ErrorCode.FENCED_MEMBER_EPOCH,
                "a member in an unknown state must rejoin with nothing",
                rule="G15",
            )
        epoch = target_epoch
    return _next(member, epoch, target_epoch, target, is_free, reported)


def _next(
    member: ConsumerMember,
    epoch: int,
    target_epoch: int,
    target: frozenset[Slot],
    is_free: Callable[[Slot], bool],
    reported: frozenset[Slot] | None,
) -> ConsumerMember:
    kept = {slot: since for slot, since in member.assigned.items() if slot in target}
    given_up = {slot: since for slot, since in member.assigned.items() if slot not in target}
    if given_up and _still_owns(reported, frozenset(given_up)):
        return _at(replace(member, state=MemberState.UNREVOKED, assigned=kept, revoking=given_up), epoch)
    wanted = sorted(target - kept.keys())
    free = [slot for slot in wanted if is_free(slot)]
    state = MemberState.STABLE if len(free) == len(wanted) else MemberState.UNRELEASED
    assigned = kept | dict.fromkeys(free, target_epoch)
    return _at(replace(member, state=state, assigned=assigned, revoking={}), target_epoch)


def _still_owns(reported: frozenset[Slot] | None, slots: frozenset[Slot]) -> bool:
    """A member that does not say is taken to own them still."""
    return reported is None or not reported.isdisjoint(slots)


def _at(member: ConsumerMember, epoch: int) -> ConsumerMember:
    if member.epoch == epoch:
        return member
    return replace(member, epoch=epoch, previous_epoch=member.epoch)
