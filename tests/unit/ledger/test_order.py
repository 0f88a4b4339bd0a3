"""Reordered, and offsets that hold another record than somebody knows there."""

from __future__ import annotations

from minikafka.checker.anomaly import Anomaly
from minikafka.ledger.causes import Cause
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedBatch

from tests.unit.ledger.told import Told, a_batch, a_log, verdict


def of_producer(offset: int, sequence: int) -> LoggedBatch:
    return a_batch(offset, b"%d" % sequence, producer_id=7, producer_epoch=0, base_sequence=sequence)


def reordered(told: Told, *batches: LoggedBatch) -> list[Finding]:
    return list(verdict(told, a_log(*batches)).of(Anomaly.REORDERED))


def test_i4_a_sequence_that_goes_back_is_reordered() -> None:
    """For certain; the wrap from the highest to 0 goes forward, and so does a gap."""
    (one,) = reordered(Told(), of_producer(0, 1), of_producer(1, 0))
    assert (one.first_offset, one.is_certain, one.cause) == (1, True, Cause.OUT_OF_SEQUENCE)
    assert reordered(Told(), of_producer(0, 2**31 - 1), of_producer(1, 0), of_producer(2, 5)) == []


def test_older_records_behind_a_refusal_are_possibly_reordered() -> None:
    """Without a refusal, a program may set timestamps as it likes."""
    young, old = a_batch(0, b"second", timestamp=9), a_batch(1, b"first", timestamp=5)
    told, calm = Told(), Told()
    told.event(1, "refused", "R7", api="Produce", code="NOT_ENOUGH_REPLICAS")
    for each in (told, calm):
        each.acknowledged(young)
        each.acknowledged(old)
    (one,) = reordered(told, young, old)
    assert (one.first_offset, one.is_certain) == (1, False)
    assert "enable.idempotence=true" in one.prevented_by
    assert reordered(calm, young, old) == []


def test_another_client_is_another_order() -> None:
    """Kafka promises none between producers."""
    young, old = a_batch(0, b"second", timestamp=9), a_batch(1, b"first", timestamp=5)
    told = Told()
    told.event(1, "refused", "R7", api="Produce", code="NOT_ENOUGH_REPLICAS")
    told.acknowledged(young, client_id="a")
    told.acknowledged(old, client_id="b")
    assert reordered(told, young, old) == []


def test_a_record_that_was_read_and_replaced() -> None:
    """Nobody acknowledged it, and a consumer saw it."""
    told, shown = Told(), a_batch(0, b"shown")
    told.appended(shown)
    told.read(0, 1)
    told.event(1, "truncate", "R11", offset=0, before=1)
    seen = verdict(told, a_log(a_batch(0, b"other", epoch=1)))
    (one,) = seen.findings
    assert (one.anomaly, one.cause) == (Anomaly.OFFSET_REUSED, Cause.SHOWN_UNCOMMITTED)


def test_a_read_after_the_replacement_is_of_the_other_record() -> None:
    """It saw what is there now."""
    told, gone = Told(), a_batch(0, b"gone")
    told.appended(gone)
    told.event(1, "truncate", "R11", offset=0, before=1)
    told.read(0, 1)
    verdict(told, a_log(a_batch(0, b"other", epoch=1))).assert_no_reused_offsets()


def test_acknowledged_and_replaced_is_lost_and_its_offset_reused() -> None:
    """Two findings of one thing, with one cause."""
    told, gone = Told(), a_batch(0, b"gone")
    told.acknowledged(gone, acks=1)
    seen = verdict(told, a_log(a_batch(0, b"other", epoch=1)))
    assert [one.anomaly for one in seen.findings] == [Anomaly.LOST, Anomaly.OFFSET_REUSED]
    assert {one.cause for one in seen.findings} == {Cause.LEADER_ALONE}
