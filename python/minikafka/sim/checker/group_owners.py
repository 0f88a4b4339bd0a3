"""One owner for each partition, as the log has it and as the clients live it (G4, G5, G13, G14).

In the log:

    classic    a generation assigns a partition once, says the same whenever it is written again (a static member that
               came back has another id, and the same place, G8), and generations do not go back
    KIP-848    nobody is given what another has, or is still to give up; epochs do not go back

Held against the clients:

    what a member was told, at an epoch, is what the log gives it at that epoch: nothing is told before it is committed
    a partition that a member began to read had been given up by whoever read it before, unless that one was out of the
    group by then, or behind its generation: a zombie, which the coordinator cannot stop from reading
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from minikafka.sim.checker.group_history import Given, GroupHistory, Identity, Overlap
from minikafka.sim.checker.group_log import NO_GROUP, GroupLog, GroupView, MemberView
from minikafka.sim.clock import EPOCH_WALL_MS
from minikafka.types import TopicPartition

NOWHERE: Final = MemberView(-1)
LEFT: Final = 0
"""Epochs from here down are words: it joins, it left (G12)."""


def check_log(group_id: str, log: GroupLog) -> list[str]:
    """What the log says by itself."""
    violations = []
    for step in log.steps:
        for partition, owners in sorted(_owners(step.view).items()):
            if len(owners) > 1:
                violations.append(
                    f"two owners: {group_id}, record {step.offset} gives {partition} to {sorted(owners)}"
                )
    for before, after in pairwise(log.steps):
        where = f"{group_id}, record {after.offset}"
        violations += [f"went back: {where}, {what}" for what in _backwards(before.view, after.view)]
        if _is_rewritten(before.view, after.view):
            violations.append(
                f"two owners: {where} assigns generation {after.view.epoch} once more, differently"
            )
    return violations


def _owners(view: GroupView) -> dict[TopicPartition, list[str]]:
    owners: dict[TopicPartition, list[str]] = {}
    for member_id, member in view.members.items():
        for partition in member.assigned | member.revoking:
            owners.setdefault(partition, []).append(member_id)
    return owners


def _backwards(before: GroupView, after: GroupView) -> Iterator[str]:
    # An empty group makes way for one of the other protocol, which begins anew (G17).
    is_same = before.is_new == after.is_new or bool(before.members)
    if is_same and after.epoch < before.epoch and after != NO_GROUP:
        yield f"from epoch {before.epoch} to {after.epoch}"
    if not (before.is_new and after.is_new):
        return
    for member_id, member in after.members.items():
        was = before.members.get(member_id, NOWHERE)
        if LEFT < member.epoch < was.epoch:
            yield f"{member_id} from epoch {was.epoch} to {member.epoch}"


def _is_rewritten(before: GroupView, after: GroupView) -> bool:
    """The same generation again; only names may have changed."""
    if before.is_new or after.is_new or before.epoch != after.epoch or not before.members:
        return False
    return _by_place(before.members) != _by_place(after.members)


def _by_place(members: Mapping[str, MemberView]) -> dict[str, frozenset[TopicPartition]]:
    return {member.instance_id or member_id: member.assigned for member_id, member in members.items()}


def check_clients(history: GroupHistory, logs: Mapping[str, GroupLog]) -> list[str]:
    """What the clients lived through."""
    violations = [_untrue(given) for given in history.given if not _is_logged(given, logs[given.who.group])]
    for overlap in history.overlaps:
        owner, newcomer = overlap.owner, overlap.newcomer
        if not _is_excused(overlap, logs[owner.group]):
            violations.append(
                f"two owners: {newcomer.group}, {overlap.partition} is {newcomer.member_id}'s from epoch "
                f"{newcomer.epoch} on, and {owner.member_id} reads it at epoch {owner.epoch}"
            )
    return violations


def _untrue(given: Given) -> str:
    group, member_id, epoch = given.who
    return (
        f"told too early: {group}, {member_id} was told of {sorted(given.partitions)} at epoch {epoch}, which was not "
        "committed"
    )


def _is_logged(given: Given, log: GroupLog) -> bool:
    """A consumer that speaks classic inside of a KIP-848 group hears its member epoch as generation (G17)."""
    for step in log.steps:
        member = step.view.members.get(given.who.member_id)
        if step.seen_us > given.at_us:
            break
        if member is not None and (member.epoch, member.assigned) == (given.who.epoch, given.partitions):
            return True
    return False


def _is_excused(overlap: Overlap, log: GroupLog) -> bool:
    """The coordinator was done with one of the two, or could not know better."""
    views = log.until(_wall_ms(overlap.at_us))
    now = views[-1] if views else NO_GROUP
    if _is_zombie(overlap.owner, views) or _is_zombie(overlap.newcomer, views):
        return True
    if not now.is_new:
        return overlap.owner.epoch != overlap.newcomer.epoch
    return _was_upgraded(overlap, views)


def _is_zombie(who: Identity, views: Sequence[GroupView]) -> bool:
    """It is none of the group's at its epoch, or was removed since; it may be back already, and not know of it."""
    for view in reversed(views):
        member = view.members.get(who.member_id)
        if member is None or member.epoch == who.epoch:
            return member is None
    return True


def _was_upgraded(overlap: Overlap, views: Sequence[GroupView]) -> bool:
    """A classic generation took the partition away from its owner, which cooperatively finishes with it, and before it
    could join again the group became a KIP-848 one. In the records of that it has the assignment of the generation:
    nobody has the partition, so it is given at once. Kafka does the same (`ConsumerGroup.fromClassicGroup`)."""
    given = next(
        (view for view in views if _epoch_of(overlap.owner.member_id, view) == overlap.owner.epoch), NO_GROUP
    )
    return not given.is_new and overlap.partition not in given.members[overlap.owner.member_id].assigned


def _epoch_of(member_id: str, view: GroupView) -> int:
    return view.members.get(member_id, NOWHERE).epoch


def _wall_ms(at_us: int) -> int:
    return EPOCH_WALL_MS + at_us // 1_000
