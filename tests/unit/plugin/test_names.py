"""Names that only one test has."""

from __future__ import annotations

from minikafka.pytest_plugin.names import LONGEST, Names


def test_a_name_is_the_tests_own_and_stays_the_same() -> None:
    """Asked again it is the same; another test's is another one; the test's name can be read in it."""
    mine, other = Names("test_reads[a b]"), Names("test_reads[a b]")
    assert mine.unique("orders") == mine.unique("orders")
    assert mine.unique("orders") != mine.unique("payments")
    assert mine.unique("orders") != other.unique("orders")
    assert mine.unique("orders").startswith("orders-test-reads-a-b-")


def test_a_name_is_legal_for_kafka_however_long_the_test_is_called() -> None:
    """Kafka allows 249 characters, and neither brackets nor blanks."""
    for name in (Names("test_x" * 100).unique("t"), Names("t").unique("t" * 300), Names("ü[é]").unique("t")):
        assert len(name) <= LONGEST
        assert all(one.isascii() and (one.isalnum() or one in "-_.") for one in name)


def test_only_names_that_were_asked_for_are_known() -> None:
    """Any other name is taken as it is."""
    names = Names("test")
    assert names.known("orders") == "orders"
    own = names.unique("orders")
    assert (names.known("orders"), names.given) == (own, [own])
