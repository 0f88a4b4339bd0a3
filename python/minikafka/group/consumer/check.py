"""What a ConsumerGroupHeartbeat must look like, and which epoch it may bring (G12, G15).

| sent epoch | |
|---|---|
| above the member's | FENCED_MEMBER_EPOCH [110]: it knows what this coordinator never wrote |
| the member's | fine |
| the one before, owning nothing but what it was assigned | fine: the last answer was lost |
| any other | [110]: rejoin with nothing |
"""

from __future__ import annotations

from collections.abc import Sequence

from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer.member import JOIN_EPOCH, LEAVE_EPOCH, STATIC_LEAVE_EPOCH, ConsumerMember
from minikafka.group.consumer.requests import HeartbeatRequest


def check_request(request: HeartbeatRequest, assignors: Sequence[str]) -> None:
    """Raises Rejected: INVALID_REQUEST [42], UNSUPPORTED_ASSIGNOR [112]."""
    why = _malformed(request)
    if why is not None:
        raise Rejected(ErrorCode.INVALID_REQUEST, why, rule="G12")
    if request.assignor is not None and request.assignor not in assignors:
        known = ", ".join(assignors)
        raise Rejected(
            ErrorCode.UNSUPPORTED_ASSIGNOR,
            f"ServerAssignor {request.assignor} is not supported. Supported assignors: {known}.",
            rule="G15",
        )


def _malformed(request: HeartbeatRequest) -> str | None:
    """Kafka's own sentences; clients log them."""
    named = {"GroupId": request.group_id, "InstanceId": request.instance_id, "RackId": request.rack_id}
    for name, value in named.items():
        if value is not None and not value.strip():
            return f"{name} can't be empty."
    if not request.member_id and (request.makes_its_own_id or request.member_epoch != JOIN_EPOCH):
        return "MemberId can't be empty."
    if request.member_epoch < STATIC_LEAVE_EPOCH:
        return "MemberEpoch is invalid."
    if request.member_epoch == STATIC_LEAVE_EPOCH and request.instance_id is None:
        return "InstanceId can't be null."
    return _malformed_join(request) if request.member_epoch == JOIN_EPOCH else None


def _malformed_join(request: HeartbeatRequest) -> str | None:
    if request.rebalance_timeout_ms == -1:
        return "RebalanceTimeoutMs must be provided in first request."
    if request.owned is None or request.owned:
        return "TopicPartitions must be empty when (re-)joining."
    if not request.topics and not request.regex:
        return "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining."
    return None


def check_epoch(member: ConsumerMember, request: HeartbeatRequest) -> None:
    """Raises Rejected: FENCED_MEMBER_EPOCH [110]."""
    if request.member_epoch == member.epoch:
        return
    lost_an_answer = (
        request.member_epoch == member.previous_epoch
        and request.member_epoch < member.epoch
        and request.owned is not None
        and request.owned <= member.assigned.keys()
    )
    if not lost_an_answer:
        why = (
            f"the member is at epoch {member.epoch}, not {request.member_epoch}; it must rejoin with nothing"
        )
        raise Rejected(ErrorCode.FENCED_MEMBER_EPOCH, why, rule="G15")


def check_instance(member: ConsumerMember | None, request: HeartbeatRequest) -> ConsumerMember:
    """The static member who asks. Raises Rejected: UNKNOWN_MEMBER_ID [25], FENCED_INSTANCE_ID [82]."""
    if member is None:
        raise Rejected(
            ErrorCode.UNKNOWN_MEMBER_ID, f"no member has the instance id {request.instance_id}", rule="G15"
        )
    if member.member_id != request.member_id:
        why = f"{request.instance_id} was taken over by {member.member_id}"
        raise Rejected(ErrorCode.FENCED_INSTANCE_ID, why, rule="G15")
    return member


def is_leaving(request: HeartbeatRequest) -> bool:
    return request.member_epoch in (LEAVE_EPOCH, STATIC_LEAVE_EPOCH)
