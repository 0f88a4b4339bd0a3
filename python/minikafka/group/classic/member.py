"""One member of a classic group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from minikafka.group.classic.requests import JoinAnswer, JoinedMember, JoinRequest, Protocol, SyncAnswer
from minikafka.group.outcome import Reply


@dataclass(slots=True)
class Member:
    """A member as the coordinator knows it. Timeouts in milliseconds.

    protocols: in the member's order of preference. After a failover only the group's chosen one is known, because
        the log keeps no other.
    join_reply, sync_reply: its parked request, if one waits. At most one of them is set.
    is_new: parked in its very first JoinGroup, so it cannot send heartbeats yet.
    """

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout_ms: int
    rebalance_timeout_ms: int
    protocols: tuple[Protocol, ...]
    assignment: bytes = b""
    join_reply: Reply[JoinAnswer] | None = None
    sync_reply: Reply[SyncAnswer] | None = None
    is_new: bool = False

    @classmethod
    def joining(cls, request: JoinRequest, member_id: str) -> Member:
        """The member a JoinGroup introduces, under the id the coordinator gave it."""
        return cls(
            member_id,
            request.instance_id,
            request.client_id,
            request.client_host,
            request.session_timeout_ms,
            request.rebalance_timeout_ms,
            request.protocols,
        )

    @property
    def is_awaiting_join(self) -> bool:
        return self.join_reply is not None

    @property
    def has_satisfied_heartbeat(self) -> bool:
        """Whoever is parked here cannot heartbeat, and its connection shows that it lives. A new member's does not:
        clients that gave up and came back would pile up in the group for ever."""
        return not self.is_new and (self.join_reply is not None or self.sync_reply is not None)

    def metadata(self, protocol_name: str | None) -> bytes:
        """What the member says of itself under this protocol."""
        for protocol in self.protocols:
            if protocol.name == protocol_name:
                return protocol.metadata
        raise AssertionError(f"member {self.member_id} does not support the chosen protocol {protocol_name}")

    def vote(self, candidates: Collection[str]) -> str:
        """The first of its protocols that every member supports."""
        for protocol in self.protocols:
            if protocol.name in candidates:
                return protocol.name
        raise AssertionError(f"member {self.member_id} supports none of {sorted(candidates)}")

    def as_joined(self, protocol_name: str | None) -> JoinedMember:
        return JoinedMember(self.member_id, self.instance_id, self.metadata(protocol_name))
