"""`minikafka topic`, against an embedded cluster."""

from __future__ import annotations

import pytest

from tests.unit.cli.kit import Verbs, lines


def test_a_topic_is_created_described_altered_and_deleted(verbs: Verbs) -> None:
    """Each step is seen by the next, over the wire."""
    (made,) = verbs.rows("topic", "create", "life:3:2", "-c", "retention.ms=1000")
    assert made == {"topic": "life", "partitions": 3, "replication_factor": 2, "internal": False}
    verbs.run("topic", "create", "life", "--if-not-exists")
    verbs.run(
        "topic", "alter", "life", "--partitions", "4", "-c", "max.message.bytes=9", "--unset", "retention.ms"
    )
    described = verbs.rows("topic", "describe", "life")
    assert [row["partition"] for row in described] == [0, 1, 2, 3]
    assert all(row["config"] == {"max.message.bytes": "9"} for row in described)
    assert all(row["leader"] in row["isr"] and len(row["replicas"]) == 2 for row in described)
    verbs.run("topic", "delete", "life")
    assert "life" not in {row["topic"] for row in verbs.rows("topic", "list")}


def test_offsets_are_told_and_trimmed(verbs: Verbs) -> None:
    """Start, high watermark, last stable offset; and the offset at a time."""
    verbs.run("topic", "create", "measured:2")
    verbs.run("produce", "-t", "measured:1", stdin=lines(["a", "b", "c"]))
    at = ("--time", "2001-01-01T00:00:00Z")
    told = {row["partition"]: row for row in verbs.rows("topic", "offsets", "measured", *at)}
    assert told[0]["offset_at_time"] == -1
    assert {key: told[1][key] for key in ("log_start_offset", "high_watermark", "offset_at_time")} == {
        "log_start_offset": 0,
        "high_watermark": 3,
        "offset_at_time": 0,
    }
    verbs.run("topic", "trim", "measured:1", "2")
    (row,) = verbs.rows("topic", "offsets", "measured:1")
    assert row["log_start_offset"] == 2


def test_a_table_has_a_heading_and_one_line_per_row(verbs: Verbs) -> None:
    """What a person sees."""
    verbs.run("topic", "create", "seen:2:1")
    table = verbs.run("topic", "describe", "seen").out.splitlines()
    assert table[0].split()[:3] == ["TOPIC", "PARTITION", "LEADER"]
    assert len(table) == 3


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("topic", "describe", "ordrs"), 1, "topic 'ordrs' does not exist here; did you mean 'orders'?"),
        (("topic", "create", "orders"), 1, "TOPIC_ALREADY_EXISTS"),
        (("topic", "create", "orders:x"), 2, "wants numbers after the name"),
        (("topic", "alter", "orders"), 2, "nothing to alter"),
        (("topic", "alter", "orders", "-c", "nope=1"), 1, "INVALID_CONFIG"),
        (("topic", "alter", "orders", "--partitions", "1"), 1, "INVALID_PARTITIONS"),
        (("topic", "offsets", "orders:9"), 2, "partitions 0 to 0, not 9"),
        (("topic", "offsets", "orders", "--time", "noon"), 2, "'noon' is no time"),
        (("topic", "list", "-X", "sasl.mechanismm=x"), 2, "did you mean 'sasl.mechanism'"),
    ],
)
def test_a_mistake_is_one_line_with_its_status(
    verbs: Verbs, words: tuple[str, ...], status: int, said: str
) -> None:
    """1: the cluster said no; 2: it was not even asked."""
    verbs.run("topic", "create", "orders", "--if-not-exists")
    ran = verbs.run(*words, status=status)
    assert ran.out == ""
    assert said in ran.err
    assert ran.err.count("\n") == 1


def test_nobody_there_is_not_false_but_unknown(verbs: Verbs) -> None:
    """Status 3, at once, naming every address tried."""
    verbs.servers = "127.0.0.1:1,127.0.0.1:2"
    ran = verbs.run("topic", "list", status=3)
    assert "127.0.0.1:1" in ran.err
    assert "127.0.0.1:2" in ran.err
