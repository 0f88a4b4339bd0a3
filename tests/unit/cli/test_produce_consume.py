"""`minikafka produce` and `minikafka consume`, against an embedded cluster."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from minikafka import Cluster

from tests.unit.cli.kit import Verbs, lines


def test_each_line_is_an_acknowledged_record(verbs: Verbs) -> None:
    """`-J` says where each one lies; what was written is read back, null, headers and all."""
    verbs.run("topic", "create", "lines")
    told = verbs.rows("produce", "-t", "lines", "-K:", "-Z", "-H", "source=test", stdin=b"k:v\nk:\n:w\nplain")
    assert told == [{"topic": "lines", "partition": 0, "offset": offset} for offset in range(4)]
    read = verbs.rows("consume", "-t", "lines", "-e")
    assert [(row["key"], row["payload"], row["headers"]) for row in read] == [
        ("k", "v", ["source", "test"]),
        ("k", None, ["source", "test"]),
        (None, "w", ["source", "test"]),
        (None, "plain", ["source", "test"]),
    ]
    assert {row["tstype"] for row in read} == {"create"}


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_a_real_client_reads_what_was_produced(kafka: Cluster, verbs: Verbs, compression: str) -> None:
    """Keys land where other clients look for them, in every compression."""
    topic = f"compressed-{compression}"
    verbs.run("topic", "create", f"{topic}:3")
    values = [f"key{number}:value{number}" for number in range(50)]
    verbs.run("produce", "-t", topic, "-K", ":", "-z", compression, stdin=lines(values))
    consumer = Consumer(
        kafka.client_config("confluent")
        | {"group.id": topic, "auto.offset.reset": "earliest", "log_level": 0}
    )
    consumer.subscribe([topic])
    try:
        got = sorted(f"{m.key().decode()}:{m.value().decode()}" for m in consumer.consume(50, timeout=30))
    finally:
        consumer.close()
    assert got == sorted(values)


def test_a_batch_sent_again_is_not_appended_again(kafka: Cluster, verbs: Verbs) -> None:
    """The acknowledgement is lost; the retry is recognised, because it is idempotent by default."""
    verbs.run("topic", "create", "again")
    with kafka.faults.drop_response(api="Produce", topic="again", times=1) as fault:
        told = verbs.rows("produce", "-t", "again", stdin=lines(["once"]))
    assert fault.fired == 1
    assert told == [{"topic": "again", "partition": 0, "offset": 0}]
    assert [row["payload"] for row in verbs.rows("consume", "-t", "again", "-e")] == ["once"]


def test_records_survive_the_leader_they_were_sent_to(verbs: Verbs) -> None:
    """Between the two lines the leader dies: the second goes to its successor, under the same producer id."""
    with Cluster(brokers=3, config={"min.insync.replicas": 2}, topics=["moving:1:3"]) as own:
        verbs.servers = own.bootstrap_servers
        verbs.run("produce", "-t", "moving", stdin=lines(["before"]))
        own.broker(own.topic("moving").partition(0).leader).kill()
        verbs.run("produce", "-t", "moving", stdin=lines(["after"]))
        assert [row["payload"] for row in verbs.rows("consume", "-t", "moving", "-e")] == ["before", "after"]


def test_files_are_records_or_hold_them(verbs: Verbs, tmp_path: Path) -> None:
    """Whole, or with `-l` by line; bytes that are no text come back as base64."""
    verbs.run("topic", "create", "files")
    whole, many = tmp_path / "whole", tmp_path / "many"
    whole.write_bytes(b"\xff\n\x00")
    many.write_text("a;b;c")
    verbs.run("produce", "-t", "files", str(whole))
    verbs.run("produce", "-t", "files", "-l", "-D", ";", "-c", "2", str(many))
    read = verbs.rows("consume", "-t", "files", "-e")
    assert [row.get("payload", row.get("payload_base64")) for row in read] == ["/woA", "a", "b"]
    ran = verbs.run("produce", "-t", "files", str(tmp_path / "absent"), status=2)
    assert "cannot read" in ran.err


def test_a_start_an_end_and_a_format(verbs: Verbs) -> None:
    """`-o N`, `-o -N`, `-o end`, times; kcat's letters."""
    verbs.run("topic", "create", "placed")
    verbs.run("produce", "-t", "placed", "-k", "k", stdin=lines(["a", "b", "c"]))

    def read(*words: str) -> str:
        return verbs.run("consume", "-t", "placed", "-e", "-D", " ", *words).out

    assert read() == "a b c "
    assert read("-o", "1") == "b c "
    assert read("-o", "-1") == "c "
    assert read("-o", "end") == ""
    assert read("-o", "s@2001-01-01") == "a b c "
    assert read("-o", "s@2001-01-01,e@2001-01-02") == ""
    assert read("-f", r"%t:%p@%o %k=%s %S %K 100%%\n", "-c", "1") == "placed:0@0 k=a 1 1 100%\n"
    assert "none of" in verbs.run("consume", "-t", "placed", "-f", "%q", status=2).err
    assert "begins at 0 and ends at 3" in verbs.run("consume", "-t", "placed", "-o", "9", status=1).err
    verbs.run("consume", "-t", "placed", "-o", "end", "--timeout-ms", "1", "-c", "1", status=3)


