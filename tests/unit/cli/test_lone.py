"""One broker per process, started by hand: `serve --controller-only` and `serve --node-id I --controller HOST:PORT`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient, NewTopic
from minikafka.cli.lone import Role, add_role_options, role
from minikafka.errors import ConfigError
from minikafka.runtime import rpc
from minikafka.wire.messages import describe_cluster

from conformance.targets import free_ports

COMMAND = (sys.executable, "-m", "minikafka", "serve")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
QUICK = ("-c", "broker.session.timeout.ms=1000")


class Node:
    """A process that printed that it is ready."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.arguments = arguments
        self.process = subprocess.Popen(
            [*COMMAND, *arguments, "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT | environment,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline() or "{}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode


class Nodes:
    """A controller and its brokers, by the command line."""

    def __init__(self, directory: Path, ended: contextlib.ExitStack) -> None:
        self._directory = directory
        self._ended = ended
        self.controller = self._start("--controller-only", "-p", "0")
        self.address = self.controller.ready["controller"]

    def broker_by_environment(self, number: int, **environment: str) -> Node:
        """As an image runs it."""
        return self._start("--node-id", str(number), "--controller", self.address, **environment)

    def broker(self, number: int) -> Node:
        return self._start("--node-id", str(number), "--controller", self.address, "-p", "0")

    def again(self, node: Node, *instead: str) -> Node:
        """The same command, on the same directory."""
        return self._start(*(instead or node.arguments[: -len(QUICK) - 2]))

    def _start(self, *arguments: str, **environment: str) -> Node:
        node = Node(*arguments, "-d", str(self._directory), *QUICK, **environment)
        self._ended.callback(lambda: node.process.poll() is None and node.end(signal.SIGKILL))
        return node


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Nodes]:
    with contextlib.ExitStack() as ended:
        yield Nodes(tmp_path, ended)


def create(servers: str, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    admin.create_topics([NewTopic(topic, 1, 2)])[topic].result(30)


def produce(servers: str, topic: str, *values: bytes) -> None:
    """Each value is acknowledged by every in-sync replica."""
    errors: list[KafkaError | None] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        errors.append(error)

    producer = Producer({"bootstrap.servers": servers, "acks": "all", "log_level": 0})
    for value in values:
        producer.produce(topic, value, on_delivery=delivered)
    assert producer.flush(60) == 0
    assert errors == [None] * len(values)


def consume(servers: str, topic: str, count: int) -> list[bytes | None]:
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "readers", "auto.offset.reset": "earliest", "log_level": 0}
    )
    consumer.subscribe([topic])
    try:
        return [message.value() for message in consumer.consume(count, timeout=60)]
    finally:
        consumer.close()


def test_brokers_join_survive_kill_9_and_the_controllers_restart(nodes: Nodes) -> None:
    """`kill -9` of a broker, then of the controller: nothing acknowledged is lost, and everybody finds together again.

    The directory is shared, each node has its folder; an id in use is refused with one plain line.
    """
    first, second = nodes.broker(1), nodes.broker(2)
    servers = ",".join(node.ready["bootstrap_servers"] for node in (first, second))
    create(servers, "t")
    produce(servers, "t", b"a", b"b")
    taken = subprocess.run(
        [*COMMAND, *first.arguments], capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60
    )
    assert (taken.returncode, taken.stdout) == (2, "")
    assert taken.stderr.count("\n") == 1
    assert "in use" in taken.stderr

    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    produce(servers, "t", b"c")
    first = nodes.again(first)
    servers = ",".join(node.ready["bootstrap_servers"] for node in (first, second))
    assert consume(servers, "t", 3) == [b"a", b"b", b"c"]

    assert nodes.controller.end(signal.SIGKILL) == -signal.SIGKILL
    produce(servers, "t", b"d")
    assert consume(servers, "t", 1) == [b"d"]

    port = nodes.address.rpartition(":")[2]
    nodes.again(nodes.controller, "--controller-only", "-p", port)
    create(servers, "after")
    produce(servers, "after", b"x")
    assert second.end() == 0
    produce(servers, "t", b"e")


