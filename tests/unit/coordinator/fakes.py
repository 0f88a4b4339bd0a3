"""A log that is a list, timers that are a dict, and a shard that counts: what the runtime is tested with."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from minikafka.coordinator.runtime import CoordinatorRuntime, LoggedMarker, LoggedRecord
from minikafka.coordinator.shard import CoordinatorRecord, Result, Shard
from minikafka.errors import Rejected
from minikafka.types import Now

S = TypeVar("S", bound=Shard)

START = Now(1_000, 1_700_000_000_000)


def later(ms: int) -> Now:
    """START and `ms` more, on both clocks."""
    return Now(START.monotonic_ms + ms, START.wall_ms + ms)


class Offsets(NamedTuple):
    base_offset: int
    last_offset: int


class FakeWriter:
    """Partitions as lists. `auto_commit`: one replica, so the high watermark follows at once."""

    def __init__(self, *, auto_commit: bool = False) -> None:
        self.logs: dict[int, list[CoordinatorRecord | None]] = {}
        self.high_watermarks: dict[int, int] = {}
        self.auto_commit = auto_commit
        self.refusal: Rejected | None = None
        self.producers: list[tuple[int, int]] = []

    def append(
        self, index: int, records: list[CoordinatorRecord], producer_id: int, producer_epoch: int, now: Now
    ) -> Offsets:
        if self.refusal is not None:
            raise self.refusal
        log = self.logs.setdefault(index, [])
        base = len(log)
        log.extend(records)
        self.producers.append((producer_id, producer_epoch))
        if self.auto_commit:
            self.high_watermarks[index] = len(log)
        return Offsets(base, len(log) - 1)

    def append_marker(self, index: int) -> int:
        self.logs.setdefault(index, []).append(None)
        return len(self.logs[index]) - 1

    def high_watermark(self, index: int) -> int:
        return self.high_watermarks.get(index, 0)

    def entries(self, index: int) -> list[LoggedRecord | LoggedMarker]:
        """The partition as a loader reads it."""
        return [
            LoggedMarker(offset, 7, 0, committed=True) if record is None else LoggedRecord(offset, record)
            for offset, record in enumerate(self.logs.get(index, []))
        ]

    def commit(self, runtime: CoordinatorRuntime[S], index: int, now: Now) -> None:
        """Everything appended is replicated."""
        self.high_watermarks[index] = len(self.logs[index])
        runtime.on_high_watermark(index, self.high_watermarks[index], now)


class FakeTimers:
    """Fires only when told to."""

    def __init__(self) -> None:
        self.deadlines: dict[tuple[str | int, ...], tuple[int, Callable[[Now], None]]] = {}

    def set(self, key: tuple[str | int, ...], deadline_ms: int, run: Callable[[Now], None]) -> None:
        self.deadlines[key] = (deadline_ms, run)

    def cancel(self, key: tuple[str | int, ...]) -> None:
        self.deadlines.pop(key, None)

    def fire(self, now: Now) -> None:
        """Everything due at `now`, earliest first, including what firing sets."""
        while True:
            due = sorted((at, key) for key, (at, _) in self.deadlines.items() if at <= now.monotonic_ms)
            if not due:
                return
            _, run = self.deadlines.pop(due[0][1])
            run(now)


class Words:
    """A shard that remembers the words written to it, and where."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.words: list[tuple[int, str]] = []
        self.markers: list[int] = []
        self.loaded: list[Now] = []
        self.committed_after_load = 0
        self.says_when_loaded: str | None = None
        self.unloaded = False

    def say(self, word: str) -> Result[str]:
        return Result([CoordinatorRecord(b"word", word.encode())], f"said {word}")

    def replay(self, offset: int, record: CoordinatorRecord, producer_id: int, producer_epoch: int) -> None:
        assert record.value is not None
        self.words.append((offset, record.value.decode()))

    def replay_end_transaction_marker(
        self, offset: int, producer_id: int, producer_epoch: int, committed: bool
    ) -> None:
        self.markers.append(offset)

    def on_loaded(self, now: Now) -> Result[None]:
        self.loaded.append(now)

        def after(_: Now) -> None:
            self.committed_after_load += 1

        word = self.says_when_loaded
        return Result([] if word is None else [CoordinatorRecord(b"word", word.encode())], after=[after])

    def on_unloaded(self) -> None:
        self.unloaded = True
