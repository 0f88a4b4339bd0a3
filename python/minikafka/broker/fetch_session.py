"""A fetch session: neither side repeats what the other knows (F10, KIP-227).

A reader of a thousand partitions of which one moves should not have to list a thousand partitions in every request and
hear of a thousand in every answer. So the broker remembers, for each partition of a session, what is asked and what was
told last:

    a request   names the partitions whose offset, epoch or size changed, and those to forget
    an answer   names the partitions with news: records, an error, another high watermark or log start, a log that
                diverges, a preferred replica

Each request carries the session's epoch, one more than the one before: a request that is lost, or sent twice, is found
out by it (`fetch_sessions.py`). A partition that brought records goes behind all others, or the busy ones in front
would fill every answer.

Kafka reads every partition of a session for every request. *Here* a session knows which of its partitions are
*stirred*: those asked for anew, those that moved since they were last read to their end, and those whose last answer
was not the end of it (an error, too many bytes). Only these are read: an idle session costs nothing, a session of a
thousand partitions costs what its busy ones cost. The others would have been read to no news, which is what a reader
cannot see.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, TypeAlias

from minikafka.broker.purgatory import Bound, Mark
from minikafka.errors import Rejected
from minikafka.partition.replica import FetchClock
from minikafka.partition.values import Isolation, Read
from minikafka.types import NO_OFFSET, BrokerEpoch, BrokerId, Now, Offset, TopicId, TopicPartition
from minikafka.wire.messages.fetch import FetchPartition

Key: TypeAlias = tuple[str, TopicId, int]
"""A partition as it is asked for: by name up to v12, by id from v13; the other one is blank."""
SessionId: TypeAlias = int
SessionEpoch: TypeAlias = int

NO_SESSION: Final = 0
INITIAL_EPOCH: Final = 0
"""Opens a session, after closing the one named."""
FINAL_EPOCH: Final = -1
"""Closes the session named; no other is wanted."""
LAST_EPOCH: Final = 2**31 - 1


def next_epoch(epoch: SessionEpoch) -> SessionEpoch:
    """The epoch of the request after the one with `epoch`: 1, 2, ... and 1 again."""
    if epoch < 0:
        return FINAL_EPOCH
    return 1 if epoch == LAST_EPOCH else epoch + 1


class CachedPartition:
    """What a reader asks of one partition, and what it was told last.

    name: None for a topic id that we do not know. high_watermark, log_start_offset: as in the last answer; -1 before
    any, and after an error. turn: partitions are read by ascending turn.
    """

    __slots__ = ("high_watermark", "log_start_offset", "name", "topic", "topic_id", "turn", "wanted")

    def __init__(
        self, topic: str, topic_id: TopicId, name: TopicPartition | None, wanted: FetchPartition
    ) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.name = name
        self.wanted = wanted
        self.high_watermark: Offset = NO_OFFSET
        self.log_start_offset: Offset = NO_OFFSET
        self.turn = 0

    @property
    def key(self) -> Key:
        return self.topic, self.topic_id, self.wanted.partition

    def has_news(self, outcome: Read | Rejected) -> bool:
        """Whether an answer of a session names this partition."""
        return (
            isinstance(outcome, Rejected)
            or len(outcome.records) > 0
            or outcome.high_watermark != self.high_watermark
            or outcome.log_start_offset != self.log_start_offset
            or outcome.diverging is not None
            or outcome.preferred_replica is not None
        )

    def told(self, outcome: Read | Rejected) -> None:
        """The reader is being told this. After an error it knows nothing: the next success is news. Nor after hearing
        where its log parts from ours, since it truncates then and looks at nothing else (F9): an idle partition's
        follower would never learn its high watermark.
        """
        if isinstance(outcome, Rejected) or outcome.diverging is not None:
            self.high_watermark = self.log_start_offset = NO_OFFSET
        else:
            self.high_watermark = outcome.high_watermark
            self.log_start_offset = outcome.log_start_offset


class Reader(NamedTuple):
    """Who reads, and how: what one partition has for one reader says nothing of what it has for another."""

    isolation: Isolation
    replica_id: BrokerId
    replica_epoch: BrokerEpoch
    only_leader: bool
    rack: str


class Waiting(Protocol):
    """A fetch of the session that is parked."""

    done: bool

    @property
    def bound(self) -> Bound: ...

    def moved(self, mark: Mark, now: Now) -> None: ...

    def expired(self, now: Now) -> None: ...


class FetchSession:
    """One session.

    epoch: of the next request. privileged: a follower's. by_id: of v13 and later, which name topics by id.
    last_used_ms, created_ms: monotonic. size: partitions as of the last request (what eviction compares).
    clock: when its reader fetched last; a follower's quiet partitions go by it (R2).
    """

    def __init__(self, session_id: SessionId, reader: Reader, *, by_id: bool, now_ms: int) -> None:
        self.id = session_id
        self.reader = reader
        self.privileged = reader.isolation is Isolation.REPLICA
        self.by_id = by_id
        self.created_ms = now_ms
        self.last_used_ms = now_ms
        self.epoch: SessionEpoch = next_epoch(INITIAL_EPOCH)
        self.partitions: dict[Key, CachedPartition] = {}
        self.size = 0
        self.clock = FetchClock()
        self._stirred: dict[CachedPartition, None] = {}
        self._waiting: list[Waiting] = []
        self._turns = 0

    # What is asked.

    def add(self, partition: CachedPartition) -> None:
        """Asked for the first time: last in turn, and to be read."""
        self.partitions[partition.key] = partition
        self.serve_last(partition)
        self.stir(partition)

    def ask_again(self, known: CachedPartition, asked: CachedPartition) -> None:
        """Its offset, epoch or size changed."""
        known.wanted = asked.wanted
        self.stir(known)

    def forget(self, key: Key) -> CachedPartition | None:
        """Not asked for any more; None if it never was."""
        known = self.partitions.pop(key, None)
        if known is not None:
            self._stirred.pop(known, None)
        return known

    def read_by(self, reader: Reader) -> None:
        """Who fetches now. Another one than last time has heard nothing yet of what is at rest."""
        if reader != self.reader:
            self.reader = reader
            self._stirred = dict.fromkeys(self.partitions.values())

    def serve_last(self, partition: CachedPartition) -> None:
        """Let all others come before it."""
        self._turns += 1
        partition.turn = self._turns

    # What may have news.

    def stir(self, partition: CachedPartition) -> None:
        """Something about it may have changed: the next read looks at it."""
        self._stirred[partition] = None

    def rest(self, partition: CachedPartition) -> None:
        """It was read to its end, and all that was told."""
        self._stirred.pop(partition, None)

    def stirred(self) -> list[CachedPartition]:
        """What has to be read, in turn."""
        return sorted(self._stirred, key=_turn)

    # Who waits.

    def park(self, fetch: Waiting) -> None:
        self._waiting = [one for one in self._waiting if not one.done]
        self._waiting.append(fetch)

    def moved(self, mark: Mark, now: Now) -> None:
        """Ask those who are bound by `mark`."""
        for fetch in tuple(self._waiting):
            if not fetch.done and mark.bound in (fetch.bound, Bound.LEADERSHIP):
                fetch.moved(mark, now)

    def end(self, now: Now) -> None:
        """The session is closed or evicted: a fetch parked in it answers with what there is."""
        for fetch in self._waiting:
            if not fetch.done:
                fetch.expired(now)
        self._waiting.clear()


def _turn(partition: CachedPartition) -> int:
    return partition.turn
