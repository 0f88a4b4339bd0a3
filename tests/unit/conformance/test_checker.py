"""A checker that has never been shown an anomaly is not trusted: each one planted, each one named."""

from __future__ import annotations

import pytest

from conformance.checker import judge, out_of_offset_order
from conformance.history import Operation, Outcome, parse_operation


def send(number: int, outcome: Outcome = Outcome.OK) -> Operation:
    return Operation("send", id=f"p:{number}", topic="t", partition=0, outcome=outcome)


def receive(number: int, offset: int, partition: int = 0) -> Operation:
    return Operation("recv", id=f"p:{number}", topic="t", partition=partition, offset=offset)


SENDS = [send(0), send(1), send(2)]


def test_a_complete_history_in_order_is_clean() -> None:
    """Each acknowledged record read once, in the order it was sent."""
    assert judge(SENDS, [receive(0, 0), receive(1, 1), receive(2, 2)]).is_clean


def test_an_acknowledged_record_never_read_is_lost() -> None:
    """What was promised and cannot be read any more."""
    assert judge(SENDS, [receive(0, 0), receive(2, 1)]).lost == ("p:1",)


@pytest.mark.parametrize("second_offset", [0, 1])
def test_a_record_read_twice_is_duplicated(second_offset: int) -> None:
    """Whether two copies are in the log or one copy was delivered twice."""
    assert judge([send(0)], [receive(0, 0), receive(0, second_offset)]).duplicated == ("p:0",)


def test_a_record_behind_a_later_one_of_its_partition_is_reordered() -> None:
    """Offsets decide, not the order in which partitions were read."""
    assert judge(SENDS, [receive(1, 0), receive(0, 1), receive(2, 2)]).reordered == ("p:0",)


def test_a_late_second_copy_is_a_duplicate_and_not_reordered() -> None:
    """The first copy has its place; the second is one anomaly, not two."""
    verdict = judge(SENDS, [receive(0, 0), receive(1, 1), receive(2, 2), receive(0, 3)])
    assert (verdict.duplicated, verdict.reordered) == (("p:0",), ())


def test_order_does_not_matter_across_partitions() -> None:
    """Kafka promises order within a partition only."""
    assert judge(SENDS, [receive(2, 0, partition=1), receive(0, 0), receive(1, 1)]).is_clean


@pytest.mark.parametrize("read", [[], [receive(0, 0)]])
def test_an_unknown_outcome_allows_both(read: list[Operation]) -> None:
    """A client that heard nothing proves nothing."""
    assert judge([send(0, Outcome.UNKNOWN)], read).is_clean


def test_a_record_that_certainly_failed_must_not_be_read() -> None:
    """A refusal is a promise too; so is a record that nobody sent."""
    assert judge([send(0, Outcome.FAIL)], [receive(0, 0), receive(9, 1)]).unexpected == ("p:0", "p:9")


def test_a_reader_must_not_go_back() -> None:
    """One reader's offsets rise within a partition."""
    assert out_of_offset_order([receive(0, 0), receive(2, 2), receive(1, 1)]) == ["p:1"]


def test_a_line_of_a_client_becomes_an_operation() -> None:
    """The contract's JSON, absent fields at their defaults."""
    parsed = parse_operation('{"op": "send", "id": "p:0", "partition": 2, "offset": 7, "outcome": "unknown"}')
    assert parsed == Operation("send", id="p:0", partition=2, offset=7, outcome=Outcome.UNKNOWN)


def test_an_outcome_that_the_contract_does_not_know_is_an_error() -> None:
    """A client that invents an outcome is not judged by guesswork."""
    with pytest.raises(ValueError, match="perhaps"):
        parse_operation('{"op": "send", "outcome": "perhaps"}')
