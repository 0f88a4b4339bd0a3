"""The ledger's verdict: on events and logs made by hand, each anomaly and its opposite."""

from __future__ import annotations

import pytest
from minikafka.errors import VerdictError
from minikafka.ledger.causes import Cause
from minikafka.ledger.ledger import IN_MEMORY, Ledger
from minikafka.ledger.logs import Headers

from tests.unit.ledger.told import ORDERS, Told, a_batch, a_log, a_marker, in_transaction, verdict


def test_an_acknowledged_record_that_is_there_is_not_lost() -> None:
    """At its offset, with its epoch and its bytes."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch)
    found = verdict(told, a_log(batch))
    assert found.findings == ()
    assert found.acknowledged == 1
    found.assert_none()


def test_an_acknowledged_record_whose_offset_holds_another_is_lost() -> None:
    """The chain names the append, what the producer was told, and the election that chose a log without it."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch, acks=-1)
    told.event(1000, "election", "R15", leader=2, clean=False, isr=[2])
    found = verdict(told, a_log(a_batch(0, b"other")))
    (lost,) = found.lost
    assert [event.kind for event in lost.chain] == ["append", "ack", "left", "election"]
    assert lost.rules == ("L3", "R7", "L14", "R15")
    assert "unclean.leader.election.enable=false" in lost.prevented_by
    with pytest.raises(VerdictError, match="elected uncleanly"):
        found.assert_no_acked_loss()


def test_acks_1_that_nobody_replicated_would_have_been_prevented_by_acks_all() -> None:
    """Nothing else had it."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch, acks=1)
    (lost,) = verdict(told, a_log()).lost
    assert lost.prevented_by == ("acks=all",)


def test_a_tail_that_was_not_flushed_would_have_been_prevented_by_fsync() -> None:
    """Recovery ended the log below it."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch)
    told.event(1, "recovery", "D2", log_end_offset=0)
    (lost,) = verdict(told, a_log()).lost
    assert lost.prevented_by == ("durability=fsync",)


def test_an_answer_that_never_left_promises_nothing() -> None:
    """Its producer knows nothing, so nothing is lost."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch, left=False)
    assert verdict(told, a_log()).findings == ()


@pytest.mark.parametrize("changed", [{"log_start_offset": 1, "log_end_offset": 1}, {"is_compacted": True}])
def test_what_went_on_purpose_is_not_lost(changed: dict[str, object]) -> None:
    """Retention and DeleteRecords raise the log start; compaction keeps the last of a key."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch)
    assert verdict(told, a_log(**changed)).lost == ()


