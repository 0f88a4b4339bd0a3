"""Last stable offset and aborted transactions (T10, T11, T14)."""

from __future__ import annotations

from minikafka.log.transaction_index import (
    AbortedTransaction,
    TransactionIndex,
    decode_aborted,
    encode_aborted,
)


def ended(
    index: TransactionIndex, producer: int, first: int, marker: int, *, committed: bool = False
) -> None:
    index.begin(producer, first)
    index.end(producer, first, marker, committed=committed)


def test_t10_an_open_transaction_holds_the_last_stable_offset() -> None:
    """The LSO is the first offset of the oldest open transaction; without one, the high watermark."""
    index = TransactionIndex()
    assert index.last_stable_offset(10) == 10
    index.begin(1, 4)
    index.begin(2, 6)
    assert index.last_stable_offset(10) == 4
    assert index.last_stable_offset(3) == 3


def test_t10_an_ended_transaction_holds_until_its_marker_is_replicated() -> None:
    """As long as the marker is at or above the high watermark, the LSO stays at the first offset."""
    index = TransactionIndex()
    ended(index, 1, 4, 7, committed=True)
    assert index.last_stable_offset(7) == 4
    assert index.last_stable_offset(8) == 8
    index.high_watermark_moved(8)
    assert index.last_stable_offset(8) == 8


def test_t10_the_oldest_of_several_ended_ones_counts() -> None:
    """Two ended transactions above the high watermark: the lower first offset holds."""
    index = TransactionIndex()
    index.begin(1, 2)
    index.begin(2, 4)
    index.end(2, 4, 6, committed=True)
    index.end(1, 2, 8, committed=True)
    assert index.last_stable_offset(7) == 2
    index.high_watermark_moved(7)
    assert index.last_stable_offset(7) == 2
    assert index.last_stable_offset(9) == 9


def test_t14_a_hanging_transaction_holds_for_ever() -> None:
    """No high watermark moves the LSO past a transaction that never ends."""
    index = TransactionIndex()
    index.begin(1, 4)
    index.high_watermark_moved(1_000_000)
    assert index.last_stable_offset(1_000_000) == 4


def test_t11_aborted_transactions_that_overlap_the_read_are_named() -> None:
    """Those with a marker at or above the first offset read and a first offset below the end of it."""
    index = TransactionIndex()
    ended(index, 1, 0, 5)
    ended(index, 2, 6, 9)
    ended(index, 3, 10, 12)
    assert index.aborted_between(0, 6) == [(1, 0)]
    assert index.aborted_between(5, 7) == [(1, 0), (2, 6)]
    assert index.aborted_between(6, 10) == [(2, 6)]
    assert index.aborted_between(13, 20) == []


def test_t11_the_list_is_sorted_by_first_offset() -> None:
    """Markers may come in another order than first offsets; clients walk the list in order."""
    index = TransactionIndex()
    index.begin(1, 0)
    index.begin(2, 1)
    index.end(2, 1, 3, committed=False)
    index.end(1, 0, 4, committed=False)
    assert index.aborted_between(0, 5) == [(1, 0), (2, 1)]


def test_t11_committed_transactions_are_not_listed() -> None:
    """Only an abort marker leaves an entry."""
    index = TransactionIndex()
    ended(index, 1, 0, 5, committed=True)
    assert index.aborted_between(0, 10) == []
    assert index.aborted() == []


def test_t11_truncation_takes_back_markers() -> None:
    """An aborted transaction whose marker was cut away is not aborted any more."""
    index = TransactionIndex()
    ended(index, 1, 0, 5)
    ended(index, 2, 6, 9)
    index.truncate_to(9)
    assert index.aborted_between(0, 20) == [(1, 0)]


def test_t10_an_ended_transaction_still_holds_after_a_truncation_behind_it() -> None:
    """The replay begins at a snapshot behind its marker, which is not replicated yet."""
    index = TransactionIndex()
    ended(index, producer=1, first=4, marker=6, committed=True)
    ended(index, producer=2, first=8, marker=9)
    index.truncate_to(7)
    index.reset([])
    assert index.last_stable_offset(6) == 4
    assert index.last_stable_offset(7) == 7


def test_t11_a_rising_log_start_forgets_what_ended_before_it() -> None:
    """Nobody can read what lies below the log start."""
    index = TransactionIndex()
    ended(index, 1, 0, 5)
    ended(index, 2, 6, 9)
    index.advance_start(6)
    assert [aborted.producer_id for aborted in index.aborted()] == [2]


def test_l10_an_entry_of_the_transaction_index_has_34_bytes() -> None:
    """Version 0, producer id, first offset, marker offset, LSO: big endian; a torn last entry is left out."""
    one = AbortedTransaction(7, 10, 15, 10)
    data = encode_aborted(one)
    assert data == (
        b"\0\0"
        + (7).to_bytes(8, "big")
        + (10).to_bytes(8, "big")
        + (15).to_bytes(8, "big")
        + (10).to_bytes(8, "big")
    )
    assert decode_aborted(data + data[:20]) == [one]


def test_l10_an_entry_tells_the_last_stable_offset_of_its_moment() -> None:
    """The oldest other open transaction, or one past the marker: what Kafka's index says, and its readers stop by."""
    index = TransactionIndex()
    index.begin(1, 0)
    index.begin(2, 3)
    first = index.end(1, 0, 5, committed=False)
    second = index.end(2, 3, 6, committed=False)
    assert first is not None
    assert second is not None
    assert (first.last_stable_offset, second.last_stable_offset) == (3, 7)
