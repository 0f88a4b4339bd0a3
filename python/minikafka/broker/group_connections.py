"""Over which connection each group member was heard of last: whoever still has it open lives, whatever the clock says.

Kafka judges members by the time since their last heartbeat. When a test moves broker time by a minute, a client had no
minute to send one; its open connection is then all there is to go by (ADR 0018).
"""

from __future__ import annotations

from typing import Final, TypeAlias

from minikafka.broker.request import Request
from minikafka.broker.sessions import Session

SWEEP_AT_LEAST: Final = 1024
"""Members known before those without a connection are swept out."""

Member: TypeAlias = tuple[str, str]
"""(group id, member id)."""


class GroupConnections:
    """Connections by member."""

    def __init__(self) -> None:
        self._sessions: dict[Member, Session] = {}
        self._sweep_at = SWEEP_AT_LEAST

    def heard(self, request: Request[object], group_id: str, member_id: str) -> None:
        """A request of this member arrived."""
        if not member_id:
            return
        self._sessions[group_id, member_id] = request.session
        if len(self._sessions) > self._sweep_at:
            self._sessions = {member: one for member, one in self._sessions.items() if not one.closed}
            self._sweep_at = max(SWEEP_AT_LEAST, 2 * len(self._sessions))

    def is_open(self, group_id: str, member_id: str) -> bool:
        """The member was heard of, and its connection is still there."""
        session = self._sessions.get((group_id, member_id))
        return session is not None and not session.closed
