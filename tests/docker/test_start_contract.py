"""The image's scripts do what testcontainers' Kafka modules rely on, tried without an engine.

`docker/rootfs` is copied to a temporary root, and `/etc` in what a module would write or run is that root's. What each
module does was read in its sources: which variables it sets, which command the container waits with, what the starter
script holds that is put in place once the published port is known, and which log line is waited for.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka import Consumer, Producer
from minikafka.client.client import Client
from minikafka.client.settings import ClientSettings

from conformance.targets import free_ports

ROOTFS = Path(__file__).resolve().parents[2] / "docker" / "rootfs"
COMMON = {
    "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_LOG_FLUSH_INTERVAL_MESSAGES": "9223372036854775807",
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
}
KRAFT = COMMON | {
    "CLUSTER_ID": "4L6g3nShT-eMCtK--X86sw",
    "KAFKA_LISTENERS": "PLAINTEXT://{host}:{port},BROKER://{host}:{beside},CONTROLLER://{host}:9094",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
}
ZOOKEEPER = COMMON | {
    "KAFKA_BROKER_ID": "1",
    "KAFKA_LISTENERS": "PLAINTEXT://{host}:{port},BROKER://{host}:{beside}",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
}
ADVERTISE = "export KAFKA_ADVERTISED_LISTENERS={advertised}\n"
RUNNING = r"Transitioning from RECOVERY to RUNNING"


class Module(NamedTuple):
    """script: where it is put; run: how it is run. started: what is waited for in the log."""

    environment: dict[str, str]
    script: str
    run: str
    text: str
    started: str


VOTERS = {"KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9094"}
MODULES = {
    "java, apache/kafka": Module(
        KRAFT,
        "tmp/testcontainers_start.sh",
        "{script}",
        "#!/bin/bash\n" + ADVERTISE + "/etc/kafka/docker/run \n",
        RUNNING,
    ),
    "java, confluentinc/cp-kafka": Module(
        KRAFT,
        "tmp/testcontainers_start.sh",
        "{script}",
        "#!/bin/bash\n" + ADVERTISE + "/etc/confluent/docker/run \n",
        RUNNING,
    ),
    "go": Module(
        KRAFT | VOTERS,
        "usr/sbin/testcontainers_start.sh",
        "bash {script}",
        "#!/bin/bash\nsource /etc/confluent/docker/bash-config\n"
        'export KAFKA_ADVERTISED_LISTENERS="{advertised}${{MORE:+,${{MORE}}}}"\n'
        "sed -i '/KAFKA_ZOOKEEPER_CONNECT/d' /etc/confluent/docker/configure\n"
        "echo 'kafka-storage format -t \"$(kafka-storage random-uuid)\" -c /etc/kafka/kafka.properties'"
        " >> /etc/confluent/docker/configure\n"
        "echo '' > /etc/confluent/docker/ensure\n/etc/confluent/docker/configure\n/etc/confluent/docker/launch",
        RUNNING,
    ),
    "node, with KRaft": Module(
        KRAFT | VOTERS,
        "testcontainers_start.sh",
        "{script}",
        "#!/bin/bash\n" + ADVERTISE + "/etc/confluent/docker/run \n",
        RUNNING,
    ),
    "node, with ZooKeeper": Module(
        ZOOKEEPER | {"KAFKA_ZOOKEEPER_CONNECT": "localhost:2181"},
        "testcontainers_start.sh",
        "{script}",
        "#!/bin/bash\n" + ADVERTISE + "echo '' > /etc/confluent/docker/ensure \n"
        "zookeeper-server-start zookeeper.properties &\n/etc/confluent/docker/run \n",
        r"started",
    ),
    "python, with KRaft": Module(
        KRAFT | VOTERS,
        "tc-start.sh",
        "sh {script}",
        "#!/bin/bash\nsed -i '/KAFKA_ZOOKEEPER_CONNECT/d' /etc/confluent/docker/configure\n"
        "echo 'kafka-storage format --ignore-formatted -t 1 -c /etc/kafka/kafka.properties'"
        " >> /etc/confluent/docker/configure\n"
        + ADVERTISE
        + ". /etc/confluent/docker/bash-config\n/etc/confluent/docker/configure\n/etc/confluent/docker/launch",
        r"Kafka Server started",
    ),
    "python, with ZooKeeper": Module(
        ZOOKEEPER,
        "tc-start.sh",
        "sh {script}",
        "#!/bin/bash\necho 'clientPort=2181' > zookeeper.properties\n"
        "zookeeper-server-start zookeeper.properties &\nexport KAFKA_ZOOKEEPER_CONNECT='localhost:2181'\n"
        + ADVERTISE
        + ". /etc/confluent/docker/bash-config\n/etc/confluent/docker/configure\n/etc/confluent/docker/launch",
        r"\[KafkaServer id=\d+\] started",
    ),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The image's file system, as far as it is ours."""
    shutil.copytree(ROOTFS, tmp_path / "root")
    for name in ("tmp", "usr/sbin"):
        (tmp_path / "root" / name).mkdir(parents=True, exist_ok=True)
    return tmp_path / "root"


