"""From KIP-848 back to the classic protocol, with the members in the group (G17).

When the last member that speaks the new protocol goes (it leaves, or is removed) and those who stay all speak the
classic one, the group becomes a classic group again: generation := group epoch, each member with its target as its
assignment. It then rebalances at once, as after any loss of a member, and a leader assigns from there on.

A *static* member that comes back speaking classic may be the last one, too: it takes its own old place over, so nobody
has to rebalance, and its SyncGroup gives it what its predecessor was to have.

When the policy forbids it (`policy.py`), or the group is larger than `group.max.size`, it stays a consumer group whose
members all speak classic.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import TypeVar

from minikafka.coordinator.shard import CoordinatorRecord, Result
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.rebalance import renew_session
from minikafka.group.classic.states import STABLE
from minikafka.group.classic.subscription import CONSUMER_PROTOCOL_TYPE
from minikafka.group.consumer import records
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import ConsumerMember
from minikafka.group.groups import Groups
from minikafka.group.migration.embedded import LATEST_VERSION, write_assignment
from minikafka.group.migration.policy import DOWNGRADES, to_rows
from minikafka.group.records import group_metadata_record
from minikafka.group.telling import tell
from minikafka.types import Now

T = TypeVar("T")


def is_due(groups: Groups, group: ConsumerGroup, going: Collection[str], coming: int = 0) -> bool:
    """Whether the group becomes classic when the members `going` go, and `coming` classic ones come."""
    staying = [member for member in group.members.values() if member.member_id not in going]
    size = len(staying) + coming
    return (
        size > 0
        and all(member.classic is not None for member in staying)
        and groups.settings.group_consumer_migration_policy in DOWNGRADES
        and size <= groups.settings.group_max_size
    )


def downgrade(
    groups: Groups,
    group: ConsumerGroup,
    going: Collection[str],
    coming: ConsumerMember | None,
    now: Now,
    outcome: Result[T],
) -> ClassicGroup:
    """The classic group that `group` becomes when the outcome is written: Stable; the caller has it rebalance if
    somebody is missing. `coming` takes the place of the one who goes.
    """
    (place, *_) = going
    classic = ClassicGroup(group.group_id, now.wall_ms)
    classic.generation_id = group.epoch
    for member in (*group.members.values(), *(() if coming is None else (coming,))):
        if member.member_id not in going:
            classic.add(_as_classic(member), CONSUMER_PROTOCOL_TYPE)
    classic.state = STABLE
    classic.protocol_name = classic.select_protocol()
    classic.note_subscriptions()
    topics = groups.topics()
    for each in classic.members.values():
        member_id = place if coming is not None and each.member_id == coming.member_id else each.member_id
        target = group.target.get(member_id, frozenset())
        each.assignment = write_assignment(
            _version(each.metadata(classic.protocol_name)), to_rows(target, topics)
        )
        renew_session(groups, classic, each, now, outcome)
    assignments = {each.member_id: each.assignment for each in classic.members.values()}
    outcome.records += _tombstones(group)
    outcome.records.append(group_metadata_record(classic, assignments))
    # It is the group once that record is replayed.
    groups.forming[group.group_id] = classic
    tell(groups.trace, outcome, telling.downgraded, group.group_id, classic.generation_id, classic.members)
    return classic


def _as_classic(member: ConsumerMember) -> Member:
    assert member.classic is not None, "whoever stays speaks classic"
    return Member(
        member.member_id,
        member.instance_id,
        member.client_id,
        member.client_host,
        member.classic.session_timeout_ms,
        member.rebalance_timeout_ms,
        member.classic.protocols,
    )


def _version(metadata: bytes) -> int:
    """The newest version of the embedded protocol that both sides know."""
    try:
        (version,) = struct.unpack_from(">h", metadata)
    except struct.error:
        return 0
    return min(max(int(version), 0), LATEST_VERSION)


def _tombstones(group: ConsumerGroup) -> list[CoordinatorRecord]:
    return [
        *(
            record
            for member_id in group.members
            for record in records.member_tombstones(group.group_id, member_id)
        ),
        *(records.resolved_regex(group.group_id, regex, None) for regex in group.resolved),
        *records.group_tombstones(group.group_id),
    ]
