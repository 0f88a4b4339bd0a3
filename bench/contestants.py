"""The brokers that are compared, with the settings they are compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.targets import Target
from conformance.targets.apache_kafka import DEFAULT_HEAP, ApacheKafka
from conformance.targets.kfake import KFake
from conformance.targets.minikafka import MiniKafka


@dataclass(frozen=True, slots=True)
class Contestant:
    name: str
    make: Callable[[int], Target]
    toolchain: str | None
    replicates: bool = True
    """Whether running it with three brokers means three copies of each log."""


CONTESTANTS = (
    Contestant("minikafka", MiniKafka, None),
    Contestant("Apache Kafka", lambda brokers: ApacheKafka(brokers, jvm=DEFAULT_HEAP), "java"),
    Contestant("kfake", KFake, "go", replicates=False),
)
