"""The verbs that speak to any Kafka, on the oldest one promised: 2.8, with ZooKeeper; nightly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from minikafka.cli.main import main

from conformance.build import is_available
from conformance.counts import IS_FULL
from conformance.targets.old_kafka import OldKafka
from tests.unit.cli.kit import Verbs, lines


@pytest.fixture(scope="module")
def old() -> Iterator[OldKafka]:
    if not IS_FULL:
        pytest.skip("Kafka 2.8 is tried where MINIKAFKA_CONFORMANCE_COUNTS=full")
    if not is_available("java"):
        pytest.skip("Kafka 2.8 needs java, javac and mvn on PATH")
    kafka = OldKafka()
    try:
        kafka.open()
        yield kafka
    finally:
        kafka.stop()


def test_everyday_verbs_and_clear_words_for_what_it_has_not(
    old: OldKafka, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Topics, records, groups, transactions; ListTransactions came later, and is said to be missing."""
    verbs = Verbs(old.bootstrap_servers, capfd, monkeypatch, tmp_path)
    verbs.run("topic", "create", "life:3:1", "-c", "retention.ms=1000")
    verbs.run(
        "topic",
        "alter",
        "life",
        "--partitions",
        "4",
        "-c",
        "max.message.bytes=999",
        "--unset",
        "retention.ms",
    )
    described = verbs.rows("topic", "describe", "life")
    assert [(row["partition"], row["config"]) for row in described] == [
        (number, {"max.message.bytes": "999"}) for number in range(4)
    ]
    verbs.run("produce", "-t", "life:0", "-z", "zstd", stdin=lines("abcde"))
    verbs.run("topic", "trim", "life:0", "2")
    assert verbs.run("consume", "-t", "life", "-G", "g", "-c", "1").out == "c\n"
    assert verbs.run("consume", "-t", "life", "-G", "g", "-e").out == "d\ne\n"
    assert verbs.rows("group", "describe", "g")[0]["state"] == "Empty"
    verbs.run("group", "reset", "g", "life:0", "--to", "-1")
    assert verbs.rows("group", "offsets", "g")[0]["lag"] == 1
    verbs.run("group", "delete", "g")

    for name, *end in (("t1", "--abort"), ("t2",), ("t3", "--leave-open")):
        verbs.run("produce", "-t", "paid", "--transactional-id", name, *end, stdin=lines([name]))
    assert verbs.run("consume", "-t", "paid", "-e", "--isolation", "read_committed").out == "t2\n"
    assert "does not have it" in verbs.run("txn", "list", status=1).err
    assert [row["transaction_start"] for row in verbs.rows("txn", "producers", "paid")] == [None, None, 4]
    assert verbs.rows("txn", "abort", "t3") == [{"transactional_id": "t3", "was": None, "aborted": None}]
    assert [row["transaction_start"] for row in verbs.rows("txn", "producers", "paid")] == [None, None, None]
    verbs.run("topic", "delete", "life")

    old.kill()
    capfd.readouterr()
    status = main(["dump", "-J", str(old.data_directory)])
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (status, [row for row in rows if row["kind"] == "problem"]) == (0, [])
    assert {row["type"] for row in rows if "type" in row} >= {
        "OffsetCommit",
        "GroupMetadata",
        "TransactionLog",
    }
