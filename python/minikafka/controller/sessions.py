"""Who was heard of, when: the controller's only memory that is not in its log.

A broker whose heartbeats stop is fenced `broker.session.timeout.ms` after the last one (R12). After a restart
of the controller nobody has been heard of yet, so every unfenced broker is given one full session before it
is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from minikafka.controller.image import MetadataImage
from minikafka.types import BrokerId, Now, Offset

UNKNOWN_OFFSET: Final = -1


@dataclass(slots=True)
class Session:
    """One broker's: deadline_ms (monotonic) is when it ends; metadata_offset the last record it has replayed;
    departure_offset the metadata offset at which its controlled shutdown began."""

    deadline_ms: int
    metadata_offset: Offset = UNKNOWN_OFFSET
    departure_offset: Offset = UNKNOWN_OFFSET


class BrokerSessions:
    """Sessions by broker."""

    def __init__(self) -> None:
        self._sessions: dict[BrokerId, Session] = {}

    def touch(self, broker_id: BrokerId, metadata_offset: Offset, deadline_ms: int) -> None:
        """A heartbeat (or a registration) arrived."""
        session = self._sessions.setdefault(broker_id, Session(deadline_ms))
        session.deadline_ms = deadline_ms
        session.metadata_offset = max(session.metadata_offset, metadata_offset)

    def renew(self, broker_id: BrokerId, deadline_ms: int) -> None:
        """A new life, or a new controller: what was known of the broker is void."""
        self._sessions[broker_id] = Session(deadline_ms)

    def end(self, broker_id: BrokerId) -> None:
        self._sessions.pop(broker_id, None)

    def clear(self) -> None:
        self._sessions.clear()

    def is_live(self, broker_id: BrokerId, now: Now) -> bool:
        session = self._sessions.get(broker_id)
        return session is not None and now.monotonic_ms < session.deadline_ms

    def depart(self, broker_id: BrokerId, offset: Offset) -> None:
        """The broker's controlled shutdown is in the log at `offset`."""
        session = self._sessions.get(broker_id)
        if session is not None:
            session.departure_offset = offset

    def others_heard(self, broker_id: BrokerId, image: MetadataImage) -> bool:
        """Every active broker has replayed the departure of this one."""
        session = self._sessions.get(broker_id)
        if session is None:
            return True
        return all(
            other.metadata_offset >= session.departure_offset
            for other_id, other in self._sessions.items()
            if other_id != broker_id and image.is_active(other_id)
        )
