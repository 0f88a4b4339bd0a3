"""LSO and aborted ranges, against a list of everything that happened (T10, T11)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from minikafka.log.transaction_index import TransactionIndex, decode_aborted, encode_aborted

steps = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["write", "commit", "abort"])), max_size=40)


class History:
    """Every transaction: [producer, first offset, marker offset or None, aborted]."""

    def __init__(self) -> None:
        self.all: list[list[int | bool | None]] = []
        self.end = 0

    def open_of(self, producer: int) -> list[int | bool | None] | None:
        return next((one for one in self.all if one[0] == producer and one[2] is None), None)

    def last_stable_offset(self, high_watermark: int) -> int:
        holding = [one[1] for one in self.all if one[2] is None or one[2] >= high_watermark]
        return min([high_watermark, *(first for first in holding if first is not None)])


def play(moves: list[tuple[int, str]]) -> tuple[History, TransactionIndex]:
    history, index = History(), TransactionIndex()
    for producer, move in moves:
        offset, history.end = history.end, history.end + 1
        current = history.open_of(producer)
        if move == "write":
            if current is None:
                history.all.append([producer, offset, None, False])
                index.begin(producer, offset)
        elif current is not None:
            current[2], current[3] = offset, move == "abort"
            index.end(producer, int(current[1] or 0), offset, committed=move == "commit")
    return history, index


@settings(max_examples=300, deadline=None)
@given(steps)
def test_t10_the_last_stable_offset_is_the_models(moves: list[tuple[int, str]]) -> None:
    """At every high watermark, rising, with what is decided forgotten on the way."""
    history, index = play(moves)
    for high_watermark in range(history.end + 1):
        assert index.last_stable_offset(high_watermark) == history.last_stable_offset(high_watermark)
        index.high_watermark_moved(high_watermark)
        assert index.last_stable_offset(high_watermark) == history.last_stable_offset(high_watermark)


@settings(max_examples=200, deadline=None)
@given(steps)
def test_t11_every_aborted_overlap_is_named(moves: list[tuple[int, str]]) -> None:
    """For every read: each aborted transaction with records in it, none that ended before it, in order."""
    history, index = play(moves)
    aborted = [(int(one[0] or 0), int(one[1] or 0), int(one[2] or 0)) for one in history.all if one[3]]
    for start in range(history.end):
        for end in range(start + 1, history.end + 1):
            expected = [
                (producer, first) for producer, first, marker in aborted if marker >= start and first < end
            ]
            assert index.aborted_between(start, end) == sorted(expected, key=lambda one: one[1])


@settings(max_examples=100, deadline=None)
@given(steps)
def test_l10_the_file_gives_the_index_back(moves: list[tuple[int, str]]) -> None:
    """Written, read, and cut anywhere: whole entries only."""
    _, index = play(moves)
    data = b"".join(encode_aborted(one) for one in index.aborted())
    assert decode_aborted(data) == index.aborted()
    assert decode_aborted(data[:-1]) == index.aborted()[: max(0, len(index.aborted()) - 1)]
