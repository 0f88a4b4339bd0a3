"""What is measured, as a table."""

from __future__ import annotations

from dataclasses import dataclass

from bench.generators import Generator, confluent, franz_go, java_consume, java_produce

PARTITIONS = 3


@dataclass(frozen=True, slots=True)
class Workload:
    """`records` counts for generators that are told how many, `seconds` for those that are told how long."""

    name: str
    generator: Generator
    topic: str
    """Workloads with the same topic follow one another on it: what one produced, the next consumes."""
    record_bytes: int
    records: int = 0
    seconds: float = 0.0
    is_single_record: bool = False
    """One record per request: here requests count, elsewhere bytes."""

    @property
    def title(self) -> str:
        return f"{self.name}, {self.generator.name}"


WORKLOADS = (
    Workload("produce 100 B", java_produce(), "small", 100, records=1_000_000),
    Workload("consume 100 B", java_consume(), "small", 100, records=1_000_000),
    Workload("produce 1 KiB", java_produce(), "large", 1024, records=400_000),
    Workload("consume 1 KiB", java_consume(), "large", 1024, records=400_000),
    Workload("consume 1 KiB", franz_go("consume"), "large", 1024, records=400_000),
    Workload("produce 100 B", franz_go("produce"), "small-go", 100, seconds=2),
    Workload("produce 1 KiB", franz_go("produce"), "large-go", 1024, seconds=2),
    Workload("produce 1 KiB", confluent("produce"), "large-python", 1024, seconds=2),
    Workload("one in flight", franz_go("in-flight-1"), "single", 100, seconds=2, is_single_record=True),
    Workload(
        "one in flight", confluent("in-flight-1"), "single-python", 100, seconds=2, is_single_record=True
    ),
    Workload(
        "50 clients, one in flight", franz_go("in-flight-50"), "fifty", 100, seconds=3, is_single_record=True
    ),
    Workload(
        "sequential transactions",
        franz_go("transactions"),
        "transactions",
        100,
        seconds=3,
        is_single_record=True,
    ),
)
