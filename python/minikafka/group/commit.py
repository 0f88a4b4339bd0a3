"""OffsetCommit and TxnOffsetCommit: who may move a group's offsets (G7, T12).

| whose commit | group has members | group is empty | no such group |
|---|---|---|---|
| a member's (member id, generation) | both must match: [25], [82], [22] | [25] | [69], older [22] |
| nobody's (generation -1) | UNKNOWN_MEMBER_ID [25] | accepted | accepted |
| nobody's, in a transaction | accepted: old producers cannot say whose | accepted | accepted |

"Nobody" is a consumer that assigns itself partitions, or an administrator.

A member's commit keeps its session. In CompletingRebalance it hears REBALANCE_IN_PROGRESS [27], as its partitions may
already be another's; in PreparingRebalance it is accepted, because consumers commit when they give partitions up.
A member of a KIP-848 group proves itself by its epoch instead (`consumer/offsets.py`, G16).
Transactional commits ignore the state: the generation check and the transaction itself protect them (KIP-447).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.classic.member import Member
from minikafka.group.classic.rebalance import renew_session
from minikafka.group.classic.requests import UNKNOWN_MEMBER_ID, Identity
from minikafka.group.classic.states import DEAD, EMPTY, HEARS
from minikafka.group.consumer.leave import watch_session
from minikafka.group.consumer.member import ConsumerMember
from minikafka.group.consumer.offsets import commit_error, committing_member
from minikafka.group.groups import Groups
from minikafka.group.records import CommittedOffset, offset_commit_record
from minikafka.group.telling import tell
from minikafka.types import (
    NO_EPOCH,
    NO_TIMESTAMP,
    NO_TOPIC_ID,
    LeaderEpoch,
    Now,
    Offset,
    ProducerEpoch,
    ProducerId,
    TopicId,
    TopicPartition,
)


class OffsetToCommit(NamedTuple):
    """One offset, as asked."""

    partition: TopicPartition
    offset: Offset
    leader_epoch: LeaderEpoch = NO_EPOCH
    metadata: str | None = None
    topic_id: TopicId = NO_TOPIC_ID


class CommitRequest(NamedTuple):
    """OffsetCommit.

    unknown_group: what a member of a group that does not exist hears: GROUP_ID_NOT_FOUND [69] from v9 on,
        ILLEGAL_GENERATION [22] before (for TxnOffsetCommit: from v6 on).
    retention_time_ms: of v2-v4; -1: the broker's setting decides when the offsets expire.
    """

    identity: Identity
    offsets: Sequence[OffsetToCommit]
    unknown_group: ErrorCode = ErrorCode.GROUP_ID_NOT_FOUND
    retention_time_ms: int = -1


def commit(groups: Groups, request: CommitRequest, now: Now) -> Result[list[ErrorCode]]:
    """An error per offset asked, in order: NONE or OFFSET_METADATA_TOO_LARGE [12]. Raises Rejected, see the module."""
    outcome: Result[list[ErrorCode]] = Result()
    if request.identity.group_id in groups.consumer:
        _commit_of_consumer_group(groups, request, now, outcome, is_transactional=False)
        return outcome
    group = _group(groups, request)
    if group is not None:
        member = _check(group, request.identity, is_transactional=False)
        if member is not None:
            renew_session(groups, group, member, now, outcome)
    _write(groups, request, now, outcome)
    return outcome


def commit_in_transaction(
    groups: Groups, request: CommitRequest, producer_id: ProducerId, producer_epoch: ProducerEpoch, now: Now
) -> Result[list[ErrorCode]]:
    """The same, as a batch of the producer's transaction: pending until its marker. Does not renew the session."""
    outcome: Result[list[ErrorCode]] = Result(producer_id=producer_id, producer_epoch=producer_epoch)
    if request.identity.group_id in groups.consumer:
        _commit_of_consumer_group(groups, request, now, outcome, is_transactional=True)
        return outcome
    group = _group(groups, request)
    if group is not None:
        _check(group, request.identity, is_transactional=True)
    _write(groups, request, now, outcome)
    return outcome


