"""One step of a member of a KIP-848 group, whichever protocol it speaks (G13, G14, G17).

    did the group's world change?  ->  is it time for a new target?  ->  lead the member on, as far as can be

What the member said of itself is in the draft by then.
"""

from __future__ import annotations

from typing import TypeVar

from minikafka.coordinator.shard import Result
from minikafka.group import telling
from minikafka.group.consumer import records
from minikafka.group.consumer.draft import Draft
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.leave import watch_revocation, watch_session
from minikafka.group.consumer.member import ConsumerMember, Slot
from minikafka.group.consumer.reconcile import reconcile
from minikafka.group.groups import Groups
from minikafka.group.telling import tell
from minikafka.types import Now

T = TypeVar("T")


def take_step(
    groups: Groups,
    group: ConsumerGroup,
    draft: Draft,
    known: ConsumerMember | None,
    reported: frozenset[Slot] | None,
    now: Now,
    outcome: Result[T],
) -> ConsumerMember:
    """The member as it will be.

    known: as it was, a static one perhaps under another id; None: it is new. reported: what it says it owns.
    Raises Rejected: [110], [128].
    """
    before = draft.member
    topics = groups.topics()
    draft.raise_epoch(topics, now)
    interval_ms = groups.pace(group.group_id).assignment_interval_ms
    draft.retarget(topics, groups.settings.group_consumer_assignors, interval_ms, now)
    outcome.records += draft.records
    outcome.told += draft.told
    own_ids = (None, before.member_id, known.member_id if known is not None else None)
    member = reconcile(
        before,
        draft.assignment_epoch,
        draft.target_of(before.member_id),
        lambda slot: group.owner(slot) in own_ids,
        reported,
    )
    if known is None or known.member_id != member.member_id or member != before:
        outcome.records.append(records.current_assignment(group.group_id, member))
        tell(
            groups.trace,
            outcome,
            telling.reconciled,
            group.group_id,
            member.member_id,
            member.epoch,
            member.state.name,
            len(member.assigned),
            len(member.revoking),
        )
    watch_session(groups, group.group_id, member, now, outcome)
    watch_revocation(groups, group.group_id, known, member, now, outcome)
    return member
