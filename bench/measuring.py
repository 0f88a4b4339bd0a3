"""One workload on one target: the generator's rate, what the brokers spent, what they hold."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from confluent_kafka import KafkaException

from bench import generators
from bench.generators import Load, Rate
from bench.processes import cpu_seconds, resident_bytes
from bench.workloads import PARTITIONS, Workload
from conformance.targets import Target
from conformance.view import ClusterView
from conformance.waiting import NeverHappened


@dataclass(frozen=True, slots=True)
class Measurement:
    rate: Rate
    broker_cpu_seconds: float
    generator_cpu_seconds: float
    broker_resident_bytes: int


def prepare(target: Target, topic: str, brokers: int) -> None:
    """A fresh topic; with three brokers it has three replicas, two of which must have a record.

    A broker that cannot even do that fails its workloads one by one, by name.
    """
    replicated = brokers >= 3
    config = {"min.insync.replicas": "2"} if replicated else {}
    with suppress(KafkaException, NeverHappened):
        ClusterView(target.bootstrap_servers).create_topic(topic, PARTITIONS, 3 if replicated else 1, config)


def clean_up(target: Target, topic: str) -> None:
    """Workloads leave nothing behind for the next ones to carry."""
    with suppress(KafkaException):
        ClusterView(target.bootstrap_servers).delete_topic(topic)


def measure(target: Target, topic: str, workload: Workload, share: float) -> Measurement:
    """Run `share` (0 to 1] of the workload on an existing topic; raises GeneratorFailed."""
    load = Load(
        target.bootstrap_servers,
        topic,
        workload.record_bytes,
        int(workload.records * share),
        workload.seconds * share,
    )
    before = cpu_seconds(target.pids)
    rate, generator_cpu = generators.run(workload.generator, load)
    spent = cpu_seconds(target.pids) - before
    return Measurement(rate, spent, generator_cpu, resident_bytes(target.pids))
