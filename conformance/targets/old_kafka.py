"""Apache Kafka 2.8 with a ZooKeeper, from Maven artefacts: what our verbs still have to speak to."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from conformance.build import once, run
from conformance.paths import CACHE, CONFORMANCE
from conformance.targets import free_ports
from conformance.targets.apache_kafka import SMALL_HEAP
from conformance.targets.ready import wait_until_ready

POM = CONFORMANCE / "jvm" / "old" / "pom.xml"
LIBRARIES = CACHE / "jvm" / "old"
READY_TIMEOUT_S = 120.0


class OldKafka:
    """One broker and one ZooKeeper, a process each."""

    name = "old"

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="old-kafka-"))
        self._port, self._zookeeper_port = free_ports(2)
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def bootstrap_servers(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def data_directory(self) -> Path:
        return self._directory / "data"

    def open(self) -> None:
        """Fetches the jars the first time. Raises CalledProcessError, NeverHappened."""
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={LIBRARIES}"]
        once("old kafka", [POM], LIBRARIES, lambda: run(["mvn", "-q", "-B", "-f", str(POM), *goal]))
        self._launch(
            "org.apache.zookeeper.server.ZooKeeperServerMain",
            dataDir=str(self._directory / "zookeeper"),
            clientPort=str(self._zookeeper_port),
            **{"admin.enableServer": "false"},
        )
        self._launch(
            "kafka.Kafka",
            listeners=f"PLAINTEXT://{self.bootstrap_servers}",
            **{
                "broker.id": "1",
                # It asks again for as long as the other process needs to come up.
                "zookeeper.connect": f"127.0.0.1:{self._zookeeper_port}",
                "zookeeper.connection.timeout.ms": "60000",
                "log.dirs": str(self.data_directory),
                "offsets.topic.replication.factor": "1",
                "offsets.topic.num.partitions": "2",
                "transaction.state.log.replication.factor": "1",
                "transaction.state.log.min.isr": "1",
                "transaction.state.log.num.partitions": "2",
                "group.initial.rebalance.delay.ms": "0",
            },
        )
        wait_until_ready(self.bootstrap_servers, 1, READY_TIMEOUT_S)

    def kill(self) -> None:
        """Both processes, at once."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _launch(self, main: str, **settings: str) -> None:
        file = self._directory / f"{main}.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        with (self._directory / f"{main}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen(
                    ["java", *SMALL_HEAP, quiet, "-cp", f"{LIBRARIES}/*", main, str(file)],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
