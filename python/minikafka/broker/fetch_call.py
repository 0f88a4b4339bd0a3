"""One Fetch request: read what there is, wait for more, answer.

F4 decides when: at once if nothing was asked for, `max_wait_ms` is 0, `min_bytes` are there, or any partition has news
that is not data (an error, a diverging epoch, a preferred replica); otherwise when one of its partitions moved far
enough, or at the deadline.

What is read is what the request names, or, in a session (F10), those partitions of the session that may have news.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from minikafka.broker.fetch_answer import FetchAnswer, Found
from minikafka.broker.fetch_session import NO_SESSION, CachedPartition, FetchSession, Key, Reader, next_epoch
from minikafka.broker.fetch_sessions import Asked
from minikafka.broker.fetch_told import tell_answer
from minikafka.broker.purgatory import Bound, Mark
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.partition import Isolation, Partition, Read
from minikafka.types import NO_EPOCH, NO_OFFSET, Now, TopicPartition
from minikafka.wire.messages.fetch import FetchRequest, FetchResponse

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

BOUND_OF: Final = {
    Isolation.REPLICA: Bound.LOG_END_OFFSET,
    Isolation.READ_UNCOMMITTED: Bound.HIGH_WATERMARK,
    Isolation.READ_COMMITTED: Bound.LAST_STABLE_OFFSET,
}
"""F1, F4: what a reader's records are bounded by is what wakes it."""
FOLLOWER_FETCH_VERSION: Final = 11
"""KIP-392: from here on consumers may read from followers, and say in which rack they stand."""
TOPIC_ID_VERSION: Final = 13
REPLICA_STATE_VERSION: Final = 15
MAX_WAIT_MS: Final = 300_000
"""Nobody waits longer, whatever was asked for: a parked fetch outlives its connection until its deadline."""


@lru_cache(maxsize=4096)
def marks_of(partition: TopicPartition, bound: Bound) -> tuple[Mark, Mark]:
    """What a reader of `partition` waits to see move."""
    return Mark(partition, bound), Mark(partition, Bound.LEADERSHIP)


def reader_of(broker: Broker, request: Request[FetchRequest]) -> Reader:
    """Who sent this: a follower by its id, or a consumer with its isolation level and perhaps its rack (F1, F11)."""
    body, version = request.body, request.api_version
    if version >= REPLICA_STATE_VERSION:
        replica_id, replica_epoch = body.replica_state.replica_id, body.replica_state.replica_epoch
    else:
        replica_id, replica_epoch = body.replica_id, NO_OFFSET
    if replica_id >= 0:
        return Reader(Isolation.REPLICA, replica_id, replica_epoch, only_leader=True, rack="")
    isolation = Isolation.READ_COMMITTED if body.isolation_level == 1 else Isolation.READ_UNCOMMITTED
    only_leader = version < FOLLOWER_FETCH_VERSION
    rack = "" if only_leader or not broker.settings.selects_by_rack else body.rack_id
    return Reader(isolation, replica_id, replica_epoch, only_leader, rack)


