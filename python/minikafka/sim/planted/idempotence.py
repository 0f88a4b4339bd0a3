"""Mistakes in recognising a retry (I)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from minikafka.log import producer_state
from minikafka.log.derived_state import DerivedState
from minikafka.log.port import BatchHeader
from minikafka.log.producer_state import ProducerState, RememberedBatch
from minikafka.sim.planted.bug import Bug, bug
from minikafka.types import Offset

_load = DerivedState.load


def _last_only(self: ProducerState, header: BatchHeader) -> RememberedBatch | None:
    last = self.batches[-1] if self.batches and header.producer_epoch == self.epoch else None
    return last if last is not None and last.first_sequence == header.base_sequence else None


def _starts_empty(self: DerivedState, *, clean: bool, recovery_point: Offset = 0) -> Offset:
    start = _load(self, clean=clean, recovery_point=recovery_point)
    if not clean:
        self.producers.clear()
    return start


IDEMPOTENCE: Final[Mapping[str, Bug]] = MappingProxyType(
    {
        "window-of-four": bug(
            "I3", "four batches are remembered, and five are in flight", (producer_state, "WINDOW", 4)
        ),
        "only-the-last-batch-is-a-duplicate": bug(
            "I3", "a retry of all in flight is out of order", (ProducerState, "duplicate_of", _last_only)
        ),
        "producers-are-not-rebuilt": bug(
            "I9",
            "after a crash nobody is known, so every retry is new",
            (DerivedState, "load", _starts_empty),
        ),
    }
)
