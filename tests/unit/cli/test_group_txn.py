"""`minikafka group` and `minikafka txn`, against an embedded cluster."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer
from minikafka import Cluster

from tests.unit.cli.kit import Verbs, lines


@pytest.fixture
def committed(verbs: Verbs) -> str:
    """A group that read 5 records of partition 0 of `read`, and none of partition 1."""
    verbs.run("topic", "create", "read:2", "--if-not-exists")
    verbs.run("produce", "-t", "read:0", stdin=lines("abcde"))
    verbs.run("consume", "-t", "read", "-G", "billing", "-e")
    return "billing"


def test_what_a_group_committed_is_listed_moved_and_forgotten(verbs: Verbs, committed: str) -> None:
    """Lag is what is left to read; a reset stays within the log."""
    assert committed in {row["group"] for row in verbs.rows("group", "list")}
    (state,) = verbs.rows("group", "describe", committed)
    assert (state["state"], state["member"], state["type"]) == ("Empty", None, "classic")
    end = verbs.rows("group", "offsets", committed)[0]["log_end_offset"]

    moved = verbs.rows("group", "reset", committed, "read:0", "--to", "-2", "--dry-run")
    assert [(row["before"], row["after"]) for row in moved] == [(end, end - 2)]
    assert verbs.rows("group", "offsets", committed)[0]["lag"] == 0
    for to, after in (("-2", end - 2), ("+100", end), ("earliest", 0), ("3", 3), ("2001-01-01", 0)):
        verbs.run("group", "reset", committed, "read:0", "--to", to)
        assert verbs.rows("group", "offsets", committed)[0]["committed"] == after
    verbs.run("group", "delete", committed, "--offsets-of", "read:1")
    assert [row["partition"] for row in verbs.rows("group", "offsets", committed)] == [0]
    verbs.run("group", "delete", committed)
    assert "GROUP_ID_NOT_FOUND" in verbs.run("group", "describe", committed, status=1).err


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_members_and_their_partitions_are_told(kafka: Cluster, verbs: Verbs, protocol: str) -> None:
    """Of both protocols; and a group with members is neither moved nor deleted."""
    group = f"living-{protocol}"
    kafka.topic("held", partitions=2)
    consumer = Consumer(
        kafka.client_config("confluent")
        | {"group.id": group, "group.protocol": protocol, "client.id": "me", "log_level": 0}
    )
    consumer.subscribe(["held"])
    try:
        consumer.poll(0)
        kafka.group(group).wait_for_assignment()
        (row,) = verbs.rows("group", "describe", group)
        assert (row["client"], row["state"], row["type"]) == ("me", "Stable", protocol)
        assert row["partitions"] == ["held:0", "held:1"]
        assert "UNKNOWN_MEMBER_ID" in verbs.run("group", "reset", group, "held", "--to", "0", status=1).err
        assert "NON_EMPTY_GROUP" in verbs.run("group", "delete", group, status=1).err
    finally:
        consumer.close()


def test_a_transaction_is_listed_described_and_aborted(verbs: Verbs) -> None:
    """Whoever used the id is fenced by the abort (T5)."""
    verbs.run("topic", "create", "paid")
    verbs.run("produce", "-t", "paid", "--transactional-id", "open-1", "--leave-open", stdin=lines(["x"]))
    ongoing = [row["transactional_id"] for row in verbs.rows("txn", "list", "--state", "Ongoing")]
    assert ongoing == ["open-1"]
    (before,) = verbs.rows("txn", "describe", "open-1")
    assert (before["state"], before["partitions"]) == ("Ongoing", ["paid:0"])
    (producer,) = verbs.rows("txn", "producers", "paid")
    assert (producer["producer_id"], producer["transaction_start"]) == (before["producer_id"], 0)
    refused = verbs.run("txn", "abort", "--partition", "paid:0", "--start-offset", "0", status=1)
    assert "will end it" in refused.err
    assert verbs.rows("txn", "abort", "open-1") == [
        {"transactional_id": "open-1", "was": "Ongoing", "aborted": True}
    ]
    (after,) = verbs.rows("txn", "describe", "open-1")
    assert after["producer_epoch"] > before["producer_epoch"]
    assert verbs.rows("txn", "producers", "paid")[0]["transaction_start"] is None


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("txn", "describe", "nobody"), 1, "TRANSACTIONAL_ID_NOT_FOUND"),
        (("txn", "abort"), 2, "abort what?"),
        (("txn", "list", "--state", "Odd"), 1, "no such state: Odd"),
        (("group", "reset", "new", "--to", "earliest"), 2, "name the topics"),
        (("group", "reset", "new", "plain", "--to", "+1"), 2, "no place to move +1 from"),
        (("group", "reset", "new", "plain", "--to", "somewhere"), 2, "is no time"),
        (("txn", "abort", "--partition", "plain:0", "--start-offset", "5"), 1, "no transaction that began"),
    ],
)
def test_a_mistake_says_what_is_missing(verbs: Verbs, words: tuple[str, ...], status: int, said: str) -> None:
    """1: the cluster said no; 2: it was not asked."""
    verbs.run("topic", "create", "plain", "--if-not-exists")
    assert said in verbs.run(*words, status=status).err
