"""One append by a leader with the events that told of it: where it was written, and who was told so."""

from __future__ import annotations

from dataclasses import dataclass, field

from minikafka.history import Event
from minikafka.ledger.event_facts import number, numbers
from minikafka.types import NO_PRODUCER_ID, BrokerId, LeaderEpoch, Offset, TopicPartition


@dataclass(slots=True)
class Batch:
    """last_offset: inclusive. left: the answers that were handed to the kernel. sequence: how its producer's sequence
    was judged, where it has one."""

    name: TopicPartition
    broker: BrokerId
    append: Event
    base_offset: Offset
    last_offset: Offset
    leader_epoch: LeaderEpoch
    producer_id: int
    first_sequence: int
    acks: list[Event] = field(default_factory=list)
    left: list[Event] = field(default_factory=list)
    sequence: Event | None = None

    @classmethod
    def of(cls, name: TopicPartition, append: Event, judged: Event | None) -> Batch:
        """`judged`: the last sequence that this broker judged in this partition."""
        batch = cls(
            name,
            append.broker,
            append,
            number(append, "base_offset"),
            number(append, "last_offset"),
            number(append, "leader_epoch"),
            number(append, "producer_id", NO_PRODUCER_ID),
            number(append, "first_sequence"),
        )
        if judged is not None and judged.cause == append.cause and batch.is_named_by(judged):
            batch.sequence = judged
        return batch

    def is_named_by(self, judged: Event) -> bool:
        told = (number(judged, "producer_id"), number(judged, "first_sequence"))
        return told == (self.producer_id, self.first_sequence)

    @property
    def is_acknowledged(self) -> bool:
        """A producer may have heard that it is there."""
        return bool(self.left)

    @property
    def answer(self) -> Event | None:
        """The decision behind the first answer that left."""
        told = {ack.n: ack for ack in self.acks}
        for left in self.left:
            for n in numbers(left, "acks"):
                if n in told:
                    return told[n]
        return None

    @property
    def acked_by(self) -> int:
        """The acks its producer asked for: of the first answer that left."""
        answer = self.answer
        return 1 if answer is None else number(answer, "acks")

    @property
    def story(self) -> tuple[Event, ...]:
        """How it came into the log, and who was told first: a retry that is recognised is told again."""
        judged = () if self.sequence is None else (self.sequence,)
        answer = self.answer
        told = self.acks[:1] if answer is None else [answer]
        return (*judged, self.append, *told, *self.left[:1])
