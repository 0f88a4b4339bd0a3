"""Simulated worlds with transactional producers: exactly once, whatever single failure strikes."""

from __future__ import annotations

import os

import pytest
from minikafka.log.batch import build_batch, build_end_transaction_marker
from minikafka.sim import nemesis
from minikafka.sim.checker import read_committed
from minikafka.sim.checker.read_committed import Attempt
from minikafka.sim.run import simulate
from minikafka.sim.swarm import TRANSACTIONS, Settings
from minikafka.types import TopicPartition

SEEDS = max(int(os.environ.get("MINIKAFKA_SIM_SEEDS", "200")) // 5, 20)
CHUNK = 10
RECORDS = 60
WITH_POWER_LOSS = (*nemesis.ONE_AT_A_TIME, nemesis.POWER_LOSS)


def run(seed: int, durability: str, misfortunes: tuple[nemesis.Misfortune, ...]) -> list[str]:
    settings = Settings(
        workload=TRANSACTIONS,
        durability=durability,
        records=RECORDS,
        misfortunes=tuple(one.name for one in misfortunes),
        consumers=1,
    )
    report = simulate(seed, settings)
    assert report.acknowledged > 0, f"seed {seed} committed nothing"
    return [f"{one}, after {report.struck}" for one in report.violations]


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_transactions_are_exactly_once_under_one_failure_at_a_time(first: int) -> None:
    """Committed records are visible once and in all their partitions, aborted ones never, and nothing hangs."""
    for seed in range(first, first + CHUNK):
        assert run(seed, "page-cache", nemesis.ONE_AT_A_TIME) == [], f"seed {seed}"


@pytest.mark.parametrize("first", range(1, SEEDS // 2 + 1, CHUNK))
def test_transactions_survive_power_loss_in_fsync_mode(first: int) -> None:
    """The same, with power losses among the failures."""
    for seed in range(first, first + CHUNK):
        assert run(seed, "fsync", WITH_POWER_LOSS) == [], f"seed {seed}"


def log_of(value: bytes, *, committed: bool) -> bytes:
    """One transaction with one record, ended."""
    marker = build_end_transaction_marker(
        producer_id=1, producer_epoch=0, commit=committed, coordinator_epoch=0, timestamp=1
    )
    record = build_batch(
        [(1, None, value, ())], producer_id=1, producer_epoch=0, base_sequence=0, transactional=True
    )
    return record + marker


def test_the_checker_sees_what_it_is_for() -> None:
    """Lost, doubled, torn and resurrected records are each told; a log as it should be is not."""
    one, two = TopicPartition("orders", 0), TopicPartition("orders", 1)
    good, aborted = log_of(b"x", committed=True), log_of(b"x", committed=False)

    def found(committed: bool | None, first: bytes, second: bytes) -> int:
        attempt = Attempt(b"x", frozenset({one, two}), committed)
        return len(read_committed.check([attempt], {one: first, two: second}))

    assert found(True, good, good) == found(False, aborted, b"") == found(None, b"", b"") == 0
    assert found(True, good, aborted) == 1
    assert found(True, good + good, good) == 1
    assert found(None, good, b"") == 1
    assert found(False, good, aborted) == 1
