"""The verbs that speak to any Kafka, on Apache Kafka: each of them, its refusals, its files, and a secured listener."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from minikafka.cli.main import main
from minikafka.client.client import Client, check
from minikafka.client.settings import ClientSettings
from minikafka.log.batch import build_batch
from minikafka.types import TopicPartition
from minikafka.wire.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)

from conformance.build import build, is_available
from conformance.targets.apache_kafka import ApacheKafka, Secured
from tests.unit.cli.kit import Verbs, lines

CONFIG = {
    "offsets.topic.num.partitions": "2",
    "transaction.state.log.num.partitions": "2",
    # Without KIP-890's question to the coordinator, as brokers before it were; else nothing can hang.
    "transaction.partition.verification.enable": "false",
}
USER, PASSWORD = "alice", "secret"
GHOST = 424_242


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself, with its key behind it."""
    if shutil.which("openssl") is None:
        pytest.skip("a certificate needs openssl on PATH")
    directory = tmp_path_factory.mktemp("tls")
    key, own = directory / "key.pem", directory / "certificate.pem"
    named = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    made = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-keyout", str(key), "-out", str(own))
    subprocess.run(["openssl", "req", *made, *named], check=True, capture_output=True)
    (directory / "both.pem").write_text(key.read_text() + own.read_text())
    return own


