"""What classic members ask and hear, as plain values. Handlers translate them from and to the wire."""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.errors import ErrorCode

NO_GENERATION: Final = -1
UNKNOWN_MEMBER_ID: Final = ""
"""The member id of one who has none yet."""


class Protocol(NamedTuple):
    """One assignment strategy a member supports, and what it tells the leader about itself under it."""

    name: str
    metadata: bytes


class Identity(NamedTuple):
    """Who asks. `instance_id` is set for static members (KIP-345); generation -1: not taking part in the group."""

    group_id: str
    member_id: str = UNKNOWN_MEMBER_ID
    instance_id: str | None = None
    generation_id: int = NO_GENERATION


class JoinRequest(NamedTuple):
    """JoinGroup. Timeouts in milliseconds.

    requires_known_member_id: a new dynamic member must first be given an id and come back with it (v4+, KIP-394).
    can_skip_assignment: understands `skip_assignment` in the answer (v9, KIP-814).
    """

    group_id: str
    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocol_type: str
    protocols: tuple[Protocol, ...]
    requires_known_member_id: bool = True
    can_skip_assignment: bool = True


class JoinedMember(NamedTuple):
    """One member as the leader sees it: metadata of the chosen protocol."""

    member_id: str
    instance_id: str | None
    metadata: bytes


class JoinAnswer(NamedTuple):
    """JoinGroup's answer. `members` is filled for the leader only."""

    error: ErrorCode
    member_id: str
    generation_id: int = NO_GENERATION
    protocol_type: str | None = None
    protocol_name: str | None = None
    leader_id: str = ""
    members: tuple[JoinedMember, ...] = ()
    skip_assignment: bool = False


class SyncRequest(NamedTuple):
    """SyncGroup. `assignments` by member id, filled by the leader only; protocol fields are None below v5."""

    identity: Identity
    protocol_type: str | None
    protocol_name: str | None
    assignments: dict[str, bytes]


class SyncAnswer(NamedTuple):
    """SyncGroup's answer."""

    error: ErrorCode
    protocol_type: str | None = None
    protocol_name: str | None = None
    assignment: bytes = b""


class LeavingMember(NamedTuple):
    """One member to remove: by its id, by its instance id alone (an administrator), or by both."""

    member_id: str
    instance_id: str | None


class LeaveAnswer(NamedTuple):
    """What became of one leaving member."""

    member_id: str
    instance_id: str | None
    error: ErrorCode
