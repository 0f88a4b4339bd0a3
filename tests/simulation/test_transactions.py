"""Simulated worlds with transactional producers: exactly once, whatever single failure strikes."""

from __future__ import annotations

import os

import pytest
from minikafka.log.batch import build_batch, build_end_transaction_marker
from minikafka.sim import nemesis
from minikafka.sim.checker import read_committed, replicas_agree
from minikafka.sim.checker.read_committed import Attempt
from minikafka.sim.run import DONE_WITHIN_MS, READY_WITHIN_MS, Run
from minikafka.sim.transactions import TransactionalProducer
from minikafka.sim.world import World
from minikafka.types import TopicPartition

SEEDS = max(int(os.environ.get("MINIKAFKA_SIM_SEEDS", "200")) // 5, 20)
CHUNK = 10
PRODUCERS = 3
TRANSACTIONS = 20
WITH_POWER_LOSS = (*nemesis.ONE_AT_A_TIME, nemesis.POWER_LOSS)


class TransactionRun(Run):
    """The usual world and troubles, with transactional producers in it."""

    def violations(self) -> list[str]:
        world = self._world
        world.start()
        assert world.run_until(world.all_running, READY_WITHIN_MS)
        self._create_topic()
        assert world.run_until(self._is_whole, READY_WITHIN_MS)
        producers = [
            TransactionalProducer(world, f"t{each}", self._partitions, TRANSACTIONS, world.fork(f"t{each}"))
            for each in range(PRODUCERS)
        ]
        for producer in producers:
            producer.run()
        self._nemesis.run()

        def came_to_rest() -> bool:
            return all(producer.is_done for producer in producers) and self._is_done() and self._is_settled()

        if not world.run_until(came_to_rest, DONE_WITHIN_MS):
            return [f"stuck, after {self._nemesis.struck}"]
        logs = {}
        for name in self._partitions:
            replica = world.replica(1, name)
            assert replica is not None
            logs[name] = replicas_agree.content(
                replica, replica.log.log_start_offset, replica.log.log_end_offset
            )
        found = read_committed.check([one for producer in producers for one in producer.attempts], logs)
        return [f"{one}, after {self._nemesis.struck}" for one in found]

    def _is_settled(self) -> bool:
        """No transaction is open: what a producer left behind was fenced, or timed out (T13)."""
        return all(
            replica.last_stable_offset == replica.high_watermark
            for node in self._world.brokers
            for name in self._partitions
            if (replica := self._world.replica(node, name)) is not None
        )


def run(seed: int, durability: str, misfortunes: tuple[nemesis.Misfortune, ...]) -> list[str]:
    world = World(seed, config={"min.insync.replicas": 2, "num.partitions": 2}, durability=durability)
    return TransactionRun(world, misfortunes).violations()


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
