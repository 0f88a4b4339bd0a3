"""Which decision is over a batch, by its producer's epoch and when it was appended."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from minikafka.ledger.decisions import Decisions

EPOCHS = st.lists(st.integers(min_value=0, max_value=3), max_size=8)


def over(epochs: list[int], epoch: int, since: int) -> int | None:
    """One decision at each `seq` from 0 on."""
    decisions = Decisions()
    for seq, each in enumerate(epochs):
        decisions.add(10 + seq, each, seq)
    return decisions.over(epoch, since)


def test_t7_every_end_raises_the_epoch() -> None:
    """So the decision has the next one; the batch of an epoch that nobody ended has none."""
    assert over([1, 2, 3], 1, 0) == 11
    assert over([1, 2, 3], 3, 2) is None


def test_t7_where_all_have_one_epoch_the_next_decision_is_meant() -> None:
    """After the append."""
    assert over([0, 0, 0], 0, 1) == 12
    assert over([0, 0, 0], 0, 2) is None


@given(EPOCHS, st.integers(min_value=0, max_value=3), st.integers(min_value=-1, max_value=8))
def test_found_as_by_a_look_at_each(epochs: list[int], epoch: int, since: int) -> None:
    """Of the same epoch and later, or else of a later epoch; also where a broker lets epochs go back."""
    same = [10 + seq for seq, each in enumerate(epochs) if each == epoch and seq > since]
    later = [10 + seq for seq, each in enumerate(epochs) if each > epoch]
    assert over(epochs, epoch, since) == next(iter(same + later), None)
