"""Leader epochs: starts, ends, truncation, file (L11, F7)."""

from __future__ import annotations

import pytest
from minikafka.log.leader_epochs import EpochStart, LeaderEpochs, decode, encode


def epochs(*entries: tuple[int, int]) -> LeaderEpochs:
    known = LeaderEpochs()
    for epoch, start in entries:
        known.assign(epoch, start)
    return known


SOME = ((1, 0), (3, 17), (6, 40))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (-1, (-1, -1)),
        (0, (0, 0)),
        (1, (1, 17)),
        (2, (1, 17)),
        (3, (3, 40)),
        (5, (3, 40)),
        (6, (6, 50)),
        (7, (-1, -1)),
    ],
)
def test_f7_the_end_of_an_epoch_is_the_start_of_the_next(asked: int, expected: tuple[int, int]) -> None:
    """The largest epoch known that is not above the one asked for, and its end; the newest ends at the log end."""
    assert epochs(*SOME).end_of(asked, 50) == expected


def test_f7_nothing_known_is_undefined() -> None:
    """An empty cache answers (-1, -1)."""
    assert LeaderEpochs().end_of(0, 50) == (-1, -1)


def test_l11_a_leader_notes_its_epoch_even_without_writing() -> None:
    """Two epochs may start at the same offset: the first wrote nothing."""
    known = epochs((1, 0), (2, 5), (3, 5))
    assert known.entries() == [EpochStart(1, 0), EpochStart(2, 5), EpochStart(3, 5)]
    assert known.end_of(2, 9) == (2, 5)


def test_l11_an_epoch_is_noted_once() -> None:
    """Later batches of the same epoch change nothing."""
    known = epochs((1, 0))
    assert not known.assign(1, 7)
    assert known.entries() == [EpochStart(1, 0)]


def test_l11_contradicting_entries_go() -> None:
    """A later epoch that starts at or above a new entry never was the log's."""
    known = epochs((1, 0), (4, 30))
    assert known.assign(3, 20)
    assert known.entries() == [EpochStart(1, 0), EpochStart(3, 20)]


def test_l11_truncation_drops_entries_at_or_above() -> None:
    """Cut at 17: the epoch that starts at 17 is gone."""
    known = epochs(*SOME)
    assert known.truncate_to(17)
    assert known.entries() == [EpochStart(1, 0)]
    assert not known.truncate_to(17)


def test_l11_a_rising_log_start_lifts_the_first_entry() -> None:
    """The epoch in which the log now starts begins there; older ones are forgotten."""
    known = epochs(*SOME)
    assert known.advance_start(20)
    assert known.entries() == [EpochStart(3, 20), EpochStart(6, 40)]
    assert known.advance_start(40)
    assert known.entries() == [EpochStart(6, 40)]
    assert not known.advance_start(40)


def test_l11_the_epoch_of_an_offset() -> None:
    """The last entry that starts at or below it."""
    known = epochs((1, 5), (3, 17))
    assert [known.epoch_at(offset) for offset in (4, 5, 16, 17, 99)] == [-1, 1, 1, 3, 3]


def test_l10_the_checkpoint_is_kafkas_text() -> None:
    """Version, count, then `epoch start-offset` lines; a damaged file says nothing."""
    data = encode(epochs(*SOME))
    assert data == b"0\n3\n1 0\n3 17\n6 40\n"
    assert decode(data).entries() == epochs(*SOME).entries()
    for damaged in (
        None,
        b"",
        b"0\n2\n1 0\n",
        b"1\n1\n1 0\n",
        b"0\n1\n1\n",
        b"0\n1\nx y\n",
        b"\xff\n",
        data[:9],
        data[:-1],
    ):
        assert decode(damaged).entries() == []