class FetchCall:
    """A request and what it waits for. A purgatory waiter."""

    __slots__ = ("_asked", "_broker", "_by_id", "_reader", "_request", "done")

    def __init__(self, broker: Broker, request: Request[FetchRequest]) -> None:
        self._broker = broker
        self._request = request
        self._reader = reader_of(broker, request)
        self._by_id = request.api_version >= TOPIC_ID_VERSION
        self._asked = Asked({})
        self.done = False

    @property
    def bound(self) -> Bound:
        return BOUND_OF[self._reader.isolation]

    # Answer, or wait.

    def begin(self, now: Now) -> None:
        """Note what a follower's offsets acknowledge, read, then answer or wait."""
        body = self._request.body
        try:
            self._asked = self._broker.fetch_sessions.asked(
                body.session_id,
                body.session_epoch,
                self._partitions(),
                self._forgotten(),
                self._reader,
                by_id=self._by_id,
                now=now,
            )
        except Rejected as rejected:
            self._refuse(rejected)
            return
        if self._reader.replica_id >= 0:
            self._note_follower(now)
        if body.max_wait_ms <= 0 or self._asks_for_nothing:
            self.expired(now)
        elif not self._answer_if_enough(now):
            self._wait(now.waiting_ms + min(body.max_wait_ms, MAX_WAIT_MS))
            # A follower that has caught up does nothing but wait: it would be told for every batch.
            if self._broker.trace.on and self._reader.replica_id < 0:
                self._tell_parked()

    @property
    def _asks_for_nothing(self) -> bool:
        return self._asked.session is None and not self._asked.partitions

    def _wait(self, deadline_ms: int) -> None:
        session = self._asked.session
        if session is not None:
            session.park(self)
            self._broker.fetch_purgatory.park(self, (), deadline_ms)
            return
        named = [asked.name for asked in self._asked.partitions.values() if asked.name is not None]
        marks = [mark for name in named for mark in marks_of(name, self.bound)]
        self._broker.fetch_purgatory.park(self, marks, deadline_ms)

    def _tell_parked(self) -> None:
        session = self._asked.session
        self._broker.trace.event(
            "fetch",
            "F4",
            what="parked",
            replica_id=self._reader.replica_id,
            bound=self._reader.isolation.value,
            max_wait_ms=self._request.body.max_wait_ms,
            min_bytes=self._request.body.min_bytes,
            partitions=len(self._asked.partitions if session is None else session.partitions),
            session_id=NO_SESSION if session is None else session.id,
        )

    def moved(self, mark: Mark, now: Now) -> None:
        """Data arrived below our bound, or a leadership changed. One byte is what nearly everyone waits for."""
        if self._request.is_abandoned:
            self.done = True
        else:
            self._answer_if_enough(now)

    def expired(self, now: Now) -> None:
        """The wait is over; answer with what there is."""
        found, _, _ = self._read(now)
        self._answer(found, now)

    def _answer_if_enough(self, now: Now) -> bool:
        found, size, is_urgent = self._read(now)
        if is_urgent or size >= self._request.body.min_bytes:
            self._answer(found, now)
        return self.done

    def _refuse(self, rejected: Rejected) -> None:
        """The session is not as the request believes: that is the whole answer."""
        self.done = True
        if self._broker.trace.on:
            self._broker.trace.event(
                "refused",
                rejected.rule or "F10",
                api="Fetch",
                code=rejected.code.name,
                why=rejected.why,
                replica_id=self._reader.replica_id,
            )
        self._request.reply(FetchResponse(error_code=int(rejected.code), session_id=NO_SESSION))

    def _answer(self, found: Found, now: Now) -> None:
        self.done = True
        asked = self._asked
        session = asked.session
        if session is not None and session.epoch != next_epoch(asked.epoch):
            # The same session went on elsewhere while this fetch waited: what it found may have been told there.
            refused = FetchResponse(
                error_code=int(ErrorCode.INVALID_FETCH_SESSION_EPOCH), session_id=session.id
            )
            self._request.reply(refused)
            return
        if self._broker.trace.on:
            tell_answer(self._broker.trace, self._reader, found, self._request)
        told = found
        if session is not None:
            told = [each for each in found if each[0].has_news(each[1])]
        elif asked.opens:
            session = self._broker.fetch_sessions.open(
                asked.partitions, self._reader, by_id=self._by_id, now=now
            )
        if session is not None:
            for partition, outcome in found:
                self._remember(session, partition, outcome)
        answer = FetchAnswer(self._broker, self._request, self._reader.isolation)
        self._request.reply(answer.of(told, NO_SESSION if session is None else session.id))

    def _remember(self, session: FetchSession, partition: CachedPartition, outcome: Read | Rejected) -> None:
        """What the session's reader is being told; whether the partition has to be read again to tell it more."""
        partition.told(outcome)
        if isinstance(outcome, Rejected):
            return
        if len(outcome.records):
            session.serve_last(partition)
        elif outcome.at_end and self._may_rest(partition, session):
            session.rest(partition)

    def _may_rest(self, asked: CachedPartition, session: FetchSession) -> bool:
        """A consumer may be sent to another replica at any time (F11); a follower goes by the session's clock (R2)."""
        if self._reader.replica_id < 0:
            return not self._reader.rack
        partition = self._broker.replicas.get(asked.name) if asked.name is not None else None
        return partition is not None and partition.follower_rests(self._reader.replica_id, session.clock)

    # What is asked for.

    def _partitions(self) -> dict[Key, CachedPartition]:
        """By key, in the order asked for; of what is named twice the last counts."""
        image = self._broker.image
        partitions: dict[Key, CachedPartition] = {}
        for topic in self._request.body.topics:
            name = image.topic_name(topic.topic_id) if self._by_id else topic.topic
            for wanted in topic.partitions:
                named = None if name is None else TopicPartition(name, wanted.partition)
                asked = CachedPartition(topic.topic, topic.topic_id, named, wanted)
                partitions[asked.key] = asked
        return partitions

    def _forgotten(self) -> Iterable[Key]:
        for topic in self._request.body.forgotten_topics_data:
            for index in topic.partitions:
                yield topic.topic, topic.topic_id, index

    def _to_read(self) -> Iterable[CachedPartition]:
        session = self._asked.session
        if session is None:
            return self._asked.partitions.values()
        stirred = session.stirred()
        for partition in stirred:
            if partition.name is None:
                name = self._broker.image.topic_name(partition.topic_id)
                if name is not None:
                    found = TopicPartition(name, partition.wanted.partition)
                    self._broker.fetch_sessions.named(partition, session, found)
        return stirred

    # Reading.

    def _note_follower(self, now: Now) -> None:
        """R1. Of the partitions of a session at rest, the session's clock tells that they were fetched now (R2)."""
        reader = self._reader
        for asked in self._to_read():
            wanted = asked.wanted
            partition = self._broker.replicas.get(asked.name) if asked.name is not None else None
            if partition is not None and partition.is_leader:
                moved = partition.follower_fetched(
                    reader.replica_id,
                    reader.replica_epoch,
                    wanted.fetch_offset,
                    wanted.log_start_offset,
                    now,
                    leader_epoch=wanted.current_leader_epoch,
                    last_fetched_epoch=wanted.last_fetched_epoch,
                )
                if moved:
                    self._broker.replicas.changed(partition)
        if self._asked.session is not None:
            self._asked.session.clock.tick(now.monotonic_ms)

    def _read(self, now: Now) -> tuple[Found, int, bool]:
        """What each partition has as of now, the bytes of records in it, and whether it must not wait."""
        left = min(self._request.body.max_bytes, self._broker.settings.fetch_max_bytes)
        size = 0
        is_urgent = False
        found: Found = []
        for asked in self._to_read():
            try:
                max_bytes = min(asked.wanted.partition_max_bytes, left)
                read = self._read_partition(asked, max_bytes, size == 0, now)
            except Rejected as rejected:
                is_urgent = True
                found.append((asked, rejected))
                continue
            found.append((asked, read))
            size += len(read.records)
            left = max(0, left - len(read.records))
            is_urgent = is_urgent or read.diverging is not None or read.preferred_replica is not None
        return found, size, is_urgent

    def _read_partition(self, asked: CachedPartition, max_bytes: int, first: bool, now: Now) -> Read:
        name, wanted, reader = asked.name, asked.wanted, self._reader
        if name is None:
            raise Rejected(ErrorCode.UNKNOWN_TOPIC_ID, "no topic has this id here", rule="F12")
        replicas = self._broker.replicas
        partition: Partition = replicas.leader(name) if reader.only_leader else replicas.serving(name)
        if self._by_id and asked.topic_id != partition.topic_id:
            why = f"the log of {name} is of another topic of that name"
            raise Rejected(ErrorCode.INCONSISTENT_TOPIC_ID, why, rule="F12")
        if reader.rack:
            redirected = partition.redirect(
                wanted.fetch_offset, reader.rack, self._broker.racks(), wanted.current_leader_epoch
            )
            if redirected is not None:
                return redirected
        if reader.isolation is Isolation.REPLICA:
            self._check_follower(partition, wanted.current_leader_epoch)
        return partition.read(
            offset=wanted.fetch_offset,
            max_bytes=max_bytes,
            at_least_one_batch=first,
            isolation=reader.isolation,
            current_leader_epoch=wanted.current_leader_epoch,
            last_fetched_epoch=wanted.last_fetched_epoch,
            now=now,
            only_from_leader=reader.only_leader,
        )

    def _check_follower(self, partition: Partition, leader_epoch: int) -> None:
        """R17: one that knows our epoch may have heard of its assignment before we did; it asks again."""
        replica_id = self._reader.replica_id
        if replica_id == self._broker.broker_id or replica_id not in partition.replicas:
            knows = leader_epoch != NO_EPOCH
            code = ErrorCode.UNKNOWN_LEADER_EPOCH if knows else ErrorCode.NOT_LEADER_OR_FOLLOWER
            raise Rejected(
                code, f"broker {replica_id} is no follower of {partition.topic_partition}", rule="R17"
            )
