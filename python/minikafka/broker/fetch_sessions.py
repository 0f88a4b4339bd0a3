"""All fetch sessions of a broker: which are opened, which go on, which have to go (F10, KIP-227).

    id   epoch   is
    0    0       a full fetch that opens a session; the answer carries its id, or 0 when there is no room
    n    0       the same, after closing session n
    any  -1      a full fetch without a session; session n, if there is one, is closed
    n    e       the next fetch of session n, if e is the epoch expected

    refused with                          when
    FETCH_SESSION_ID_NOT_FOUND [70]       there is no session n: evicted, or of an earlier life of this broker
    INVALID_FETCH_SESSION_EPOCH [71]      e is another: a request was lost, or came twice
    FETCH_SESSION_TOPIC_ID_ERROR [106]    the session is by topic id (v13) and the request by name, or the reverse

A refusal is the whole answer; the client then sends a full fetch. A session left without partitions is closed, and
answers as a fetch without one.

There is room for `max.incremental.fetch.session.cache.slots` (1000). A new session takes the place of another:

    of the one unused for longest, if that is more than two minutes;
    else of the smallest that is older than two minutes (for a follower: of the smallest consumer's, whatever its age),
    unless the new one is no larger. Consumers' go before followers'.

So many small readers do not push out the large ones, for which sessions save most, and nobody pushes out a follower.
Kafka keeps eight such caches of an eighth each; *here* it is one, and the partitions remembered in all sessions are
bounded as well: a session that would pass the bound is not opened, or ends as if evicted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from minikafka.broker.fetch_session import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    NO_SESSION,
    CachedPartition,
    FetchSession,
    Key,
    Reader,
    SessionEpoch,
    SessionId,
    next_epoch,
)
from minikafka.broker.purgatory import Mark
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.values import Isolation
from minikafka.trace import NOBODY, Trace
from minikafka.types import Now, TopicPartition

EVICTION_MS: Final = 120_000
"""Kafka's `MIN_INCREMENTAL_FETCH_SESSION_EVICTION_MS`, a constant there as well."""
MAX_CACHED_PARTITIONS: Final = 500_000
"""Of all sessions together."""
ID_MASK: Final = 2**31 - 1


class Asked(NamedTuple):
    """What a request comes to. Of a session: its partitions are read; otherwise exactly `partitions`.

    epoch: of the request; a session that has gone on meanwhile must not be told its answer.
    """

    partitions: dict[Key, CachedPartition]
    session: FetchSession | None = None
    opens: bool = False
    epoch: SessionEpoch = FINAL_EPOCH


