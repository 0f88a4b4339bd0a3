"""The second pass: of what is told for every batch, only what bears on the wanted offsets is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from minikafka.history import Event
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.facts import Facts
from minikafka.ledger.overlaps import Overlaps
from minikafka.ledger.partition_evidence import PartitionEvidence
from minikafka.ledger.reads import Reads
from minikafka.ledger.wanted import Spans, Wanted

from tests.unit.ledger.told import ORDERS, Told, a_batch


def evidence(told: Told, *spans: tuple[int, int]) -> PartitionEvidence:
    return Evidence(Facts(told.events()), {ORDERS: [Wanted(spans)]}).of(ORDERS)


def facts(events: list[Event], name: str) -> list[object]:
    return [event.get(name) for event in events]


def test_spans_meet_where_they_have_an_offset_in_common() -> None:
    """Both ends are inclusive; spans that overlap or touch are one."""
    spans = Spans([(8, 9), (2, 3), (3, 5)])
    assert [spans.meet(at, at) for at in range(1, 7)] == [False, True, True, True, True, False]
    assert spans.meet(6, 8)
    assert not spans.meet(6, 7)
    assert not Spans([]).meet(0, 1 << 60)


def test_appends_copies_and_steps_of_other_offsets_are_left_aside() -> None:
    """Whoever led, and where logs were cut, is kept whatever the offset."""
    told = Told()
    for offset in range(6):
        told.acknowledged(a_batch(offset, b"%d" % offset))
        told.replicated(a_batch(offset, b"%d" % offset), 2)
        told.event(1, "high_watermark", "R4", before=offset, offset=offset + 1)
    told.event(1000, "election", "R13", leader=2, clean=True, isr=(2,))
    told.event(2, "truncate", "R11", offset=6, before=7)
    own = evidence(told, (2, 2), (4, 5))
    assert [batch.base_offset for batch in own.batches] == [2, 4, 5]
    assert all(batch.is_acknowledged for batch in own.batches)
    assert facts(own.replicated, "base_offset") == [2, 4, 5]
    assert facts(own.high_watermarks, "before") == [2, 4, 5]
    assert (len(own.elections), len(own.cuts)) == (1, 1)


def test_of_flushes_the_first_that_took_a_batch_to_the_disk_is_kept() -> None:
    """Of each broker; also of a batch that is written where one was flushed and cut off."""
    told = Told()
    told.appended(a_batch(5, b"one"))
    for recovery_point in (1, 3, 6, 9):
        told.event(1, "flush", "D2", recovery_point=recovery_point)
    told.event(2, "flush", "D2", recovery_point=9)
    told.event(1, "truncate", "R11", offset=5, before=9)
    told.appended(a_batch(5, b"other"))
    for recovery_point in (10, 11):
        told.event(1, "flush", "D2", recovery_point=recovery_point)
    flushes = evidence(told, (5, 5)).flushes
    assert [(event.broker, event.get("recovery_point")) for event in flushes] == [
        (1, 1),
        (1, 6),
        (2, 9),
        (1, 10),
    ]


def test_the_last_refusal_before_a_batch_is_kept() -> None:
    """It is what the batch may stand behind."""
    told = Told()
    for code in ("FIRST", "SECOND"):
        told.event(1, "refused", "R7", api="Produce", code=code)
    told.event(1, "refused", "F7", api="Fetch", code="OTHER")
    told.appended(a_batch(0, b"one"))
    told.event(1, "refused", "R7", api="Produce", code="THIRD")
    assert facts(evidence(told, (0, 0)).refused, "code") == ["SECOND"]


def test_a_recognised_retry_is_told_of_what_was_last_written_there() -> None:
    """That nobody asks for it does not make it another batch."""
    told, wide = Told(), a_batch(3, b"wide")
    told.appended(wide._replace(last_offset=4))
    told.event(1, "truncate", "R11", offset=3, before=5)
    told.appended(a_batch(3, b"narrow"))
    again = told.event(1, "sequence", "I3", outcome="duplicate", first_offset=3, last_offset=3)
    ack = told.event(1, "ack", "R7", cause=again, acks=-1, code="NONE")
    told.event(1, "left", "L14", cause=ack, acks=(ack,))
    (batch,) = evidence(told, (4, 4)).batches
    assert (batch.last_offset, batch.is_acknowledged) == (4, False)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4))), st.integers(0, 9), st.integers(0, 4))
def test_overlaps_are_those_that_a_look_at_each_finds(
    spans: list[tuple[int, int]], first: int, more: int
) -> None:
    """In the order they were given."""
    given_as = [(start, start + wide) for start, wide in spans]
    wanted = [at for at, (start, last) in enumerate(given_as) if start <= first + more and first <= last]
    assert Overlaps(given_as).of(first, first + more) == wanted


def test_reads_are_found_by_what_they_were_handed() -> None:
    """In whatever order they were made."""
    told = Told()
    for first, end in ((0, 4), (8, 9), (3, 6), (0, 9)):
        told.read(first, end, aborted=(7,))
    reads = Reads()
    for event in told.events():
        reads.add(event)
    assert [(read.offset, read.next_offset) for read in reads.of(4, 5)] == [(3, 6), (0, 9)]
    assert [(read.offset, read.next_offset) for read in reads.of(8, 20)] == [(8, 9), (0, 9)]
    assert list(reads.of(9, 20)) == []
    assert {(read.client_id, read.aborted) for read in reads.of(0, 9)} == {("reader", (7,))}