def test_the_controller_says_which_cluster_it_is(nodes: Nodes) -> None:
    """DescribeCluster about controllers is answered with the id, about brokers refused (KIP-919)."""
    host, _, port = nodes.address.rpartition(":")

    def ask(kind: int) -> describe_cluster.DescribeClusterResponse:
        request = describe_cluster.DescribeClusterRequest(endpoint_type=kind)
        response = asyncio.run(rpc.call(host, int(port), request, 1))
        assert isinstance(response, describe_cluster.DescribeClusterResponse)
        return response

    found = Path(nodes.controller.ready["data_dir"], "cluster.id").read_text().strip()
    assert (ask(2).cluster_id, ask(2).controller_id) == (found, 1000)
    assert ask(1).error_code == 114


def test_a_directory_of_another_cluster_is_refused(
    nodes: Nodes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Status 2 and one line with both ids."""
    other = tmp_path_factory.mktemp("other")
    (other / "cluster.id").write_text("somebody-elses\n")
    refused = subprocess.run(
        [*COMMAND, "--node-id", "1", "--controller", nodes.address, "-p", "0", "-d", str(other)],
        capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60,
    )  # fmt: skip
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "belongs to cluster somebody-elses, not to" in refused.stderr


def test_the_environment_says_where_this_one_process_listens(nodes: Nodes) -> None:
    """Its own ports, whatever number the broker has; clients beside it are told the address of their listener."""
    port, other = free_ports(2)
    node = nodes.broker_by_environment(
        2,
        KAFKA_LISTENERS=f"PLAINTEXT://127.0.0.1:{port},APP://127.0.0.1:{other}",
        KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://localhost:{port},APP://app.invalid:{other}",
    )
    assert node.ready["bootstrap_servers"] == f"localhost:{port}"
    assert node.ready["brokers"][0]["listeners"] == {"APP": f"app.invalid:{other}"}
    told = AdminClient({"bootstrap.servers": f"127.0.0.1:{other}", "log_level": 0}).list_topics(timeout=20)
    assert [(one.host, one.port) for one in told.brokers.values()] == [("app.invalid", other)]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_role_options(parser)
    return parser.parse_args(words)


IMAGE = {
    "KAFKA_NODE_ID": "2",
    "KAFKA_PROCESS_ROLES": "broker",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1000@controller:9093",
}


@pytest.mark.parametrize(
    ("words", "environment", "expected"),
    [
        ((), {}, None),
        ((), {**IMAGE, "KAFKA_PROCESS_ROLES": "broker,controller"}, None),
        ((), IMAGE, Role(2, ("controller", 9093))),
        ((), {"KAFKA_PROCESS_ROLES": "controller"}, Role(1000, None)),
        (("--node-id", "3"), IMAGE, Role(3, ("controller", 9093))),
        (("--node-id", "3", "--controller", "[::1]:9"), {}, Role(3, ("::1", 9))),
        (("--controller-only",), IMAGE, Role(1000, None)),
    ],
)
def test_options_beat_the_variables_of_the_apache_image(
    words: tuple[str, ...], environment: dict[str, str], expected: Role | None
) -> None:
    """Who this process is."""
    assert role(parsed(*words), environment) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--node-id", "1"), "where is the controller"),
        (("--controller", "h:1"), "which broker"),
        (("--node-id", "1000", "--controller", "h:1"), "1000 is not one"),
        (("--node-id", "1", "--controller", "nowhere"), "is not HOST:PORT"),
        (("--controller-only", "--node-id", "1"), "goes with neither"),
    ],
)
def test_half_a_role_is_a_mistake(words: tuple[str, ...], message: str) -> None:
    """It says what is missing."""
    with pytest.raises(ConfigError, match=message):
        role(parsed(*words), {})
