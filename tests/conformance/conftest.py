"""Targets and client programs for the conformance tests.

MINIKAFKA_CONFORMANCE_TARGET (minikafka, apache or kfake; default minikafka) chooses what the black-box tests run
against, so that each of them is proven on Apache Kafka first.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from conformance import build
from conformance.clients.programs import PROGRAMS, Program
from conformance.targets import Target, running
from conformance.targets.apache_kafka import ApacheKafka
from conformance.targets.embedded import EmbeddedMiniKafka
from conformance.targets.kfake import KFake
from conformance.targets.minikafka import MiniKafka
from conformance.view import ClusterView

CHOSEN_TARGET = os.environ.get("MINIKAFKA_CONFORMANCE_TARGET", "minikafka")
TARGET_TOOLCHAINS = {"apache": "java", "kfake": "go"}

MakeTopic = Callable[[int], str]
GetProgram = Callable[[str], Program]


def require(toolchain: str | None, who: str) -> None:
    """Build what `toolchain` makes, or skip by name when it is absent and not required."""
    if toolchain is None:
        return
    if not build.is_available(toolchain):
        pytest.skip(f"{who} needs {', '.join(build.COMMANDS[toolchain])} on PATH")
    build.build(toolchain)


@pytest.fixture(scope="session", params=[1, 3], ids=["1-broker", "3-brokers"])
def target(request: pytest.FixtureRequest) -> Iterator[Target]:
    """The chosen kind of cluster from the outside, with one broker and with three."""
    require(TARGET_TOOLCHAINS.get(CHOSEN_TARGET), CHOSEN_TARGET)
    makers: dict[str, Callable[[int], Target]] = {
        "apache": ApacheKafka,
        "kfake": KFake,
        "minikafka": MiniKafka,
    }
    with running(makers[CHOSEN_TARGET](request.param)) as chosen:
        yield chosen


@pytest.fixture
def killable(request: pytest.FixtureRequest) -> Iterator[Target]:
    """Three brokers of their own for one test, each of which can be killed alone; the parameter is their config."""
    config: dict[str, str] = getattr(request, "param", {})
    if CHOSEN_TARGET == "kfake":
        pytest.skip("kfake cannot kill a broker")
    require(TARGET_TOOLCHAINS.get(CHOSEN_TARGET), CHOSEN_TARGET)
    chosen_kind = ApacheKafka if CHOSEN_TARGET == "apache" else EmbeddedMiniKafka
    with running(chosen_kind(3, config=config)) as chosen:
        yield chosen


@pytest.fixture
def on_minikafka() -> None:
    """For scenarios that need levers which no other broker has."""
    if CHOSEN_TARGET != "minikafka":
        pytest.skip(f"{CHOSEN_TARGET} has no levers for this")


@pytest.fixture
def make_topic(target: Target) -> MakeTopic:
    """Create a topic of a fresh name on the target, with leaders when it returns."""

    def make(partitions: int) -> str:
        name = f"topic-{uuid.uuid4().hex[:8]}"
        ClusterView(target.bootstrap_servers).create_topic(name, partitions)
        return name

    return make


@pytest.fixture
def program() -> GetProgram:
    """A client program by name, built; skips the test when its toolchain is not here."""

    def get(name: str) -> Program:
        require(PROGRAMS[name].toolchain, name)
        return PROGRAMS[name]

    return get
