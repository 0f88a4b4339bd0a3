"""Where `consume` reads from, and when it stops: assigned partitions, or a share of a group's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self

from minikafka.cli.remote import partitions_of
from minikafka.cli.times import timestamp_ms
from minikafka.client.client import Client
from minikafka.client.committed import committed_offsets
from minikafka.client.member import GroupMember
from minikafka.client.offsets import EARLIEST, LATEST, list_offsets
from minikafka.client.reader import Reader, ReceivedRecord
from minikafka.errors import ConfigError, RequestRefused
from minikafka.types import Offset, TopicPartition

COMMIT_S: Final = 5.0
"""As auto.commit.interval.ms."""


class Reading:
    """Assigned partitions. stop_at: where not to go further, by partition."""

    def __init__(self, reader: Reader, stop_at: Mapping[TopicPartition, Offset] | None = None) -> None:
        self.reader = reader
        self.exit_at_end = False
        self.timeout_s: float | None = None
        self.flush: Callable[[], None] = lambda: None
        self.is_out_of_time = False
        self._stop_at = stop_at or {}
        self._heard_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing was begun that had to be ended."""

    def records(self) -> Iterator[ReceivedRecord]:
        """As they come, until told to stop. Raises as `Reader.records`."""
        for record in self.reader.records(self.goes_on):
            self._heard_at = time.monotonic()
            if record.offset < self._stop_at.get(record.partition, record.offset + 1):
                yield record

    def goes_on(self) -> bool:
        """Whether there is more to wait for. Whatever was printed is out before waiting."""
        self.flush()
        positions = self.reader.positions
        if self._stop_at and all(positions[each] >= end for each, end in self._stop_at.items()):
            return False
        if self.exit_at_end and self.reader.is_at_end:
            return False
        if self.timeout_s is not None and time.monotonic() - self._heard_at >= self.timeout_s:
            self.is_out_of_time = True
            return False
        return True


class GroupReading(Reading):
    """As a member: joins, commits what was handed out every five seconds and at the end, leaves."""

    def __init__(self, client: Client, group_id: str, topics: Sequence[str], read_committed: bool) -> None:
        for topic in topics:
            client.partitions(topic)
        super().__init__(Reader(client, {}))
        self._client = client
        self._read_committed = read_committed
        self._member = GroupMember(client, group_id, topics)
        self._committed_at = time.monotonic()
        self._is_current = True

    def __enter__(self) -> Self:
        self._rejoin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What failed to be printed was not consumed.
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self._commit()
        self._member.leave()

    def records(self) -> Iterator[ReceivedRecord]:
        """As they come, also across rebalances."""
        while True:
            yield from super().records()
            if self._is_current:
                return
            self._commit()
            self._rejoin()

    def goes_on(self) -> bool:
        if time.monotonic() - self._committed_at >= COMMIT_S:
            self._commit()
        self._is_current = self._member.is_current()
        return self._is_current and super().goes_on()

    def _rejoin(self) -> None:
        mine = self._member.join()
        known = committed_offsets(self._client, self._member.group_id)
        starts = list_offsets(self._client, [each for each in mine if each not in known], EARLIEST)
        positions = {each: known[each].offset if each in known else starts[each] for each in mine}
        self.reader = Reader(self._client, positions, read_committed=self._read_committed, reset=True)

    def _commit(self) -> None:
        self.flush()
        try:
            self._member.commit(self.reader.positions)
        except RequestRefused:
            # The group went on without us; whoever has these partitions now reads again from the last commit.
            return
        finally:
            self._committed_at = time.monotonic()


class Range(NamedTuple):
    """What `-o` asks for: a start, and with `e@` an end, both still to be looked up."""

    start: str
    end: str | None

    @classmethod
    def parse(cls, text: str | None) -> Range:
        """Raises ConfigError."""
        start, end = "beginning", None
        for part in (text or start).split(","):
            if part.startswith("e@"):
                end = part[2:]
            elif part.startswith("s@") or part in WORDS or part.removeprefix("-").isdigit():
                start = part
            else:
                raise ConfigError(f"-o {part!r} is none of beginning, end, N, -N, s@TIME, e@TIME")
        return cls(start, end)


WORDS: Final = {"beginning": EARLIEST, "earliest": EARLIEST, "end": LATEST, "latest": LATEST}


def assigned(
    client: Client,
    topics: Sequence[str],
    only: Sequence[int] | None,
    offset: str | None,
    read_committed: bool,
) -> Reading:
    """The partitions named, from where `-o` says. Raises ConfigError, RequestRefused."""
    wanted = Range.parse(offset)
    partitions = [each for topic in topics for each in partitions_of(client, topic)]
    if only is not None:
        known = {each.partition for each in partitions}
        missing = sorted(set(only) - known)
        if missing:
            raise ConfigError(f"there is no partition {missing[0]}; there are 0 to {max(known)}")
        partitions = [each for each in partitions if each.partition in only]
    ends = list_offsets(client, partitions, LATEST, read_committed=read_committed)
    stop_at = None
    if wanted.end is not None:
        found = list_offsets(client, partitions, timestamp_ms(wanted.end))
        stop_at = {each: at if at >= 0 else ends[each] for each, at in found.items()}
    start = _starts(client, partitions, wanted.start, ends)
    return Reading(Reader(client, start, read_committed=read_committed), stop_at)


def _starts(
    client: Client,
    partitions: Sequence[TopicPartition],
    start: str,
    ends: Mapping[TopicPartition, Offset],
) -> Mapping[TopicPartition, Offset]:
    if start.startswith("s@"):
        found = list_offsets(client, partitions, timestamp_ms(start[2:]))
        return {each: at if at >= 0 else ends[each] for each, at in found.items()}
    if start in WORDS:
        return ends if WORDS[start] == LATEST else list_offsets(client, partitions, EARLIEST)
    if start.startswith("-"):
        first = list_offsets(client, partitions, EARLIEST)
        return {each: max(first[each], ends[each] + int(start)) for each in partitions}
    return dict.fromkeys(partitions, int(start))
