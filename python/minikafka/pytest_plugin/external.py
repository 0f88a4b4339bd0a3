"""A running Kafka, named by its address: what can be asked of any broker, asked; every lever skips the test by name.

So a test file runs unchanged here, in threads, in processes and against Apache Kafka, and what it could not try there
is said in the summary of the run.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from types import TracebackType
from typing import Any, Final, NoReturn, Self, TypeVar

import pytest

from minikafka import Cluster
from minikafka.config import TOPIC_SETTINGS, ConfigValue, config_text
from minikafka.errors import ConfigError
from minikafka.pytest_plugin import admin
from minikafka.pytest_plugin.external_topics import ExternalTopic, until_led, wait
from minikafka.pytest_plugin.shape import Shape
from minikafka.runtime.control.condition import Condition
from minikafka.runtime.spec import TopicSpec
from minikafka.runtime.thread import LoopThread
from minikafka.testing.client_config import client_config

T = TypeVar("T")

TOPIC_TIMEOUT_S: Final = 30.0
SHAPES_A_TOPIC_OR_SIZE: Final = frozenset({"brokers", "config"})
"""What of a marker a running Kafka may be able to meet."""


class External:
    """From `with` to its end; holds one thread, for its own requests."""

    def __init__(self, bootstrap_servers: str) -> None:
        """`HOST:PORT,...`. Raises ConfigError for anything else."""
        self.bootstrap_servers = bootstrap_servers
        self._at = _first_address(bootstrap_servers)
        self._topic_config: dict[str, str] = {}
        self._thread: LoopThread | None = None

    def __enter__(self) -> Self:
        """Raises MinikafkaError when nobody answers there."""
        self._thread = LoopThread()
        try:
            self.run(admin.describe(self._at))
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.close()

    def run(self, work: Coroutine[None, None, T]) -> T:
        assert self._thread is not None, "an External is used inside `with`"
        return self._thread.run(work)

    def check(self, shape: Shape) -> None:
        """Skips the test if the marker asks for what a running Kafka does not have. Its settings of topics become
        those of the topics this test creates."""
        for name in sorted(set(shape.arguments) - SHAPES_A_TOPIC_OR_SIZE - {"mode"}):
            self.skip(f"the marker's {name}=")
        config: Mapping[str, ConfigValue] = shape.arguments.get("config") or {}
        for name in config:
            if name not in TOPIC_SETTINGS:
                self.skip(f"the broker setting {name}")
        self._topic_config = {name: config_text(value) for name, value in config.items()}
        brokers = len(self.run(admin.describe(self._at)).brokers)
        if brokers < shape.arguments.get("brokers", 1):
            self.skip(f"{shape.arguments['brokers']} brokers ({brokers} there)")

    def skip(self, what: str) -> NoReturn:
        pytest.skip(f"needs {what}, which the Kafka at {self.bootstrap_servers} does not give")

    def client_config(self, client: str) -> dict[str, str]:
        """As `Cluster.client_config`."""
        return client_config(client, self.bootstrap_servers)

    def topic(
        self,
        name: str,
        *,
        partitions: int | None = None,
        replication_factor: int | None = None,
        config: Mapping[str, ConfigValue] | None = None,
    ) -> ExternalTopic:
        """As `Cluster.topic`."""
        found = self.run(admin.describe(self._at, [name])).topics.get(name)
        if found is None:
            settings = self._topic_config | {key: config_text(value) for key, value in (config or {}).items()}
            numbers = (_number(partitions), _number(replication_factor))
            self.run(admin.create_topic(self._at, TopicSpec(name, *numbers), settings))
        elif partitions not in (None, len(found)) or replication_factor not in (None, len(found[0].replicas)):
            raise ConfigError(
                f"topic {name!r} exists with {len(found)} partitions of {len(found[0].replicas)} replicas"
            )
        self.run(until_led(self._at, name, TOPIC_TIMEOUT_S))
        return ExternalTopic(self, self._at, name)

    def delete_topics(self, names: list[str]) -> None:
        """Those of them that exist."""
        self.run(admin.delete_topics(self._at, names))

    def wait(self, *, timeout: float = 10.0, **conditions: Any) -> None:
        """As `Cluster.wait`, except that a running Kafka has to be asked again and again. Skips for log_end_offset=,
        which a broker tells only its followers."""
        if "log_end_offset" in conditions:
            self.skip("wait(log_end_offset=...)")
        self.run(wait(self._at, Condition.of(**conditions), timeout))

    def __getattr__(self, name: str) -> Lever:
        if name.startswith("_") or name not in dir(Cluster()):
            raise AttributeError(f"a Cluster has no {name!r}, nor has a running Kafka")
        return Lever(self, name)


class Lever:
    """Something only our own brokers have: whatever is done with it skips the test."""

    def __init__(self, external: External, name: str) -> None:
        self._external = external
        self._name = name

    def __getattr__(self, name: str) -> Lever:
        if name.startswith("__"):
            raise AttributeError(name)
        return Lever(self._external, f"{self._name}.{name}")

    def __call__(self, *_arguments: object, **_named: object) -> NoReturn:
        self._external.skip(f"kafka.{self._name}()")


def _first_address(bootstrap_servers: str) -> admin.Address:
    host, _, port = bootstrap_servers.split(",", maxsplit=1)[0].strip().rpartition(":")
    if not host or not port.isdecimal():
        raise ConfigError(f"bootstrap servers {bootstrap_servers!r} are not HOST:PORT[,HOST:PORT...]")
    return host, int(port)


def _number(given: int | None) -> int:
    return -1 if given is None else given
