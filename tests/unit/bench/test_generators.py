"""What the load generators print becomes a rate."""

from __future__ import annotations

import os

import pytest

from bench.generators import Generator, GeneratorFailed, Load, Rate, franz_go, java_consume, java_produce, run
from bench.processes import cpu_seconds, resident_bytes

LOAD = Load("127.0.0.1:9092", "t", record_bytes=100, records=1000, seconds=1.0)


def test_the_last_line_of_producer_performance_counts() -> None:
    """Earlier lines are intermediate reports."""
    printed = (
        "400 records sent, 80.0 records/sec (0.01 MB/sec), 1.0 ms avg latency, 2.0 ms max latency.\n"
        "1000 records sent, 500.0 records/sec (0.05 MB/sec), 3.10 ms avg latency, 99.00 ms max latency, "
        "2 ms 50th, 7 ms 95th, 11 ms 99th, 42 ms 99.9th.\n"
    )
    assert java_produce().parse(printed, LOAD) == Rate(1000, 100_000, 2.0, p50_ms=2.0, p99_ms=11.0)


def test_consumer_performance_is_timed_without_the_joining_of_the_group() -> None:
    """The fetch time is the eighth column."""
    printed = "2026-01-01 00:00:00:000, 2026-01-01 00:00:03:000, 0.0954, 0.0318, 1000, 333.3, 2500, 500, 0.19, 2000.0\n"
    assert java_consume().parse(printed, LOAD) == Rate(1000, 100_000, 0.5)


def test_our_own_generators_print_json() -> None:
    """Latencies are there only where single operations are timed."""
    printed = '{"records": 10, "bytes": 1000, "seconds": 2.5, "p50_ms": 0.5, "p99_ms": 1.5}\n'
    assert franz_go("in-flight-1").parse(printed, LOAD) == Rate(10, 1000, 2.5, 0.5, 1.5)


def test_a_generator_that_ends_with_an_error_is_not_measured() -> None:
    """Its output is in the error, so that the report can say why."""
    failing = Generator(
        "failing", lambda _: ["sh", "-c", "echo broken; exit 3"], lambda _, load: Rate(0, 0, 0)
    )
    with pytest.raises(GeneratorFailed, match=r"status 3\nbroken"):
        run(failing, LOAD)


def test_a_generator_tells_its_own_cpu_time() -> None:
    """Time of the very child, not of all children so far."""
    busy = Generator(
        "busy",
        lambda _: ["sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"],
        lambda *_: Rate(1, 1, 1),
    )
    idle = Generator("idle", lambda _: ["true"], lambda *_: Rate(1, 1, 1))
    (_, busy_cpu), (_, idle_cpu) = run(busy, LOAD), run(idle, LOAD)
    assert busy_cpu > idle_cpu


def test_this_process_has_memory_and_has_used_cpu() -> None:
    """Both are read from /proc in the right units."""
    assert cpu_seconds([os.getpid()]) > 0
    assert 1_000_000 < resident_bytes([os.getpid()]) < 10_000_000_000
