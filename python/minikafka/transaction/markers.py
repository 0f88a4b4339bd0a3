"""Telling the partitions (T8): once the decision is durable, each partition gets a marker.

One request per broker carries every marker for the partitions it leads; what becomes due while it is under
way leaves with the next. A marker is sent until it is written: leaders move, replicas fall behind,
connections break, and a marker written twice does no harm. Only three things end it:

    written                                          the partition is done
    INVALID_PRODUCER_EPOCH [47]                      the partition knows a later epoch: it was told by someone
    else TRANSACTION_COORDINATOR_FENCED [52]              another coordinator took over; the rest is its
    business

Once no partition is left, the coordinator writes COMPLETE_x. Losing that record is harmless: whoever loads
PREPARE_x sends the markers again (T17).

Kafka stops sending the *whole* transaction's markers on [47], which leaves it in PREPARE_x until a failover;
here only that partition is given up, as the rule says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol

from minikafka.coordinator.led_partition import Timers
from minikafka.errors import ErrorCode
from minikafka.transaction.telling import Telling
from minikafka.types import (
    NO_LEADER,
    BrokerId,
    CoordinatorEpoch,
    Now,
    ProducerEpoch,
    ProducerId,
    TopicPartition,
)

FIRST_BACKOFF_MS: Final = 10
LONGEST_BACKOFF_MS: Final = 1_000

WRITTEN: Final = frozenset(
    {ErrorCode.NONE, ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT, ErrorCode.UNSUPPORTED_VERSION}
)
"""The partition has its marker, or is of a kind that never had transactional data."""

GIVEN_UP: Final = frozenset({ErrorCode.INVALID_PRODUCER_EPOCH})


class Marker(NamedTuple):
    """One entry of WriteTxnMarkers. The epochs fence: a partition takes no marker from an older coordinator,
    nor (TV2) one whose producer epoch is not newer than the transaction it ends.
    """

    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    committed: bool
    coordinator_epoch: CoordinatorEpoch
    transaction_version: int
    partitions: tuple[TopicPartition, ...]


MarkerAnswers = Mapping[tuple[ProducerId, TopicPartition], ErrorCode]


class MarkerSender(Protocol):
    """Ring 3: who leads, and the way there."""

    def leader_of(self, partition: TopicPartition) -> BrokerId | None:
        """NO_LEADER (-1) while it has none; None when there is no such partition (any more)."""

    def send(
        self,
        broker: BrokerId,
        markers: list[Marker],
        answered: Callable[[MarkerAnswers | None, Now], None],
        now: Now,
    ) -> None:
        """WriteTxnMarkers to `broker`. `answered` runs once, at once or later: with an error per partition,
        or with None when no answer came, which leaves open whether the markers are written.
        """


class Ended(NamedTuple):
    """A transaction whose end is decided, and the `__transaction_state` partition it belongs to."""

    coordinator_partition: int
    transactional_id: str
    marker: Marker


class _Telling:
    """A transaction being told, and the partitions still to tell."""

    __slots__ = ("backoff_ms", "done", "ended", "left")

    def __init__(self, ended: Ended, done: Callable[[Now], None]) -> None:
        self.ended = ended
        self.done = done
        self.left = set(ended.marker.partitions)
        self.backoff_ms = FIRST_BACKOFF_MS


class _Due(NamedTuple):
    telling: _Telling
    partitions: tuple[TopicPartition, ...]


class Markers:
    """All transactions being told by this coordinator."""

    def __init__(self, sender: MarkerSender, timers: Timers, telling: Telling | None = None) -> None:
        self._told = telling or Telling()
        self._sender = sender
        self._timers = timers
        self._telling: dict[tuple[int, str], _Telling] = {}
        self._due: dict[BrokerId, list[_Due]] = {}
        self._under_way: set[BrokerId] = set()

    def tell(self, ended: Ended, done: Callable[[Now], None], now: Now) -> None:
        """Write markers until every partition has one; then run `done`."""
        telling = _Telling(ended, done)
        self._telling[ended.coordinator_partition, ended.transactional_id] = telling
        self._route(telling, sorted(telling.left), now)

    def drop(self, index: int) -> None:
        """Leadership of coordinator partition `index` is lost: stop at once, whatever is still under way."""
        for key in [key for key in self._telling if key[0] == index]:
            del self._telling[key]  # its retry timers will find it gone

    def _is_current(self, telling: _Telling) -> bool:
        return (
            self._telling.get((telling.ended.coordinator_partition, telling.ended.transactional_id))
            is telling
        )

    # Out.

    def _route(self, telling: _Telling, partitions: list[TopicPartition], now: Now) -> None:
        """Queue each partition's marker for the broker that leads it now."""
        by_leader: dict[BrokerId, list[TopicPartition]] = {}
        leaderless = []
        for partition in partitions:
            leader = self._sender.leader_of(partition)
            if leader is None:
                # Deleted meanwhile, and its transactions with it.
                telling.left.discard(partition)
            elif leader == NO_LEADER:
                leaderless.append(partition)
            else:
                by_leader.setdefault(leader, []).append(partition)
        for broker in sorted(by_leader):
            self._due.setdefault(broker, []).append(_Due(telling, tuple(by_leader[broker])))
        if leaderless:
            self._retry(telling, leaderless, now)
        for broker in sorted(by_leader):
            self._send(broker, now)
        self._finish_if_told(telling, now)

    def _send(self, broker: BrokerId, now: Now) -> None:
        """Everything due at `broker` in one request, unless one is under way."""
        if broker in self._under_way:
            return
        due = [each for each in self._due.pop(broker, []) if self._is_current(each.telling)]
        if not due:
            return
        self._under_way.add(broker)
        markers = [each.telling.ended.marker._replace(partitions=each.partitions) for each in due]
        if self._told.trace.on:
            self._told.markers_sent(broker, [each.telling.ended.transactional_id for each in due])

        def answered(answers: MarkerAnswers | None, at: Now) -> None:
            self._under_way.discard(broker)
            for each in due:
                self._answered(each, answers, at)
            self._send(broker, at)

        self._sender.send(broker, markers, answered, now)

    # Back.

    def _answered(self, due: _Due, answers: MarkerAnswers | None, now: Now) -> None:
        telling = due.telling
        if not self._is_current(telling):
            return
        producer_id = telling.ended.marker.producer_id
        again = []
        for partition in due.partitions:
            code = None if answers is None else answers.get((producer_id, partition))
            if self._told.trace.on and code is not None:
                self._tell(telling.ended, partition, code)
            if code is ErrorCode.TRANSACTION_COORDINATOR_FENCED:
                self._forget(telling)
                return
            if code in WRITTEN or code in GIVEN_UP:
                telling.left.discard(partition)
            else:
                again.append(partition)
        if again:
            self._retry(telling, again, now)
        self._finish_if_told(telling, now)

    def _tell(self, ended: Ended, partition: TopicPartition, code: ErrorCode) -> None:
        if code in WRITTEN:
            self._told.marker_written(ended.transactional_id, partition)
        elif code in GIVEN_UP:
            self._told.marker_given_up(ended.transactional_id, partition, ended.marker.producer_epoch)
        elif code is ErrorCode.TRANSACTION_COORDINATOR_FENCED:
            self._told.coordinator_fenced(ended.transactional_id, partition)

    def _retry(self, telling: _Telling, partitions: list[TopicPartition], now: Now) -> None:
        """Ask for the leaders again after a pause; it may be another broker by then."""
        deadline_ms = now.monotonic_ms + telling.backoff_ms
        telling.backoff_ms = min(2 * telling.backoff_ms, LONGEST_BACKOFF_MS)
        ended = telling.ended
        key = ("markers", ended.coordinator_partition, ended.transactional_id, str(partitions[0]))

        def again(at: Now) -> None:
            if self._is_current(telling):
                self._route(telling, [each for each in partitions if each in telling.left], at)

        self._timers.set(key, deadline_ms, again)

    def _finish_if_told(self, telling: _Telling, now: Now) -> None:
        if not telling.left and self._is_current(telling):
            self._forget(telling)
            telling.done(now)

    def _forget(self, telling: _Telling) -> None:
        self._telling.pop((telling.ended.coordinator_partition, telling.ended.transactional_id), None)
