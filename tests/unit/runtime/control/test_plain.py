"""Plain data crosses a channel unchanged, and what does not fit its type is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from minikafka.runtime.control.plain import from_plain, to_plain
from minikafka.runtime.control.views import (
    EVERYTHING,
    CommittedView,
    GroupView,
    MemberView,
    NodeView,
    PartitionView,
    ProducerView,
    Question,
    ReplicaOffsets,
    ReplicaView,
    narrowed,
)

MEMBER = MemberView("m-1", "client", "/127.0.0.1", None, 3, b"\x00\xff", [("aa", 0)])
PRODUCERS = [ProducerView(1000, 0, 4, 9, 1, -1)]
VIEW = NodeView(
    node=2,
    state="running",
    is_running=True,
    broker_epoch=7,
    metadata_offset=40,
    active_brokers=[1, 2],
    features={"transaction.version": 2},
    partitions=[
        PartitionView("a", 0, 2, 0, 1, [2, 1], [1, 2], []),
        PartitionView("b", 0, 1, 0, 0, [1], [1], []),
    ],
    replicas=[
        ReplicaView("a", 0, True, 0, 1, ReplicaOffsets(0, 9, 9, 9), 0, [1, 2], [1, 2], False, PRODUCERS)
    ],
    groups=[GroupView("g", "classic", "Stable", 3, [MEMBER], [CommittedView("a", 0, 5)])],
    transactions=[],
    parked=[],
)


@pytest.mark.parametrize(
    ("kind", "value"), [(NodeView, VIEW), (Question, EVERYTHING), (Question, Question("t", 3))]
)
def test_what_was_written_is_read_again(kind: type, value: object) -> None:
    """Through JSON and back it is equal, bytes, None and nested tuples included."""
    assert from_plain(kind, json.loads(json.dumps(to_plain(value)))) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, True),
        (int, "1"),
        (str, None),
        (bytes, "zz"),
        (list[int], [1, "2"]),
        (Question, ["t"]),
        (Question, {"topic": "t"}),
        (ReplicaOffsets, [0, 1, 2, None]),
        (int | None, "x"),
        (tuple[str, int], ["a", 1, 2]),
    ],
)
def test_what_does_not_fit_is_refused(kind: Any, value: object) -> None:
    """A message of another version, or garbage, is a ValueError and never a half-read value."""
    with pytest.raises(ValueError, match=r"is not|has not|is none|non-hex"):
        from_plain(kind, value)


def test_a_view_of_everything_answers_each_narrower_question() -> None:
    """What a node said before it was stopped is enough to answer for it."""
    assert narrowed(VIEW, EVERYTHING) == VIEW
    about_b = narrowed(VIEW, Question("b", 0))
    assert [one.topic for one in about_b.partitions] == ["b"]
    assert (about_b.replicas, about_b.groups) == ([], [])
    assert narrowed(VIEW, Question("a")).replicas[0].producers == []
    assert narrowed(VIEW, Question("a", producers=True)).replicas[0].producers == PRODUCERS
    assert narrowed(VIEW, Question(group="g")).groups == VIEW.groups
    assert narrowed(VIEW, Question(group="other")).groups == []
