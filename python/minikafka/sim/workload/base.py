"""What a run puts the cluster under, and how it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from minikafka.checker.operation import Operation
from minikafka.sim.promise import Promise
from minikafka.types import Offset, TopicPartition


class Final(NamedTuple):
    """The logs of the topic under load once the cluster is whole: each leader's, from where it starts.

    data: whole batches. records: (offset, value), control batches and empty values left out.
    """

    data: Mapping[TopicPartition, bytes]
    records: Mapping[TopicPartition, list[tuple[Offset, bytes]]]
    starts: Mapping[TopicPartition, Offset]


class Workload(Protocol):
    """Clients at work. Everything goes on by itself once it was begun."""

    @property
    def is_done(self) -> bool:
        """All was sent that was to be sent, and nothing is left half done."""

    @property
    def acknowledged(self) -> int:
        """How much the cluster promised: a run that was promised nothing shows nothing."""

    def begin(self) -> None:
        """The cluster is whole and the topic exists."""

    def healed(self) -> None:
        """No more is going to go wrong."""

    def history(self) -> list[Operation]:
        """What the clients did and were told, for the client-side checker; without a final read."""

    def judge(self, final: Final, promise: Promise) -> list[str]:
        """Every violation, in words."""