def _commit_of_consumer_group(
    groups: Groups,
    request: CommitRequest,
    now: Now,
    outcome: Result[list[ErrorCode]],
    *,
    is_transactional: bool,
) -> None:
    """G16."""
    group_id, member_id, _, epoch = request.identity
    member = committing_member(
        groups.consumer[group_id],
        member_id,
        epoch,
        is_transactional=is_transactional,
        knows_epochs=request.unknown_group is not ErrorCode.ILLEGAL_GENERATION,
    )
    _write(groups, request, now, outcome, (member, epoch))
    if member is not None and not is_transactional:
        watch_session(groups, group_id, member, now, outcome)


def _group(groups: Groups, request: CommitRequest) -> ClassicGroup | None:
    """The group; None when the commit itself brings it into being."""
    identity = request.identity
    group = groups.get(identity.group_id)
    if group is None and identity.generation_id >= 0:
        raise Rejected(request.unknown_group, f"no group {identity.group_id}", rule="G7")
    return group


def _check(group: ClassicGroup, identity: Identity, *, is_transactional: bool) -> Member | None:
    """The member who commits; None when nobody in the group does."""
    if group.state is DEAD:
        raise Rejected(HEARS[DEAD].commit, "the group is gone", rule="G7")
    if identity.generation_id < 0 and group.state is EMPTY:
        return None
    names_a_member = identity.member_id != UNKNOWN_MEMBER_ID or identity.instance_id is not None
    if identity.generation_id < 0 and not names_a_member:
        if not is_transactional:
            raise Rejected(
                ErrorCode.UNKNOWN_MEMBER_ID,
                "the group has members, and this commit is none of theirs",
                rule="G7",
            )
        return None
    member = group.check_member(identity)
    if identity.generation_id != group.generation_id:
        why = f"generation {identity.generation_id}, the group is at {group.generation_id}"
        raise Rejected(ErrorCode.ILLEGAL_GENERATION, why, rule="G7")
    heard = HEARS[group.state].commit
    if heard != ErrorCode.NONE and not is_transactional:
        raise Rejected(heard, f"the group is {group.state.value}", rule="G7")
    return member


def _write(
    groups: Groups,
    request: CommitRequest,
    now: Now,
    outcome: Result[list[ErrorCode]],
    by: tuple[ConsumerMember | None, int] = (None, NO_EPOCH),
) -> None:
    """`by`: the KIP-848 member who commits, and the epoch it gave."""
    errors: list[ErrorCode] = []
    written: list[str] = []
    has_retention = request.retention_time_ms != -1
    expire_timestamp_ms = now.wall_ms + request.retention_time_ms if has_retention else NO_TIMESTAMP
    for asked in request.offsets:
        metadata = asked.metadata or ""
        if len(metadata) > groups.settings.offset_metadata_max_bytes:
            errors.append(ErrorCode.OFFSET_METADATA_TOO_LARGE)
            continue
        error = commit_error(*by, asked.topic_id, asked.partition.partition)
        errors.append(error)
        if error is not ErrorCode.NONE:
            continue
        committed = CommittedOffset(
            asked.offset, asked.leader_epoch, metadata, now.wall_ms, expire_timestamp_ms, asked.topic_id
        )
        topic, partition = asked.partition
        outcome.records.append(offset_commit_record(request.identity.group_id, topic, partition, committed))
        if groups.trace.on:
            written.append(f"{topic}-{partition}@{asked.offset}")
    outcome.response = errors
    group_id, member_id, *_ = request.identity
    if outcome.producer_id >= 0:
        tell(groups.trace, outcome, telling.pending, group_id, outcome.producer_id, written)
    else:
        tell(groups.trace, outcome, telling.committed, group_id, member_id, written)
