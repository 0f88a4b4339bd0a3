"""From starting the broker processes to the first acknowledged record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.processes import cpu_seconds, resident_bytes
from conformance.history import Outcome
from conformance.recording import RecordingProducer
from conformance.targets import Target, running
from conformance.view import ClusterView


@dataclass(frozen=True, slots=True)
class Start:
    """`ready_*` when the target says so, `acknowledged_s` when the first record is safe."""

    ready_s: float
    ready_cpu_seconds: float
    ready_resident_bytes: int
    acknowledged_s: float


def measure_start(make: Callable[[], Target]) -> Start:
    """Start a fresh cluster, create a topic, produce one record with acks=all, stop it again."""
    target = make()
    started = time.monotonic()
    with running(target):
        ready = time.monotonic() - started
        cpu, resident = cpu_seconds(target.pids), resident_bytes(target.pids)
        ClusterView(target.bootstrap_servers).create_topic("first", 1)
        producer = RecordingProducer(target.bootstrap_servers, acks="all")
        producer.send("first", 1)
        (first,) = producer.flush()
        assert first.outcome is Outcome.OK, first
        return Start(ready, cpu, resident, time.monotonic() - started)
