"""Deduplication, against a model that remembers everything, in every order (I2-I6)."""

from __future__ import annotations

from itertools import permutations, product

from hypothesis import given, settings
from hypothesis import strategies as st
from minikafka.errors import ErrorCode, Rejected
from minikafka.log.producer_state import ProducerStates

from tests.unit.log.headers import data

MAX = 2**31
WINDOW = 5
Batch = tuple[int, int, int]
"""(epoch, first sequence, records)."""


class Model:
    """One producer: every batch it ever wrote, newest last. Slow, and plain."""

    def __init__(self) -> None:
        self.written: list[tuple[Batch, int]] = []
        self.end = 0

    def offer(self, batch: Batch) -> int | ErrorCode:
        """The base offset it has, or gets, or the error."""
        epoch, first, count = batch
        newest = self.written[-1][0] if self.written else None
        if newest is not None:
            window = [one for one in self.written if one[0][0] == newest[0]][-WINDOW:]
            for known, offset in window:
                if known == batch:
                    return offset
            if epoch < newest[0]:
                return ErrorCode.INVALID_PRODUCER_EPOCH
            expected = 0 if epoch > newest[0] else (newest[1] + newest[2]) % MAX
            if first != expected:
                return ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        offset, self.end = self.end, self.end + count
        self.written.append((batch, offset))
        return offset


class Machine:
    """The real thing, driven as a leader drives it."""

    def __init__(self) -> None:
        self.states = ProducerStates()
        self.end = 0

    def offer(self, batch: Batch) -> int | ErrorCode:
        epoch, first, count = batch
        header = data(self.end, count, epoch=epoch, sequence=first)
        try:
            duplicate = self.states.check(header, from_client=True)
        except Rejected as refused:
            return refused.code
        if duplicate is not None:
            return duplicate.first_offset
        self.states.remember(header)
        self.end += count
        return header.base_offset


def agree(offers: list[Batch]) -> None:
    model, machine = Model(), Machine()
    for position, batch in enumerate(offers):
        assert machine.offer(batch) == model.offer(batch), (offers, position)
    assert machine.end == model.end


def test_i3_every_order_of_six_batches_with_a_retry_of_each() -> None:
    """Six batches of one producer, sent in every order, each order then sent again: nothing is ever written twice."""
    batches = [(0, sequence, 1) for sequence in range(6)]
    for order in permutations(batches):
        agree([*order, *order])


def test_i4_every_sequence_of_four_offers_from_a_small_world() -> None:
    """Two epochs, three first sequences, one or two records: all 12^4 histories."""
    world = [(epoch, first, count) for epoch in (0, 1) for first in (0, 1, 2) for count in (1, 2)]
    for offers in product(world, repeat=4):
        agree(list(offers))


batches = st.tuples(
    st.integers(0, 3), st.one_of(st.integers(0, 12), st.integers(MAX - 4, MAX - 1)), st.integers(1, 3)
)


@settings(max_examples=300, deadline=None)
@given(st.lists(batches, max_size=40))
def test_i2_random_offers_are_judged_as_the_model_does(offers: list[Batch]) -> None:
    """Epochs, gaps, overlaps and the wrap of the sequence, mixed."""
    agree(offers)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, MAX - 1), st.lists(st.integers(1, 3), min_size=1, max_size=30))
def test_i3_retries_of_the_last_five_never_write(start: int, sizes: list[int]) -> None:
    """A producer that sends in order and repeats any of its last five gets the first offsets, across the wrap."""
    machine = Machine()
    sent: list[tuple[Batch, int]] = []
    sequence = start
    for size in sizes:
        batch = (0, sequence, size)
        offset = machine.offer(batch)
        assert isinstance(offset, int)
        sent.append((batch, offset))
        sequence = (sequence + size) % MAX
        for again, first_offset in sent[-WINDOW:]:
            assert machine.offer(again) == first_offset
    assert machine.end == sum(sizes)
