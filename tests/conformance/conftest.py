"""Targets and client programs for the conformance tests.

MINIKAFKA_CONFORMANCE_TARGET (minikafka, apache or kfake; default minikafka) chooses what the black-box tests run against,
so that each of them is proven on Apache Kafka first.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from conformance import build
from conformance.clients.programs import PROGRAMS, Program
from conformance.targets import Target
from conformance.targets.apache_kafka import ApacheKafka
from conformance.targets.kfake import KFake
from conformance.targets.minikafka import MiniKafka

CHOSEN_TARGET = os.environ.get("MINIKAFKA_CONFORMANCE_TARGET", "minikafka")
TARGET_TOOLCHAINS = {"apache": "java", "kfake": "go"}

MakeTopic = Callable[..., str]
GetProgram = Callable[[str], Program]


def require(toolchain: str | None, who: str) -> None:
    """Build what `toolchain` makes, or skip by name when it is absent and not required."""
    if toolchain is None:
        return
    if not build.is_available(toolchain):
        pytest.skip(f"{who} needs {', '.join(build.COMMANDS[toolchain])} on PATH")
    build.build(toolchain)


def open_target(brokers: int) -> Target:
    """A running cluster of the chosen kind."""
    require(TARGET_TOOLCHAINS.get(CHOSEN_TARGET), CHOSEN_TARGET)
    makers: dict[str, Callable[[int], Target]] = {"apache": ApacheKafka, "kfake": KFake, "minikafka": MiniKafka}
    target = makers[CHOSEN_TARGET](brokers)
    target.open()
    return target


@pytest.fixture(scope="session", params=[1, 3], ids=["1-broker", "3-brokers"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    opened = open_target(request.param)
    yield opened
    opened.stop()


@pytest.fixture
def make_topic(target: Target) -> MakeTopic:
    """Create a topic of a fresh name on the target, with leaders when it returns."""

    def make(partitions: int) -> str:
        name = f"topic-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": target.bootstrap_servers})
        for created in admin.create_topics([NewTopic(name, partitions)], operation_timeout=10).values():
            created.result(20)
        return name

    return make


@pytest.fixture
def program() -> GetProgram:
    """A client program by name, built; skips the test when its toolchain is not here."""

    def get(name: str) -> Program:
        require(PROGRAMS[name].toolchain, name)
        return PROGRAMS[name]

    return get
