"""Requests that are late: under transaction.version 1 they tear transactions, under version 2 (KIP-890) they do not.

Nothing else goes wrong in these worlds, and a seed's requests are late by the same time under either version. Version 1
has one epoch for every transaction of a producer: nothing in a request says which transaction it is of (T7, T8).
"""

from __future__ import annotations

import pytest
from minikafka.sim import nemesis
from minikafka.sim.run import simulate
from minikafka.sim.swarm import TRANSACTIONS, Settings

LATE = 25


def violations(seed: int, version: int, *, ends: int = 0, batches: int = 0) -> list[str]:
    """What the checkers say of a world in which so many percent are late."""
    settings = Settings(
        workload=TRANSACTIONS,
        transaction_version=version,
        partitions=3,
        records=60,
        consumers=1,
        late_ends=ends,
        late_batches=batches,
    )
    report = simulate(seed, settings, [])
    assert report.acknowledged > 0, f"seed {seed} committed nothing"
    return report.violations


@pytest.mark.parametrize("seed", [2, 4, 8, 12])
def test_t7_a_late_end_tears_the_next_transaction_under_version_1_alone(seed: int) -> None:
    """The producer aborted, and readers see a part of it: the EndTxn of the transaction before committed that."""
    torn = violations(seed, 1, ends=LATE)
    assert any(each.startswith("aborted") and "is visible in" in each for each in torn), torn
    assert violations(seed, 2, ends=LATE) == []


@pytest.mark.parametrize("seed", [1, 5, 7])
def test_t6_a_late_batch_joins_another_transaction_under_version_1_alone(seed: int) -> None:
    """A record of an aborted transaction is committed with the next one, in place of the record that belonged there:
    that one, of the same sequence, counted as its retry. No verification helps: the partition is in the transaction."""
    torn = violations(seed, 1, batches=LATE)
    assert any(each.startswith("aborted") for each in torn), torn
    assert any(each.startswith("committed") and each.endswith("only") for each in torn), torn
    assert violations(seed, 2, batches=LATE) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_version_1_is_exactly_once_as_long_as_nothing_is_late(seed: int) -> None:
    """So it is lateness that the others show."""
    assert violations(seed, 1) == []


@pytest.mark.parametrize("seed", range(1, 4))
def test_t7_version_2_keeps_transactions_whole_whatever_is_late_and_fails(seed: int) -> None:
    """Late ends and batches, and single failures among them."""
    settings = Settings(
        workload=TRANSACTIONS,
        partitions=3,
        records=60,
        consumers=1,
        late_ends=LATE,
        late_batches=10,
        misfortunes=tuple(one.name for one in nemesis.ONE_AT_A_TIME),
    )
    report = simulate(seed, settings)
    assert report.acknowledged > 0
    assert report.violations == [], report.struck
