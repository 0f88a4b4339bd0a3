"""Offsets of KIP-848 groups: who may commit and ask for them, and when they go (G16, G10, G11).

A member proves itself by its epoch. A commit with an older epoch is accepted for a partition that the member has had
since then: the answer with its newer epoch may still be under way (KIP-1251). Anything else is STALE_MEMBER_EPOCH
[113], and the member asks again after its next heartbeat.
"""

from __future__ import annotations

from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import ConsumerMember, Slot
from minikafka.types import TopicId


def committing_member(
    group: ConsumerGroup, member_id: str, epoch: int, *, is_transactional: bool, knows_epochs: bool
) -> ConsumerMember | None:
    """The member who commits; None when it is nobody's commit to an empty group, or a transaction of an old producer.

    knows_epochs: the request's version can carry member epochs (v9+).
    Raises Rejected: [22], [25], [35], STALE_MEMBER_EPOCH [113] for an epoch the member has not reached.
    """
    if epoch < 0 and (not group.members or (is_transactional and not member_id)):
        return None
    member = group.member(member_id)
    if member.classic is not None:
        _check_generation(member, epoch)
        return member
    if not is_transactional and not knows_epochs:
        why = "OffsetCommit version 9 or above must be used by members using the modern group protocol"
        raise Rejected(ErrorCode.UNSUPPORTED_VERSION, why, rule="G16")
    if epoch > member.epoch:
        raise Rejected(
            ErrorCode.STALE_MEMBER_EPOCH, f"the member is at epoch {member.epoch}, not {epoch}", rule="G16"
        )
    return member


def _check_generation(member: ConsumerMember, generation_id: int) -> None:
    """To a member that speaks classic its epoch is the generation (G17)."""
    if generation_id != member.epoch:
        why = f"generation {generation_id}, the member is at epoch {member.epoch}"
        raise Rejected(ErrorCode.ILLEGAL_GENERATION, why, rule="G16")


def commit_error(member: ConsumerMember | None, epoch: int, topic_id: TopicId, partition: int) -> ErrorCode:
    """What one partition of the commit hears."""
    if member is None or epoch == member.epoch:
        return ErrorCode.NONE
    since = member.assigned.get(Slot(topic_id, partition), member.revoking.get(Slot(topic_id, partition)))
    is_known = since is not None and 0 <= since <= epoch
    return ErrorCode.NONE if is_known else ErrorCode.STALE_MEMBER_EPOCH


def check_fetch(group: ConsumerGroup | None, member_id: str | None, epoch: int) -> None:
    """OffsetFetch v9+ may say who asks. Raises Rejected: [25], STALE_MEMBER_EPOCH [113]."""
    if group is None or (member_id is None and epoch < 0):
        return
    member = group.member(member_id or "")
    if member.classic is not None:
        _check_generation(member, epoch)
    if member.epoch != epoch:
        raise Rejected(
            ErrorCode.STALE_MEMBER_EPOCH, f"the member is at epoch {member.epoch}, not {epoch}", rule="G16"
        )
