"""Medians, ratios, and failures that are said rather than left out."""

from __future__ import annotations

from bench.generators import Rate, franz_go
from bench.measuring import Measurement
from bench.report import workload_table
from bench.workloads import Workload

WORKLOAD = Workload("produce", franz_go("produce"), "t", 100)


def measured(records: int, cpu: float) -> Measurement:
    return Measurement(
        Rate(records, records * 100, 1.0), cpu, generator_cpu_seconds=0.5, broker_resident_bytes=10**7
    )


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_medians_and_ratios() -> None:
    """The middle of the runs; minikafka twice as fast for half the CPU per record."""
    found = {
        (WORKLOAD.title, "minikafka"): [measured(1, 9.0), measured(2000, 1.0), measured(2000, 1.0)],
        (WORKLOAD.title, "other"): [measured(1000, 1.0)] * 3,
    }
    ours, theirs = rows(workload_table(found, [WORKLOAD], ["minikafka", "other"]))
    assert (ours[2], theirs[2]) == ("2,000", "1,000")
    assert (theirs[-2], theirs[-1]) == ("2.00", "0.50")
    assert ours[-2:] == ["", ""]


def test_a_broker_that_failed_a_workload_is_in_the_table() -> None:
    """An absent row would look like a workload that does not apply."""
    (row,) = rows(workload_table({}, [WORKLOAD], ["minikafka"]))
    assert row[:3] == [WORKLOAD.title, "minikafka", "failed"]
