"""What was told of one partition, as far as it bears on what stands out there, in the order it was told.

Who led, who was in sync and where logs were cut is told seldom, and kept whole. Of what is told for every batch, only
what meets the wanted offsets is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from minikafka.history import Event
from minikafka.ledger.batch import Batch
from minikafka.ledger.event_facts import number
from minikafka.ledger.overlaps import ByOffset, Span
from minikafka.ledger.wanted import Spans, Wanted
from minikafka.types import BrokerId, Offset, ProducerId, TopicPartition

NEVER: Final = 1 << 62


class PartitionEvidence:
    """`producers`, `ids`: whose transactions' markers are kept."""

    def __init__(
        self,
        name: TopicPartition,
        wanted: Iterable[Wanted],
        producers: Collection[ProducerId],
        ids: Collection[str],
    ) -> None:
        wanted = tuple(wanted)
        self.name = name
        self.batches: ByOffset[Batch] = ByOffset(_held)
        self.replicated: ByOffset[Event] = ByOffset(_written)
        """Appends by followers."""
        self.cuts: list[Event] = []
        """Truncations and recoveries: a log ended lower than before."""
        self.elections: list[Event] = []
        self.isr: list[Event] = []
        self.roles: list[Event] = []
        """A replica became leader or follower."""
        self.high_watermarks: ByOffset[Event] = ByOffset(_passed)
        """Of leaders: what was committed."""
        self.reads: ByOffset[Event] = ByOffset(_handed)
        """Handed to consumers."""
        self.markers: list[Event] = []
        self.refused: list[Event] = []
        """Of produces that were refused, or answered with an error: the last before each batch."""
        self.flushes: list[Event] = []
        self._lists = {
            "append": self.replicated,
            "high_watermark": self.high_watermarks,
            "fetch": self.reads,
            "flush": self.flushes,
            "marker": self.markers,
            "truncate": self.cuts,
            "recovery": self.cuts,
            "election": self.elections,
            "isr": self.isr,
            "leader_epoch": self.roles,
        }
        self._spans = Spans(span for one in wanted for span in one.spans)
        self._read_spans = Spans(span for one in wanted for span in one.reads)
        self._producers = producers
        self._ids = ids
        self._by_append: dict[int, Batch] = {}
        self.newest: dict[Offset, int] = {}
        """What was last appended at an offset, if it is wanted: the number that `Evidence` gave it."""
        self._refusal: Event | None = None
        self._flushed: dict[BrokerId, Event] = {}

    def batch(self, append: int) -> Batch:
        """By the `seq` of its append."""
        return self._by_append[append]

    def appended(self, event: Event, judged: Event | None) -> Batch | None:
        """The batch, if it is wanted."""
        if not self._spans.meet(number(event, "base_offset"), number(event, "last_offset")):
            return None
        batch = self._by_append[event.seq] = Batch.of(self.name, event, judged)
        self.batches.append(batch)
        if self._refusal is not None:
            self.refused.append(self._refusal)
            self._refusal = None
        return batch

    def was_refused(self, event: Event) -> None:
        self._refusal = event

    def note(self, event: Event) -> None:
        """Anything but an append by a leader and its answers."""
        kept = self._lists.get(event.kind)
        if kept is not None and self._is_wanted(event):
            kept.append(event)

    def _is_wanted(self, event: Event) -> bool:
        match event.kind:
            case "append":
                return self._spans.meet(*_written(event))
            case "high_watermark":
                return self._spans.meet(*_passed(event))
            case "fetch":
                return self._read_spans.meet(*_handed(event))
            case "flush":
                return self._is_first(event)
            case "marker":
                named = event.get("transactional_id")
                return number(event, "producer_id") in self._producers or named in self._ids
            case _:
                return True

    def _is_first(self, flush: Event) -> bool:
        """Only the first one that took a batch to this broker's disk matters."""
        before = self._flushed.get(flush.broker)
        self._flushed[flush.broker] = flush
        if before is None or (self.batches and self.batches[-1].append.seq > before.seq):
            return True
        end, was = number(flush, "recovery_point"), number(before, "recovery_point")
        return self._spans.meet(min(was, end), end - 1)


def _held(batch: Batch) -> Span:
    return batch.base_offset, batch.last_offset


def _written(append: Event) -> Span:
    return number(append, "base_offset", NEVER), number(append, "last_offset")


def _passed(step: Event) -> Span:
    return number(step, "before"), number(step, "offset") - 1


def _handed(read: Event) -> Span:
    return number(read, "offset"), number(read, "next_offset") - 1