class FetchSessions:
    """Sessions by id, and by the partitions in them."""

    def __init__(self, slots: Callable[[], int], first_id: int, trace: Trace = NOBODY) -> None:
        """`slots`: how many sessions may be kept now. `first_id`: any number, another one in each life of the broker,
        so that a session of an earlier life is not taken for one of this."""
        self._slots = slots
        self._trace = trace
        self._next_id = first_id & ID_MASK
        self._sessions: dict[SessionId, FetchSession] = {}
        self._watching: dict[TopicPartition, dict[CachedPartition, FetchSession]] = {}
        self._cached = 0

    def __len__(self) -> int:
        return len(self._sessions)

    # A request comes.

    def asked(
        self,
        session_id: SessionId,
        epoch: SessionEpoch,
        partitions: dict[Key, CachedPartition],
        forgotten: Iterable[Key],
        reader: Reader,
        *,
        by_id: bool,
        now: Now,
    ) -> Asked:
        """Find, go on with, or close the session named. Raises Rejected [70], [71], [106]."""
        if epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            self._close(self._sessions.get(session_id), now)
            return Asked(partitions, opens=epoch == INITIAL_EPOCH)
        session = self._expected(session_id, epoch, by_id)
        session.read_by(reader)
        self._update(session, partitions.values(), forgotten)
        if self._cached > MAX_CACHED_PARTITIONS:
            self._close(session, now)
            raise Rejected(
                ErrorCode.FETCH_SESSION_ID_NOT_FOUND, "too many partitions in fetch sessions", rule="F10"
            )
        if not session.partitions:
            self._close(session, now)
            return Asked(partitions)
        session.size = len(session.partitions)
        session.last_used_ms = now.monotonic_ms
        session.epoch = next_epoch(epoch)
        return Asked(partitions, session, epoch=epoch)

    def _expected(self, session_id: SessionId, epoch: SessionEpoch, by_id: bool) -> FetchSession:
        session = self._sessions.get(session_id)
        if session is None:
            raise Rejected(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, f"no fetch session {session_id}", rule="F10")
        if session.epoch != epoch:
            why = f"fetch session {session_id} is at epoch {session.epoch}, not {epoch}"
            raise Rejected(ErrorCode.INVALID_FETCH_SESSION_EPOCH, why, rule="F10")
        if session.by_id != by_id:
            ways = "topic ids, not names" if session.by_id else "topic names, not ids"
            why = f"fetch session {session_id} goes by {ways}"
            raise Rejected(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR, why, rule="F10")
        return session

    def _update(
        self, session: FetchSession, partitions: Iterable[CachedPartition], forgotten: Iterable[Key]
    ) -> None:
        for asked in partitions:
            known = session.partitions.get(asked.key)
            if known is None:
                self._add(session, asked)
            else:
                session.ask_again(known, asked)
        for key in forgotten:
            gone = session.forget(key)
            if gone is not None:
                self._unwatch(gone)

    # A full fetch is answered.

    def open(
        self, partitions: dict[Key, CachedPartition], reader: Reader, *, by_id: bool, now: Now
    ) -> FetchSession | None:
        """A new session of these, if there is room or room can be made."""
        privileged = reader.isolation is Isolation.REPLICA
        if self._cached + len(partitions) > MAX_CACHED_PARTITIONS:
            return None
        if len(self._sessions) >= self._slots() and not self._evict(privileged, len(partitions), now):
            return None
        session = FetchSession(self._new_id(), reader, by_id=by_id, now_ms=now.monotonic_ms)
        for partition in partitions.values():
            self._add(session, partition)
        session.size = len(partitions)
        self._sessions[session.id] = session
        if self._trace.on:
            self._trace.event(
                "fetch_session",
                "F10",
                what="opened",
                session_id=session.id,
                replica_id=reader.replica_id,
                partitions=session.size,
                sessions=len(self._sessions),
            )
        return session

    def _new_id(self) -> SessionId:
        while True:
            self._next_id = (self._next_id + 1) & ID_MASK
            if self._next_id != NO_SESSION and self._next_id not in self._sessions:
                return self._next_id

    def _evict(self, privileged: bool, size: int, now: Now) -> bool:
        """Make room for a new session. False when nobody has to go for it."""
        oldest = min(
            self._sessions.values(), key=lambda session: (session.last_used_ms, session.id), default=None
        )
        if oldest is None:
            return False
        if now.monotonic_ms - oldest.last_used_ms <= EVICTION_MS:
            oldest = min(filter(_may_go_for(privileged), self._sessions.values()), key=_worth, default=None)
            if oldest is None or (privileged, size, 0) < _worth(oldest):
                return False
        self._close(oldest, now, why="evicted")
        return True

    def _close(self, session: FetchSession | None, now: Now, *, why: str = "closed") -> None:
        if session is None:
            return
        if self._trace.on:
            self._trace.event(
                "fetch_session",
                "F10",
                what=why,
                session_id=session.id,
                replica_id=session.reader.replica_id,
                unused_ms=now.monotonic_ms - session.last_used_ms,
            )
        del self._sessions[session.id]
        for partition in session.partitions.values():
            self._unwatch(partition)
        session.end(now)

    # Partitions move.

    def stir(self, name: TopicPartition) -> None:
        """Something may have moved in `name`."""
        for partition, session in self._watching.get(name, _NOBODY).items():
            session.stir(partition)

    def moved(self, mark: Mark, now: Now) -> None:
        """`mark` has moved: wake who waits for it."""
        watching = self._watching.get(mark.partition)
        if watching is not None:
            for session in tuple(watching.values()):
                session.moved(mark, now)

    def named(self, partition: CachedPartition, session: FetchSession, name: TopicPartition) -> None:
        """The topic id of `partition` became known."""
        partition.name = name
        self._watching.setdefault(name, {})[partition] = session

    def _add(self, session: FetchSession, partition: CachedPartition) -> None:
        session.add(partition)
        self._cached += 1
        if partition.name is not None:
            self.named(partition, session, partition.name)

    def _unwatch(self, partition: CachedPartition) -> None:
        self._cached -= 1
        if partition.name is not None:
            watching = self._watching[partition.name]
            del watching[partition]
            if not watching:
                del self._watching[partition.name]


_NOBODY: Final[dict[CachedPartition, FetchSession]] = {}


def _worth(session: FetchSession) -> tuple[bool, int, SessionId]:
    """The least goes first."""
    return session.privileged, session.size, session.id


def _may_go_for(privileged: bool) -> Callable[[FetchSession], bool]:
    """Whether a session that is in use may go for a new one. Its age is that at its last request."""

    def may_go(session: FetchSession) -> bool:
        is_old = session.last_used_ms - session.created_ms > EVICTION_MS
        return is_old or (privileged and not session.privileged)

    return may_go
