"""Apache Kafka's own tools work on our cluster: kafka-reassign-partitions, kafka-metadata-quorum, kafka-log-dirs,
kafka-cluster (R12, R17, D7).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.build import build, is_available
from conformance.paths import JVM_LIBRARIES
from tools.kafka_jars import jars

if TYPE_CHECKING:
    from minikafka import Cluster

pytestmark = pytest.mark.usefixtures("on_minikafka")

TOOLS_VERSION = "4.3.1"
"""The newest one whose tools jar is published; it needs the client library of its own version before any other."""
OWN_JARS = ("kafka-clients", "kafka-tools", "kafka-server-common")
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"
TOPIC = "orders"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three brokers, and a topic on two of them."""
    from minikafka import Cluster

    if not is_available("java"):
        pytest.skip("Apache Kafka's tools need java, javac and mvn on PATH")
    build("java")
    with Cluster(brokers=3, topics=[f"{TOPIC}:1:2"]) as kafka:
        yield kafka


def run(tool: str, *arguments: str) -> str:
    """What the tool prints; it must end with status 0."""
    class_path = [*map(str, jars(*OWN_JARS, version=TOOLS_VERSION)), f"{JVM_LIBRARIES}/*"]
    result = subprocess.run(
        ["java", QUIET, "-cp", ":".join(class_path), f"org.apache.kafka.tools.{tool}", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def plan(path: Path, *replicas: int) -> str:
    """A file that sends the topic's one partition to these brokers."""
    moved = [{"topic": TOPIC, "partition": 0, "replicas": list(replicas)}]
    path.write_text(json.dumps({"version": 1, "partitions": moved}))
    return str(path)


def reassign(cluster: Cluster, *arguments: str) -> str:
    return run(
        "reassign.ReassignPartitionsCommand", "--bootstrap-server", cluster.bootstrap_servers, *arguments
    )


def test_r17_kafka_reassign_partitions_moves_verifies_lists_and_cancels(
    cluster: Cluster, tmp_path: Path
) -> None:
    """R17: `--execute` with a throttle, `--list`, `--verify` (which takes the throttle away again), `--cancel` of a
    move to a broker that cannot fetch."""
    part = cluster.topic(TOPIC).partition(0)
    old = list(part.replicas)
    (spare,) = {1, 2, 3} - set(old)
    target = [spare, old[0]]
    there = plan(tmp_path / "there.json", *target)
    started = reassign(cluster, "--reassignment-json-file", there, "--execute", "--throttle", "50000000")
    assert f"Successfully started partition reassignment for {TOPIC}-0" in started
    cluster.wait(topic=TOPIC, partition=0, isr=sorted(target), timeout=20)
    done = reassign(cluster, "--reassignment-json-file", there, "--verify")
    assert f"Reassignment of partition {TOPIC}-0 is completed." in done
    assert "Clearing topic-level throttles" in done
    assert list(cluster.topic(TOPIC).partition(0).replicas) == target
    for other in target:
        cluster.cut(old[1], other)
    back = plan(tmp_path / "back.json", *old)
    reassign(cluster, "--reassignment-json-file", back, "--execute")
    listed = reassign(cluster, "--list")
    assert re.search(
        rf"{TOPIC}-0: replicas: {old[0]},{old[1]},{spare}\. adding: {old[1]}\. removing: {spare}", listed
    )
    cancelled = reassign(cluster, "--reassignment-json-file", back, "--cancel")
    assert f"Successfully cancelled partition reassignment for: {TOPIC}-0" in cancelled
    assert "No partition reassignments found." in reassign(cluster, "--list")
    cluster.heal()
    cluster.wait(topic=TOPIC, partition=0, isr=sorted(target), timeout=20)


def test_kafka_metadata_quorum_describes_the_one_voter_and_its_observers(cluster: Cluster) -> None:
    """KIP-595: the controller leads, and every broker follows it."""
    quorum = ["--bootstrap-server", cluster.bootstrap_servers, "describe"]
    status = run("MetadataQuorumCommand", *quorum, "--status")
    assert re.search(r"LeaderId:\s+1000\b", status)
    replication = run("MetadataQuorumCommand", *quorum, "--replication")
    rows = {int(line.split()[0]): line.split()[-1] for line in replication.splitlines()[1:] if line.strip()}
    assert rows == {1000: "Leader", 1: "Observer", 2: "Observer", 3: "Observer"}


def test_d7_kafka_log_dirs_names_each_brokers_directory_and_what_is_in_it(cluster: Cluster) -> None:
    """DescribeLogDirs: without an error while the disk is well."""
    printed = run(
        "LogDirsCommand", "--bootstrap-server", cluster.bootstrap_servers, "--describe", "--topic-list", TOPIC
    )
    found = json.loads(printed[printed.index("{") :])
    directories = {broker["broker"]: broker["logDirs"] for broker in found["brokers"]}
    assert sorted(directories) == [1, 2, 3]
    holders = [
        broker
        for broker, dirs in directories.items()
        if any(each["partition"] == f"{TOPIC}-0" for one in dirs for each in one["partitions"])
    ]
    assert sorted(holders) == sorted(cluster.topic(TOPIC).partition(0).replicas)
    assert all(one["error"] is None for dirs in directories.values() for one in dirs)


def test_r12_kafka_cluster_unregisters_a_broker_that_is_gone(cluster: Cluster) -> None:
    """R12: it is forgotten; when it comes back it registers as if it were new."""
    printed = run("ClusterTool", "list-endpoints", "--bootstrap-server", cluster.bootstrap_servers)
    assert len(re.findall(r"^\s*[123]\s", printed, re.MULTILINE)) == 3
    cluster.broker(3).stop()
    gone = run("ClusterTool", "unregister", "--bootstrap-server", cluster.bootstrap_servers, "--id", "3")
    assert "Broker 3 is no longer registered." in gone
    cluster.broker(3).start()