def test_an_aborted_transaction_is_seen_only_uncommitted(verbs: Verbs) -> None:
    """`--transactional-id` with its three ends, and both isolation levels."""
    verbs.run("topic", "create", "atomic")
    for value, *end in (("aborted", "--abort"), ("committed",), ("open", "--leave-open")):
        verbs.run("produce", "-t", "atomic", "--transactional-id", value, *end, stdin=lines([value]))
    uncommitted = verbs.run("consume", "-t", "atomic", "-e").out
    committed = verbs.run("consume", "-t", "atomic", "-e", "--isolation", "read_committed").out
    assert uncommitted.split() == ["aborted", "committed", "open"]
    assert committed.split() == ["committed"]
    verbs.run("txn", "abort", "open")


def test_a_group_goes_on_where_it_left_off(verbs: Verbs) -> None:
    """What was printed is committed when it ends, and not one record more."""
    verbs.run("topic", "create", "shared:2")
    verbs.run("produce", "-t", "shared", "-K:", stdin=lines([f"{number}:{number}" for number in range(10)]))
    first = verbs.run("consume", "-t", "shared", "-G", "readers", "-c", "4").out.split()
    rest = verbs.run("consume", "-t", "shared", "-G", "readers", "-e").out.split()
    assert len(first) == 4
    assert sorted(first + rest, key=int) == [str(number) for number in range(10)]
    assert verbs.run("consume", "-t", "shared", "-G", "readers", "-e").out == ""


def test_two_members_share_the_partitions(verbs: Verbs) -> None:
    """The second one's arrival makes the first give half away; interrupted, it commits, leaves and says 130."""
    verbs.run("topic", "create", "halves:2")
    verbs.run("produce", "-t", "halves:0", stdin=lines(["zero"]))
    command = [
        sys.executable,
        "-m",
        "minikafka",
        "consume",
        "-t",
        "halves",
        "-G",
        "pair",
        "-b",
        verbs.servers,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "zero\n"
        verbs.run("produce", "-t", "halves:1", stdin=lines(["one"]))
        ours = verbs.run("consume", "-t", "halves", "-G", "pair", "-e").out.split()
        theirs = [] if ours else [other.stdout.readline().strip()]
        other.send_signal(signal.SIGINT)
        rest = other.communicate(timeout=60)
    assert (other.returncode, *rest) == (130, "", "")
    assert ours + theirs == ["one"]
    assert [row["lag"] for row in verbs.rows("group", "offsets", "pair")] == [0, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("consume", "-t", "orders", "-p", "7"), "there is no partition 7"),
        (("consume", "-t", "orders", "-o", "yesterday"), "none of beginning, end"),
        (("consume", "-t", "orders", "-G", "g", "-p", "0"), "neither -p nor"),
        (("consume", "-t", "orders", "-X", "isolation.level=none"), "isolation is one of"),
        (("produce", "-t", "orders:7"), "partitions 0 to 0, not 7"),
        (("produce", "-t", "orders", "-X", "acks=2"), "acks is all, 1 or 0"),
        (("produce", "-t", "orders", "-X", "compression.type=rar"), "compression is one of"),
        (("produce", "-t", "orders", "--abort"), "--transactional-id"),
        (("produce", "-t", "orders", "-D", ""), "at least one character"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(verbs: Verbs, words: tuple[str, ...], said: str) -> None:
    """Status 2 and one line."""
    verbs.run("topic", "create", "orders", "--if-not-exists")
    ran = verbs.run(*words, status=2)
    assert said in ran.err
    assert ran.out == ""
