"""Medians and ratios as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from bench.measuring import Measurement
from bench.rounds import Measurements
from bench.starting import Start
from bench.workloads import Workload

REFERENCE = "minikafka"
HEADINGS = (
    "workload, client",
    "broker",
    "records/s",
    "MB/s",
    "p50 ms",
    "p99 ms",
    "broker CPU s per million records",
    "broker CPU s per GB",
    "generator CPU s per million records",
    "broker memory MB",
    "rate, minikafka to this",
    "CPU per record, minikafka to this",
)
MILLION = 1_000_000
GIGABYTE = 1_000_000_000


def workload_table(found: Measurements, workloads: Sequence[Workload], names: Sequence[str]) -> str:
    """One row per workload and broker; a broker that failed every run of a workload says so."""
    rows = []
    for workload in workloads:
        reference = found.get((workload.title, REFERENCE))
        for name in names:
            measurements = found.get((workload.title, name))
            if measurements:
                rows.append([workload.title, name, *figures(measurements), *ratios(reference, measurements)])
            else:
                rows.append([workload.title, name, "failed", *[""] * (len(HEADINGS) - 3)])
    return table(HEADINGS, rows)


def figures(measurements: Sequence[Measurement]) -> list[str]:
    return [
        f"{rate(measurements):,.0f}",
        f"{middle(measurements, lambda m: m.rate.bytes / m.rate.seconds / MILLION):,.1f}",
        latency([m.rate.p50_ms for m in measurements]),
        latency([m.rate.p99_ms for m in measurements]),
        f"{MILLION * cpu_per_record(measurements):,.2f}",
        f"{middle(measurements, lambda m: GIGABYTE * m.broker_cpu_seconds / m.rate.bytes):,.2f}",
        f"{middle(measurements, lambda m: MILLION * m.generator_cpu_seconds / m.rate.records):,.2f}",
        f"{middle(measurements, lambda m: m.broker_resident_bytes / MILLION):,.0f}",
    ]


def ratios(reference: Sequence[Measurement] | None, measurements: Sequence[Measurement]) -> list[str]:
    if not reference or reference is measurements:
        return ["", ""]
    spent = cpu_per_record(measurements)
    cpu = f"{cpu_per_record(reference) / spent:.2f}" if spent else "no CPU time seen"
    return [f"{rate(reference) / rate(measurements):.2f}", cpu]


def rate(measurements: Sequence[Measurement]) -> float:
    return middle(measurements, lambda m: m.rate.records / m.rate.seconds)


def cpu_per_record(measurements: Sequence[Measurement]) -> float:
    return middle(measurements, lambda m: m.broker_cpu_seconds / m.rate.records)


def middle(measurements: Sequence[Measurement], value: Callable[[Measurement], float]) -> float:
    return median(value(measurement) for measurement in measurements)


def latency(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known):.2f}" if known else ""


def start_table(found: dict[str, list[Start]]) -> str:
    headings = (
        "broker",
        "ready s",
        "CPU s when ready",
        "memory MB when ready",
        "start to first acknowledged produce s",
    )
    rows = [
        [
            name,
            f"{median(start.ready_s for start in starts):.2f}",
            f"{median(start.ready_cpu_seconds for start in starts):.2f}",
            f"{median(start.ready_resident_bytes for start in starts) / MILLION:,.0f}",
            f"{median(start.acknowledged_s for start in starts):.2f}",
        ]
        for name, starts in found.items()
    ]
    return table(headings, rows)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
