"""What bears on one batch that is gone: who was to have it, who had it, who led afterwards, where logs were cut.

Each is what was told, in the order it was told; what follows from it say `why_lost.py` and `who_led.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from minikafka.history import Event
from minikafka.ledger.batch import Batch
from minikafka.ledger.event_facts import number, numbers
from minikafka.ledger.partition_evidence import PartitionEvidence
from minikafka.types import BrokerId

ALL: Final = -1
"""acks=all: only it promises more than the leader's log."""


@dataclass(slots=True)
class Case:
    """What bears on one batch. isr: who was to have it when it was acknowledged, as its leader knew. cuts: logs that
    ended at or below it from then on. elections: after it was appended. was_counted: the high watermark of who
    answered passed it by counting."""

    batch: Batch
    own: PartitionEvidence
    answered: int
    isr: frozenset[BrokerId]
    holders: list[Event]
    elections: list[Event]
    cuts: list[Event]
    others: list[Event]
    was_counted: bool

    @classmethod
    def of(cls, batch: Batch, own: PartitionEvidence) -> Case:
        answer = batch.answer
        appended = batch.append.seq
        until = appended if answer is None else answer.seq
        answering = batch.broker if answer is None else answer.broker
        isr = isr_of(answering, own, until) or isr_of(None, own, until)
        others = [] if isr is None else [isr]
        steps = [one for one in own.high_watermarks.over(batch.last_offset) if one.broker == answering]
        steps = [one for one in steps if appended <= one.seq <= until]
        others += steps
        return cls(
            batch,
            own,
            until,
            frozenset() if isr is None else frozenset((*numbers(isr, "isr"), *numbers(isr, "joining"))),
            own.replicated.over(batch.base_offset),
            [event for event in own.elections if event.seq > appended],
            [event for event in own.cuts if event.seq > appended and cuts_off(event, batch)],
            others,
            bool(steps) or answering == batch.broker,
        )

    @property
    def evidence(self) -> tuple[Event, ...]:
        return (*self.holders, *self.elections, *self.cuts, *self.others)

    def had(self, broker: BrokerId, until: int) -> Event | None:
        """When this broker got it, if that was before `until`; the leader had it from the start."""
        if broker == self.batch.broker:
            return self.batch.append
        return next((one for one in self.holders if one.broker == broker and one.seq < until), None)

    def flushed(self, broker: BrokerId, until: int) -> Event | None:
        return next(
            (
                one
                for one in self.own.flushes
                if one.broker == broker
                and self.batch.append.seq < one.seq < until
                and number(one, "recovery_point") > self.batch.last_offset
            ),
            None,
        )


def isr_of(broker: BrokerId | None, own: PartitionEvidence, until: int) -> Event | None:
    """The newest word on the ISR before `until`: of this broker as leader, or of the controller."""
    kinds: Iterable[Event] = (*own.isr, *own.roles) if broker is not None else (*own.isr, *own.elections)
    told = [
        event
        for event in kinds
        if event.seq <= until
        and event.get("isr") is not None
        and (event.broker == broker if broker is not None else event.get("what") in {None, "decided"})
    ]
    return max(told, key=lambda event: event.seq, default=None)


def joining(event: Event) -> Iterator[BrokerId]:
    before = numbers(event, "before")
    return (one for one in numbers(event, "isr") if one not in before)


def cuts_off(event: Event, batch: Batch) -> bool:
    """A log that ended at or below the batch from then on."""
    end = number(event, "offset" if event.kind == "truncate" else "log_end_offset", 1 << 62)
    return end <= batch.last_offset
