"""From the classic protocol to KIP-848, with the members in the group (G17).

It happens when a member that speaks the new protocol joins a classic group whose members are all consumers (protocol
type "consumer": the broker can read what they say, `embedded.py`). The group becomes a consumer group in which

    group epoch, assignment epoch, every member's epoch      the generation
    target and assignment of each member                     what the last leader gave it

so for those who are there nothing has happened yet. They go on speaking the classic protocol (`classic_members.py`) and
learn from their next heartbeat that there is a rebalance, because the newcomer raises the epoch. Whoever waits in a
JoinGroup or SyncGroup hears REBALANCE_IN_PROGRESS [27] and joins again, into the consumer group.

Refused with GROUP_ID_NOT_FOUND [69]: when `group.consumer.migration.policy` is neither `upgrade` nor `bidirectional`,
when a member's bytes cannot be read, when a custom assignor's user data would be lost, when the group is too large.
"""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from minikafka.config import BrokerSettings
from minikafka.coordinator.shard import CoordinatorRecord, Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.requests import JoinAnswer, SyncAnswer
from minikafka.group.consumer import records
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.leave import watch_session
from minikafka.group.consumer.member import ClassicSide, ConsumerMember
from minikafka.group.consumer.topics import Topics
from minikafka.group.groups import Groups
from minikafka.group.migration.embedded import Malformed, read_assignment, read_subscription
from minikafka.group.migration.policy import UPGRADES, to_slots
from minikafka.group.records import group_tombstone
from minikafka.group.telling import tell
from minikafka.types import Now

T = TypeVar("T")


def upgrade(groups: Groups, classic: ClassicGroup, now: Now, outcome: Result[T]) -> ConsumerGroup:
    """The consumer group that `classic` becomes when the outcome is written. Raises Rejected: [69]."""
    _check(groups.settings, classic)
    try:
        group = _converted(classic, groups.topics())
    except Malformed as error:
        raise _refused(classic, f"what a member says of itself cannot be read: {error}") from error
    outcome.records.append(group_tombstone(classic.group_id))
    outcome.records += _records(group)
    for member in group.members.values():
        watch_session(groups, group.group_id, member, now, outcome)
    outcome.after.append(partial(send_back, groups, classic))
    tell(groups.trace, outcome, telling.upgraded, group.group_id, group.epoch, group.members)
    return group


def send_back(groups: Groups, classic: ClassicGroup, _: Now | None = None) -> None:
    """Whoever waits in a request to the group that was."""
    if classic in groups.retired:
        groups.retired.remove(classic)
    for member in classic.members.values():
        join_reply, member.join_reply = member.join_reply, None
        sync_reply, member.sync_reply = member.sync_reply, None
        if join_reply is not None:
            join_reply(JoinAnswer(ErrorCode.REBALANCE_IN_PROGRESS, member.member_id))
        if sync_reply is not None:
            sync_reply(SyncAnswer(ErrorCode.REBALANCE_IN_PROGRESS))


def _check(settings: BrokerSettings, classic: ClassicGroup) -> None:
    if settings.group_consumer_migration_policy not in UPGRADES:
        raise _refused(classic, "online upgrade is disabled")
    if not classic.uses_consumer_protocol:
        raise _refused(classic, "the group does not use the consumer embedded protocol")
    if len(classic.members) > settings.group_consumer_max_size:
        raise _refused(classic, "the group size exceeds the consumer group maximum size")


def _refused(classic: ClassicGroup, why: str) -> Rejected:
    return Rejected(
        ErrorCode.GROUP_ID_NOT_FOUND, f"Cannot upgrade classic group {classic.group_id}: {why}.", rule="G17"
    )


def _converted(classic: ClassicGroup, topics: Topics) -> ConsumerGroup:
    group = ConsumerGroup(classic.group_id)
    group.epoch = group.assignment_epoch = classic.generation_id
    # In the group's first rebalance no protocol is chosen yet.
    protocol_name = classic.protocol_name or classic.select_protocol()
    for each in classic.members.values():
        member = _as_consumer(classic, each, protocol_name, topics)
        group.put(member)
        group.target[member.member_id] = frozenset(member.assigned)
    return group


def _as_consumer(classic: ClassicGroup, member: Member, protocol_name: str, topics: Topics) -> ConsumerMember:
    said = read_subscription(member.metadata(protocol_name))
    given = read_assignment(member.assignment)
    if given.user_data:
        raise _refused(classic, "an unsupported custom assignor is in use, and its user data would be lost")
    return ConsumerMember(
        member.member_id,
        instance_id=member.instance_id,
        rack_id=said.rack_id,
        client_id=member.client_id,
        client_host=member.client_host,
        rebalance_timeout_ms=member.rebalance_timeout_ms,
        topics=tuple(sorted(set(said.topics))),
        epoch=classic.generation_id,
        previous_epoch=classic.generation_id,
        assigned=dict.fromkeys(sorted(to_slots(given.partitions, topics)), classic.generation_id),
        classic=ClassicSide(member.session_timeout_ms, member.protocols),
    )


def _records(group: ConsumerGroup) -> list[CoordinatorRecord]:
    """Everything a log must know of the group."""
    members = group.members.values()
    return [
        *(records.member_metadata(group.group_id, member) for member in members),
        records.group_epoch(group.group_id, group.epoch, group.metadata_hash),
        *(
            records.member_target(group.group_id, member_id, slots)
            for member_id, slots in group.target.items()
        ),
        records.target_epoch(group.group_id, group.assignment_epoch, group.target_timestamp_ms),
        *(records.current_assignment(group.group_id, member) for member in members),
    ]
