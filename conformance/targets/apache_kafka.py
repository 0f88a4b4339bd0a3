"""Apache Kafka 4.4.0 from Maven artefacts: KRaft nodes, one process each; broker and controller at once, or apart."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.paths import jvm_classpath
from conformance.targets import free_ports
from conformance.targets.ready import wait_until_ready

CLUSTER_ID = "bWluaWthZmthLWNvbmZvcm"
READY_TIMEOUT_S = 90.0
SMALL_HEAP = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
DEFAULT_HEAP = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20")
"""What kafka-server-start.sh gives a broker; benchmarks use this one."""


@dataclass(frozen=True, slots=True)
class Node:
    number: int
    broker_port: int
    controller_port: int
    directory: Path

    @property
    def properties(self) -> Path:
        return self.directory / "server.properties"


CONTROLLER = 100
"""The node id of a controller that is nothing else."""


@dataclass(frozen=True, slots=True)
class Secured:
    """A listener of the first node that wants TLS and a password. pem: key and certificate."""

    pem: Path
    user: str
    password: str

    def settings(self) -> dict[str, str]:
        login = "org.apache.kafka.common.security"
        return {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
            "listener.name.secure.plain.sasl.jaas.config": (
                f'{login}.plain.PlainLoginModule required user_{self.user}="{self.password}";'
            ),
            "listener.name.secure.scram-sha-256.sasl.jaas.config": f"{login}.scram.ScramLoginModule required;",
            "listener.name.secure.ssl.keystore.type": "PEM",
            "listener.name.secure.ssl.keystore.location": str(self.pem),
        }

    def format_options(self) -> list[str]:
        """SCRAM keeps its users in the metadata."""
        return ["--add-scram", f"SCRAM-SHA-256=[name={self.user},password={self.password}]"]


class ApacheKafka:
    """`brokers` nodes with Kafka's own defaults, internal topics as replicated as the size allows.

    separate_controller: one more node decides, and none of the brokers, so any number of them may die.
    """

    name = "apache"

    def __init__(
        self,
        brokers: int = 1,
        *,
        jvm: Sequence[str] = SMALL_HEAP,
        config: Mapping[str, str] | None = None,
        separate_controller: bool = False,
        secured: Secured | None = None,
    ) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="apache-kafka-"))
        ports = free_ports(2 * brokers + 2)
        self._secured = secured
        self._secured_port = ports[-2]
        self._nodes = [
            Node(i, ports[i - 1], ports[brokers + i - 1], self._directory / str(i))
            for i in range(1, brokers + 1)
        ]
        alone = Node(CONTROLLER, 0, ports[-1], self._directory / str(CONTROLLER))
        self._controllers = [alone] if separate_controller else list(self._nodes)
        self._jvm = list(jvm)
        self._config = dict(config or {})
        self._processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"127.0.0.1:{node.broker_port}" for node in self._nodes)

    @property
    def secured_address(self) -> str:
        """Of the listener that `secured` asks for."""
        return f"127.0.0.1:{self._secured_port}"

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self._processes.values() if process.poll() is None]

    def directory_of(self, broker: int) -> Path:
        """Where its logs are."""
        return self._nodes[broker - 1].directory / "data"

    def open(self) -> None:
        everyone = {node.number: node for node in (*self._controllers, *self._nodes)}.values()
        for node in everyone:
            node.directory.mkdir(parents=True)
            node.properties.write_text(self._server_properties(node))
            self._format(node)
        for node in everyone:
            self._launch(node)
        wait_until_ready(self.bootstrap_servers, len(self._nodes), READY_TIMEOUT_S)

    def kill(self, broker: int) -> None:
        process = self._processes.pop(broker)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def rest(self, broker: int) -> None:
        """Stop it cleanly, to be started again."""
        process = self._processes.pop(broker)
        process.send_signal(signal.SIGTERM)
        process.wait()

    def start(self, broker: int) -> None:
        node = self._nodes[broker - 1]
        self._launch(node)
        brokers = len(self._processes.keys() - {CONTROLLER})
        wait_until_ready(f"127.0.0.1:{node.broker_port}", brokers, READY_TIMEOUT_S)

    def stop(self) -> None:
        for process in self._processes.values():
            # Handing leadership over would take ten seconds, and the data is thrown away.
            process.kill()
            process.wait()
        self._processes.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _format(self, node: Node) -> None:
        subprocess.run(
            self._java(
                *("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(node.properties)),
                *([] if self._secured is None else self._secured.format_options()),
            ),
            check=True,
            capture_output=True,
        )

    def _launch(self, node: Node) -> None:
        with (node.directory / "broker.log").open("ab") as log:
            self._processes[node.number] = subprocess.Popen(
                self._java("kafka.Kafka", str(node.properties)), stdout=log, stderr=subprocess.STDOUT
            )

    def _java(self, main: str, *arguments: str) -> list[str]:
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        return ["java", *self._jvm, quiet, "-cp", jvm_classpath(), main, *arguments]

    def _server_properties(self, node: Node) -> str:
        replication = min(3, len(self._nodes))
        listeners = {
            "broker": f"PLAINTEXT://127.0.0.1:{node.broker_port}",
            "controller": f"CONTROLLER://127.0.0.1:{node.controller_port}",
        }
        secured = self._secured if node.number == 1 else None
        if secured is not None:
            listeners["broker"] += f",SECURE://{self.secured_address}"
        nodes = {"broker": self._nodes, "controller": self._controllers}
        roles = [role for role, members in nodes.items() if node in members]
        settings = {
            "process.roles": ",".join(roles),
            "node.id": str(node.number),
            "controller.quorum.voters": ",".join(
                f"{n.number}@127.0.0.1:{n.controller_port}" for n in self._controllers
            ),
            "controller.listener.names": "CONTROLLER",
            "listeners": ",".join(listeners[role] for role in roles),
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
            "log.dirs": str(node.directory / "data"),
            "offsets.topic.replication.factor": str(replication),
            "transaction.state.log.replication.factor": str(replication),
            "transaction.state.log.min.isr": str(max(1, replication - 1)),
            "share.coordinator.state.topic.replication.factor": str(replication),
            "share.coordinator.state.topic.min.isr": str(max(1, replication - 1)),
            "default.replication.factor": str(replication),
            # A test does not wait three seconds for members that will not come; minikafka's fast profile does likewise.
            "group.initial.rebalance.delay.ms": "0",
            **({} if secured is None else secured.settings()),
            **self._config,
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())
