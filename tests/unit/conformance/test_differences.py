"""A comparison that has never shown a difference is not trusted: each kind planted, each one told."""

from __future__ import annotations

import pytest
from minikafka.wire.messages.end_txn import EndTxnResponse
from minikafka.wire.messages.metadata import MetadataResponse, MetadataResponseTopic

from conformance.dialogues.compare import Difference, Excuse, differences, unexcused, unused
from conformance.dialogues.normal import Normalizer
from conformance.dialogues.talk import Step

ADDRESS = "127.0.0.1:9092"
FIELD = Difference("script", "01 end (EndTxn v5)", "error_code", "0", "48")


def told(kafka: list[Step], minikafka: list[Step]) -> list[Difference]:
    return list(differences("script", kafka, minikafka))


def test_a_field_that_differs_is_told() -> None:
    """With both values."""
    name = FIELD.step
    assert told([Step(name, {"error_code": "0"})], [Step(name, {"error_code": "48"})]) == [FIELD]


def test_a_missing_element_is_told_once() -> None:
    """Not field by field."""
    there = Step("s", {"topics[a].name": "'a'", "topics[a].id": "1", "error_code": "0"})
    found = told([there], [Step("s", {"error_code": "0"})])
    assert [(each.field, each.minikafka) for each in found] == [("topics[a]", "(absent)")]


@pytest.mark.parametrize("other", [[], [Step("t", {})], [Step("s", {"outcome": "connection closed"})]])
def test_another_course_is_told(other: list[Step]) -> None:
    """A step less, another step, no answer."""
    assert len(told([Step("s", {"error_code": "0"})], other)) == 1


def test_an_excuse_covers_only_what_it_names() -> None:
    """Pattern by pattern; brackets are no wildcards."""
    assert unexcused([FIELD], [Excuse("script", "* end *", "error_*", "meant", "0", "48")]) == []
    for wrong in (
        Excuse("other", "*", "*", ""),
        Excuse("*", "*", "*", "", kafka="1"),
        Excuse("*", "*", "[e]*", ""),
    ):
        assert unexcused([FIELD], [wrong]) == [FIELD]
        assert unused([FIELD], [wrong]) == [wrong]


def test_ids_are_compared_by_where_they_return() -> None:
    """Two brokers that hand out other numbers agree; one that hands out a new one the second time does not."""

    def shown(*producers: int) -> list[str]:
        normalizer = Normalizer(ADDRESS)
        return [normalizer.flat(EndTxnResponse(0, 0, each, 1))["producer_id"] for each in producers]

    assert shown(7, 7) == shown(2000, 2000)
    assert shown(7, 7) != shown(7, 8)


def test_the_order_of_a_list_does_not_count() -> None:
    """Elements are told apart by name."""

    def shown(*names: str) -> dict[str, str]:
        topics = [MetadataResponseTopic(name=name, error_code=len(name)) for name in names]
        return Normalizer(ADDRESS).flat(MetadataResponse(topics=topics))

    assert shown("a", "bb") == shown("bb", "a")
    assert shown("a", "bb") != shown("a", "cc")