@contextmanager
def container(root: Path, environment: dict[str, str], *command: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a container's first process, by way of the image's entry point; killed at the end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
    path = f"{root}/usr/local/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    with subprocess.Popen(
        [f"{root}/usr/local/bin/minikafka-entrypoint", *command],
        env=inherited | {"PATH": path, "KAFKA_LOG_DIRS": str(root / "data")} | environment,
        cwd=root / "tmp",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_for(process: subprocess.Popen[str], pattern: str) -> str:
    """The first line of the log that matches. Fails, with the log, when it ends before."""
    assert process.stdout is not None
    log = []
    for line in process.stdout:
        log.append(line)
        if re.search(pattern, line):
            return line
    raise AssertionError("".join(log))


def round_trip(servers: str) -> None:
    """A real client produces, and reads as a group's member."""
    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True, "log_level": 0})
    producer.produce("orders", b"hello")
    assert producer.flush(60) == 0
    consumer = Consumer(
        {"bootstrap.servers": servers, "group.id": "g", "auto.offset.reset": "earliest", "log_level": 0}
    )
    consumer.subscribe(["orders"])
    try:
        assert [message.value() for message in consumer.consume(1, timeout=60)] == [b"hello"]
    finally:
        consumer.close()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_of_testcontainers_starts_it_and_finds_it(root: Path, name: str) -> None:
    """Its variables, its waiting command, its starter script, its log line, the advertised addresses: what the host
    reaches, and what containers beside it do."""
    module = MODULES[name]
    port, beside = free_ports(2)
    host = "" if name.startswith("java") else "0.0.0.0"
    environment = {
        variable: value.format(host=host, port=port, beside=beside)
        if variable == "KAFKA_LISTENERS"
        else value
        for variable, value in module.environment.items()
    }
    script = root / module.script
    run = module.run.format(script=script)
    with container(
        root, environment, "sh", "-c", f"while [ ! -f {script} ]; do sleep 0.1; done; {run}"
    ) as process:
        text = module.text.replace("/etc/", f"{root}/etc/")
        # It appears with its mode and whole, as what an engine copies into a container does.
        fresh = script.with_suffix(".fresh")
        fresh.write_text(text.format(advertised=f"BROKER://1a2b3c:{beside},PLAINTEXT://localhost:{port}"))
        fresh.chmod(0o777)
        fresh.rename(script)
        wait_for(process, module.started)
        for listening, told in ((port, "localhost"), (beside, "1a2b3c")):
            client = Client(ClientSettings.of(f"127.0.0.1:{listening}", {}))
            metadata = client.metadata([])
            client.close()
            assert [(broker.host, broker.port) for broker in metadata.brokers] == [(told, listening)]
        if "CLUSTER_ID" in environment:
            assert metadata.cluster_id == environment["CLUSTER_ID"]
        if name == "java, apache/kafka":
            round_trip(f"localhost:{port}")


def test_docker_stop_is_a_clean_end(root: Path) -> None:
    """Without any variable: the default command's signal reaches the broker, which says goodbye to its files."""
    (port,) = free_ports(1)
    with container(root, {}, f"{root}/etc/kafka/docker/run", "-p", str(port)) as process:
        wait_for(process, RUNNING)
        client = Client(ClientSettings.of(f"127.0.0.1:{port}", {}))
        assert [(broker.host, broker.port) for broker in client.metadata([]).brokers] == [("localhost", port)]
        client.close()
        process.terminate()
        assert process.wait(60) == 0
        assert (root / "data" / "broker-1" / ".kafka_cleanshutdown").exists()


@pytest.mark.parametrize(("command", "said"), [(("--version",), "minikafka "), (("apis",), "Produce")])
def test_a_verb_is_a_command_of_the_image(root: Path, command: tuple[str, ...], said: str) -> None:
    """`docker run IMAGE apis`."""
    with container(root, {}, *command) as process:
        wait_for(process, said)
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_the_dockerfile_copies_what_is_there() -> None:
    """Every source it names exists and is let through by `.dockerignore`; what it runs is what was tested above."""
    base = ROOTFS.parents[1]
    dockerfile = (base / "Dockerfile").read_text()
    let_through = set((base / ".dockerignore").read_text().split())
    for line in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+)$", dockerfile, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (base / source).exists()
            assert f"!{source.split('/')[0]}" in let_through
    assert 'ENTRYPOINT ["minikafka-entrypoint"]' in dockerfile
    assert 'CMD ["/etc/kafka/docker/run"]' in dockerfile
