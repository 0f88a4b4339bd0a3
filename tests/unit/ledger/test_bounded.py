"""A verdict takes little memory for each batch, and what it is made of can be gone through as often as it needs."""

from __future__ import annotations

import tracemalloc
from contextlib import closing

import pytest
from minikafka.errors import MinikafkaError
from minikafka.ledger.facts import Facts
from minikafka.ledger.ledger import IN_MEMORY, Ledger
from minikafka.ledger.logs import LoggedBatch, LoggedPartition, Spooled, opened
from minikafka.ledger.repeated import Repeated
from minikafka.ledger.verdict import Judge, Verdict
from minikafka.types import TopicPartition

from tests.unit.ledger.told import Told, a_batch

PARTITIONS = [TopicPartition("orders", number) for number in range(4)]
AT_MOST_BYTES = 5_000_000
AT_MOST_EACH = 200
"""Bytes for one batch more. Its events alone are 3 KB as objects."""


def sent(number: int) -> LoggedBatch:
    """The partitions take turns."""
    return a_batch(number // 4, b"%d" % number, timestamp=number)


def recorded(batches: list[LoggedBatch]) -> Ledger:
    """Each with a copy and an answer that left."""
    told = Told()
    ledger = Ledger(told.history)
    for number, batch in enumerate(batches):
        name, offset = PARTITIONS[number % 4], batch.base_offset
        append = told.appended(batch, name=name)
        told.event(2, "append", "R11", at=name, base_offset=offset, last_offset=offset, replicated=True)
        ack = told.event(1, "ack", "R7", at=name, cause=append, acks=-1, code="NONE", client_id="c")
        told.event(1, "left", "L14", cause=ack, acks=(ack,))
    return ledger


def judged(ledger: Ledger, batches: list[LoggedBatch]) -> Verdict:
    """One log at a time, as a running cluster is judged."""
    judge = Judge(Facts(ledger.events()), fsync=False, ourselves="")
    for number, name in enumerate(PARTITIONS):
        with closing(Spooled()) as log:
            for batch in batches[number::4]:
                log.add(batch)
            end = len(log)
            judge.look(LoggedPartition(name, True, "", 0, 0, end, end, end, False, log))
    return judge.verdict()


def peak(count: int) -> int:
    """Bytes that a verdict over so many batches holds at most, beside what is recorded."""
    batches = [sent(number) for number in range(count)]
    with closing(recorded(batches)) as ledger:
        tracemalloc.start()
        try:
            found = judged(ledger, batches)
            held = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (found.findings, found.acknowledged) == ((), count)
    return held


def test_a_verdict_takes_few_bytes_for_a_batch() -> None:
    """In all, and for each one more: far less than its events would take."""
    few, many = peak(6_000), peak(12_000)
    assert many < AT_MOST_BYTES
    assert (many - few) / 6_000 < AT_MOST_EACH


def test_what_was_kept_is_gone_through_again_and_ends_where_it_did() -> None:
    """Whatever is told afterwards, and spilled meanwhile."""
    told = Told()
    with closing(Ledger(told.history)) as ledger:
        for offset in range(IN_MEMORY + 10):
            told.event(1, "append", "L3", base_offset=offset)
        kept = ledger.events()
        before = list(kept)
        for offset in range(IN_MEMORY):
            told.event(1, "append", "L3", base_offset=offset)
        assert len(list(ledger.events())) == 2 * IN_MEMORY + 10
        assert list(kept) == before
        assert len(before) == IN_MEMORY + 10


def test_an_event_comes_back_from_the_file_as_it_was() -> None:
    """With its partition, what caused it and its facts; a sequence of another kind comes back as a list."""
    told = Told()
    with closing(Ledger(told.history)) as ledger:
        for offset in range(IN_MEMORY):
            told.event(2, "append", "L3", cause=offset, t_ms=7, base_offset=offset, isr=range(1, 3))
        first = next(iter(ledger.events()))
    assert (first.seq, first.broker, first.n, first.t_ms, first.cause) == (1, 2, 1, 7, 0)
    assert (first.kind, first.rule, first.told.partition) == ("append", "L3", PARTITIONS[0])
    assert first.topic == "orders"
    assert first.facts == {"base_offset": 0, "isr": [1, 2]}


def test_what_the_ledger_forgot_meanwhile_is_not_judged() -> None:
    """A snapshot was restored, or the cluster closed: an error rather than a verdict over half of it."""
    told = Told()
    with closing(Ledger(told.history)) as ledger:
        for offset in range(IN_MEMORY):
            told.event(1, "append", "L3", base_offset=offset)
        kept = ledger.events()
        told.event(1, "lifecycle", "", what="taken back")
        assert list(ledger.events()) == []
        with pytest.raises(MinikafkaError, match="forgot"):
            list(kept)


def test_numbers_that_come_twice_are_found_among_those_that_went_to_a_file() -> None:
    """Whether both went there, one, or none; and negative ones, as hashes are."""
    for in_memory in (3, 1_000):
        repeated = Repeated(in_memory)
        for number in [*range(-50, 50), -50, 7, 49, 7]:
            repeated.add(number)
        assert repeated.found() == {-50, 7, 49}


def test_a_spooled_log_comes_back_whole() -> None:
    """Its headers alone, and its records one batch at a time; also when its data went to a file."""
    batches = [
        a_batch(offset, b"%d" % offset * 300_000, producer_id=7, producer_epoch=0) for offset in range(5)
    ]
    with closing(Spooled()) as log:
        for batch in batches:
            log.add(batch)
        assert list(log) == [batch._replace(data=b"") for batch in batches]
        assert log[-1].base_offset == 4
        assert list(log.whole()) == batches
        assert list(opened(log)) == list(opened(batches))