@pytest.fixture(scope="module")
def apache(certificate: Path) -> Iterator[ApacheKafka]:
    """One broker, with a listener that wants TLS and a password beside its plain one."""
    if not is_available("java"):
        pytest.skip("Apache Kafka needs java, javac and mvn on PATH")
    build("java")
    kafka = ApacheKafka(config=CONFIG, secured=Secured(certificate.with_name("both.pem"), USER, PASSWORD))
    try:
        kafka.open()
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture
def verbs(
    apache: ApacheKafka, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Verbs:
    return Verbs(apache.bootstrap_servers, capfd, monkeypatch, tmp_path)


def test_topics(verbs: Verbs) -> None:
    """Created, described, altered, trimmed, deleted; refused with Kafka's own words."""
    verbs.run("topic", "create", "life:3:1", "-c", "retention.ms=1000")
    verbs.run(
        "topic", "alter", "life", "--partitions", "4", "-c", "max.message.bytes=99", "--unset", "retention.ms"
    )
    described = verbs.rows("topic", "describe", "life")
    assert [row["partition"] for row in described] == [0, 1, 2, 3]
    assert all(row["config"] == {"max.message.bytes": "99"} for row in described)
    assert "TOPIC_ALREADY_EXISTS" in verbs.run("topic", "create", "life", status=1).err
    assert "INVALID_CONFIG" in verbs.run("topic", "alter", "life", "-c", "nope=1", status=1).err
    assert "did you mean 'life'" in verbs.run("topic", "describe", "lfe", status=1).err
    verbs.run("topic", "alter", "life", "--unset", "max.message.bytes")
    verbs.run("produce", "-t", "life:0", stdin=lines("abc"))
    verbs.run("topic", "trim", "life:0", "2")
    (row,) = verbs.rows("topic", "offsets", "life:0")
    assert (row["log_start_offset"], row["high_watermark"], row["last_stable_offset"]) == (2, 3, 3)
    verbs.run("topic", "delete", "life")
    assert "life" not in {row["topic"] for row in verbs.rows("topic", "list")}


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records(verbs: Verbs, compression: str) -> None:
    """There and back in every compression; the topic is created on the way, as Kafka does."""
    topic = f"records-{compression}"
    told = verbs.rows(
        "produce", "-t", topic, "-K:", "-H", "a=b", "-z", compression, stdin=lines(["k:v", "k:w"])
    )
    assert [row["offset"] for row in told] == [0, 1]
    read = verbs.rows("consume", "-t", topic, "-e")
    assert [(row["key"], row["payload"], row["headers"]) for row in read] == [
        ("k", "v", ["a", "b"]),
        ("k", "w", ["a", "b"]),
    ]


def test_groups(verbs: Verbs) -> None:
    """Joined, left, described, reset, deleted."""
    verbs.run("topic", "create", "shared:2")
    verbs.run("produce", "-t", "shared:0", stdin=lines("abcde"))
    assert verbs.run("consume", "-t", "shared", "-G", "readers", "-c", "2").out.split() == ["a", "b"]
    assert verbs.run("consume", "-t", "shared", "-G", "readers", "-e").out.split() == ["c", "d", "e"]
    assert {"readers"} <= {row["group"] for row in verbs.rows("group", "list")}
    (state,) = verbs.rows("group", "describe", "readers")
    assert (state["state"], state["type"]) == ("Empty", "classic")
    verbs.run("group", "reset", "readers", "shared:0", "--to", "-4")
    assert [row["lag"] for row in verbs.rows("group", "offsets", "readers")] == [4, 0]
    verbs.run("group", "delete", "readers", "--offsets-of", "shared:1")
    verbs.run("group", "delete", "readers")
    assert "GROUP_ID_NOT_FOUND" in verbs.run("group", "describe", "readers", status=1).err


def test_transactions(apache: ApacheKafka, verbs: Verbs) -> None:
    """Of every end; one that is open is aborted by its id, one that hangs by its marker."""
    verbs.run("topic", "create", "paid")
    for name, *end in (("t1", "--abort"), ("t2",), ("t3", "--leave-open")):
        verbs.run("produce", "-t", "paid", "--transactional-id", name, *end, stdin=lines([name]))
    assert verbs.run("consume", "-t", "paid", "-e").out.split() == ["t1", "t2", "t3"]
    assert verbs.run("consume", "-t", "paid", "-e", "--isolation", "read_committed").out.split() == ["t2"]
    assert [row["transactional_id"] for row in verbs.rows("txn", "list", "--state", "Ongoing")] == ["t3"]
    assert verbs.rows("txn", "describe", "t3")[0]["partitions"] == ["paid:0"]
    assert verbs.rows("txn", "abort", "t3")[0]["aborted"] is True
    assert "TRANSACTIONAL_ID_NOT_FOUND" in verbs.run("txn", "describe", "nobody", status=1).err

    verbs.run("txn", "find-hanging", "paid")
    start = leave_hanging(apache, TopicPartition("paid", 0))
    (found,) = verbs.rows("txn", "find-hanging", "paid", status=1)
    assert (found["producer_id"], found["transaction_start"]) == (GHOST, start)
    verbs.run("txn", "abort", "--partition", "paid:0", "--start-offset", str(start))
    verbs.run("txn", "find-hanging", "paid")


def leave_hanging(apache: ApacheKafka, partition: TopicPartition) -> int:
    """A late write of a transaction that no coordinator knows; returns its offset."""
    an_hour_ago = time.time_ns() // 1_000_000 - 3_600_000
    batch = build_batch(
        [(an_hour_ago, None, b"late", ())],
        producer_id=GHOST,
        producer_epoch=0,
        base_sequence=0,
        transactional=True,
    )
    data = TopicProduceData(
        partition.topic, partition_data=[PartitionProduceData(partition.partition, batch)]
    )
    client = Client(ClientSettings.of(apache.bootstrap_servers, {}))
    client.partitions(partition.topic)
    answer = client.ask(
        lambda: client.leader(partition),
        ProduceRequest("ghost", -1, 3_000, [data]),
        ProduceResponse,
        highest=11,
    )
    client.close()
    appended = answer.responses[0].partition_responses[0]
    check(appended.error_code, "a late write")
    return appended.base_offset


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_secured_listener(apache: ApacheKafka, verbs: Verbs, certificate: Path, mechanism: str) -> None:
    """TLS by a certificate of our own, and a password; a wrong one is refused, a plain client is told what is odd."""
    verbs.servers = apache.secured_address
    who = {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": str(certificate),
        "sasl.mechanism": mechanism,
        "sasl.username": USER,
        "sasl.password": PASSWORD,
    }

    def said(**other: str) -> list[str]:
        return [word for name, value in (who | other).items() for word in ("-X", f"{name}={value}")]

    verbs.run("topic", "list", *said())
    assert (
        "uthentication failed"
        in verbs.run("topic", "list", *said(**{"sasl.password": "guess"}), status=1).err
    )
    plain = verbs.run("topic", "list", "-X", "request.timeout.ms=2000", status=3)
    assert apache.secured_address in plain.err


def test_apis_are_told_beside_ours(verbs: Verbs) -> None:
    """What Apache Kafka 4.4 serves of what we do, it serves in the versions we do."""
    rows = {row["name"]: row for row in verbs.rows("apis") if row["name"]}
    assert (rows["Produce"]["max"], rows["Fetch"]["max"]) == (
        rows["Produce"]["minikafka_max"],
        rows["Fetch"]["minikafka_max"],
    )


def test_its_files_are_decoded(apache: ApacheKafka, capsys: pytest.CaptureFixture[str]) -> None:
    """Last, because the broker is killed first: every file of its directory, snapshots of the metadata included."""
    apache.kill(1)
    status = main(["dump", "-J", str(apache.directory_of(1))])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    problems = [row for row in rows if row["kind"] == "problem"]
    assert (status, problems) == (0, [])
    types = {row["type"] for row in rows if row["kind"] in {"record", "control"} and "type" in row}
    assert types >= {
        *("Topic", "Partition", "RegisterBroker", "FeatureLevel"),
        *("OffsetCommit", "GroupMetadata", "TransactionLog"),
        *("COMMIT", "ABORT", "LEADER_CHANGE", "SNAPSHOT_HEADER"),
    }
    assert not [row for row in rows if "undecoded" in row]
    # Checkpoints of offsets may still be empty: Kafka writes those once a minute, and it was killed.
    assert {"leader_epoch", "aborted_transaction", "properties", "note", "time_index_entry"} <= {
        row["kind"] for row in rows
    }