def test_acknowledged_above_the_high_watermark_is_unseen() -> None:
    """In the log, visible to nobody, not lost yet."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch, acks=1)
    found = verdict(told, a_log(high_watermark=0, log_end_offset=1))
    assert len(found.unseen) == 1
    assert found.lost == ()


def test_the_same_record_twice_is_possibly_a_duplicate() -> None:
    """Alike in everything but the offset; another timestamp makes another record."""
    first, again, later = a_batch(0, b"one"), a_batch(1, b"one"), a_batch(2, b"one", timestamp=6)
    found = verdict(Told(), a_log(first, again, later))
    (twice,) = found.duplicated
    assert (twice.first_offset, twice.is_certain) == (1, False)
    found.assert_no_duplicates(possible=False)
    with pytest.raises(VerdictError, match=r"enable\.idempotence=true"):
        found.assert_no_duplicates()


def test_the_same_sequence_twice_is_a_duplicate_for_certain() -> None:
    """A producer id, epoch and sequence name one batch."""
    producer = {"producer_id": 7, "producer_epoch": 0, "base_sequence": 3}
    found = verdict(Told(), a_log(a_batch(0, b"a", **producer), a_batch(1, b"b", **producer)))
    assert [one.is_certain for one in found.duplicated] == [True]


def test_a_partition_nobody_leads_is_never_clean() -> None:
    """It says so, and every assertion fails."""
    log = a_log(is_readable=False, why="no living broker leads it")
    found = verdict(Told(), log)
    assert found.inconclusive == {ORDERS: "no living broker leads it"}
    with pytest.raises(VerdictError, match="cannot be judged"):
        found.assert_no_acked_loss()


def test_a_duplicate_answered_is_told_of_the_first_copy() -> None:
    """A retry that the broker recognised acknowledges the batch that is there."""
    told, batch = Told(), a_batch(0, b"one")
    told.acknowledged(batch, left=False)
    again = told.event(1, "sequence", "I3", outcome="duplicate", first_offset=0, last_offset=0)
    ack = told.event(1, "ack", "R7", cause=again, acks=-1, code="NONE")
    told.event(1, "left", "L14", cause=ack, acks=[ack])
    assert len(verdict(told, a_log()).lost) == 1


def test_the_ledger_spills_and_forgets_nothing() -> None:
    """More events than it keeps in memory come back in order, facts and all."""
    told = Told()
    ledger = Ledger(told.history)
    for offset in range(IN_MEMORY + 10):
        told.event(1, "append", "L3", base_offset=offset, isr=(1, 2))
        told.event(1, "caught_up", "R1", offset=offset)
    kept = list(ledger.events())
    assert [event.get("base_offset") for event in kept] == list(range(IN_MEMORY + 10))
    assert kept[0].get("isr") == (1, 2)
    ledger.close()


def test_a_retry_whose_copy_can_be_read_is_not_lost() -> None:
    """Acknowledged twice, at two offsets: one of them is there."""
    told, first, second = Told(), a_batch(0, b"one"), a_batch(1, b"one")
    told.acknowledged(first)
    told.acknowledged(second)
    other = a_batch(0, b"other")
    assert verdict(told, a_log(other, second)).lost == ()


def test_a_retry_at_the_same_offset_is_neither_lost_nor_another_record() -> None:
    """By its sequence: a client may build the batch anew, with another time in it."""
    producer = {"producer_id": 7, "producer_epoch": 0, "base_sequence": 3}
    told, batch = Told(), a_batch(0, b"one", timestamp=5, **producer)
    told.acknowledged(batch)
    verdict(told, a_log(a_batch(0, b"one", timestamp=9, epoch=1, **producer))).assert_none()


def test_two_copies_of_one_record_are_one_loss() -> None:
    """Of the newest: a producer sends again only what it heard no answer for."""
    told, first, second = Told(), a_batch(0, b"one"), a_batch(1, b"one")
    told.acknowledged(first)
    told.acknowledged(second)
    (lost,) = verdict(told, a_log()).lost
    assert lost.first_offset == 1
    assert [event.get("base_offset") for event in lost.chain if event.kind == "append"] == [0, 1]


def by_value(_key: bytes | None, value: bytes | None, _headers: Headers) -> str:
    return (value or b"").decode()


def test_an_id_makes_a_duplicate_certain() -> None:
    """Whatever the timestamps are; under two sequences it was the application that sent it twice."""
    first = a_batch(0, b"one", producer_id=7, producer_epoch=0, base_sequence=0)
    again = a_batch(1, b"one", timestamp=6, producer_id=8, producer_epoch=0, base_sequence=0)
    found = verdict(Told(), a_log(first, again), id_of={"orders": by_value})
    (twice,) = found.duplicated
    assert (twice.first_offset, twice.is_certain, twice.cause) == (1, True, Cause.SENT_AGAIN)
    assert verdict(Told(), a_log(first, again), id_of={"others": by_value}).duplicated == ()


def test_a_record_without_an_id_goes_by_what_it_says() -> None:
    """As if nobody knew where ids are."""
    found = verdict(Told(), a_log(a_batch(0, b""), a_batch(1, b"")), id_of={"orders": by_value})
    assert [one.is_certain for one in found.duplicated] == [False]


@pytest.mark.parametrize("is_ended", [True, False])
def test_what_was_given_up_is_no_first_copy(is_ended: bool) -> None:
    """A transaction that was aborted, or is not decided, and its records once more outside: readers get them once."""
    given_up, marker = in_transaction(0, b"one"), a_marker(1, commit=False, epoch=0)
    again = a_batch(2, b"one")
    log = a_log(*([given_up, marker] if is_ended else [given_up]), again)
    assert verdict(Told(), log, id_of={"orders": by_value}).duplicated == ()


def test_what_was_committed_twice_is_a_duplicate() -> None:
    """Two transactions, one record, both decided."""
    first, again = in_transaction(0, b"one"), in_transaction(2, b"one", epoch=1)
    ends = a_marker(1, commit=True, epoch=0), a_marker(3, commit=True, epoch=1)
    found = verdict(Told(), a_log(first, ends[0], again, ends[1]), id_of={"orders": by_value})
    assert [(one.first_offset, one.is_certain) for one in found.duplicated] == [(2, True)]


def test_a_header_does_not_make_a_copy_of_what_was_given_up() -> None:
    """The same for an id in a header: an aborted attempt and the one that was committed are one record."""
    named = (("id", b"7"),)
    attempts = [
        a_batch(offset, b"one", headers=named, transactional=True, producer_id=7, producer_epoch=epoch)
        for offset, epoch in ((0, 0), (2, 1))
    ]
    log = a_log(
        attempts[0], a_marker(1, commit=False, epoch=0), attempts[1], a_marker(3, commit=True, epoch=1)
    )
    assert verdict(Told(), log, id_header="id").duplicated == ()
