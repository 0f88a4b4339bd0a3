"""Simulated worlds: the promises hold for every seed, and checkers that were never shown a bug are not trusted."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from minikafka.sim import nemesis
from minikafka.sim.case import Case
from minikafka.sim.run import run

SEEDS = int(os.environ.get("MINIKAFKA_SIM_SEEDS", "200"))
CHUNK = 25
WITH_POWER_LOSS = (nemesis.POWER_LOSS, nemesis.KILL, nemesis.ISOLATE)


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_one_failure_at_a_time_loses_nothing(first: int) -> None:
    """acks=all, three replicas, min ISR 2: whatever single failure strikes, no acknowledged record is lost, doubled or
    out of order, replicas agree below the high watermark, and it never moves back."""
    for seed in range(first, min(first + CHUNK, SEEDS + 1)):
        report = run(seed)
        assert report.violations == [], f"seed {seed}, after {report.struck}"
        assert report.acknowledged > 0, f"seed {seed} acknowledged nothing"


@pytest.mark.parametrize("first", range(1, max(SEEDS // 5, CHUNK) + 1, CHUNK))
def test_fsync_mode_survives_power_loss(first: int) -> None:
    """With fsync before every promise, a broker that loses power still has whatever it ever claimed."""
    for seed in range(first, first + CHUNK):
        report = run(seed, durability="fsync", misfortunes=WITH_POWER_LOSS)
        assert report.violations == [], f"seed {seed}, after {report.struck}"


@pytest.mark.parametrize("first", range(1, SEEDS + 1, CHUNK))
def test_whatever_the_seed_draws_the_promises_hold(first: int) -> None:
    """Each seed its own settings, load and misfortunes; what is owed follows from them (`sim/promise.py`)."""
    for seed in range(first, min(first + CHUNK, SEEDS + 1)):
        case = Case.of(seed)
        assert case.run().violations == [], case.command


@pytest.mark.parametrize("seed", [88, 247, 2573, 12768])
def test_a_truncation_that_power_loss_undoes_is_no_violation(seed: int) -> None:
    """A cut is not flushed, so the tail may come back; the leader's epochs cut it off again (D1, D2)."""
    assert Case.of(seed).run().violations == []


def test_a_connection_begun_across_a_cut_ends_when_the_cut_heals() -> None:
    """6622: it hung for thirty seconds more, so a broker took itself for a leader, and clients it alone could reach for
    their producers' state."""
    assert Case.of(6622).run().violations == []


def test_r3_a_high_watermark_that_goes_down_forgets_no_outcome() -> None:
    """3848: a former leader follows one that knows less; what its readers were told of a transaction stays known."""
    assert Case.of(3848).run().violations == []


def test_d7_a_seed_in_which_a_disk_failed_while_logs_were_being_opened() -> None:
    """345: the disk was full when everybody came back; the other jobs under way then reported to nobody, and the broker
    halted over it."""
    assert Case.of(345).run().violations == []


def test_f10_a_seed_in_which_followers_never_heard_a_high_watermark() -> None:
    """51: everybody lost power; told to truncate, the followers missed the high watermark that came with it."""
    assert Case.of(51).run().violations == []


@pytest.mark.parametrize("seed", [11, 28, 33])
def test_seeds_that_once_found_a_bug(seed: int) -> None:
    """11 and 33: a broker lost power as a leader, came back within its session and led on in the same epoch without its
    tail. 28: a follower kept an epoch it had begun and never written in, and could not rejoin."""
    report = run(seed, misfortunes=WITH_POWER_LOSS)
    assert report.violations == [], report.struck


def test_the_same_seed_is_the_same_world() -> None:
    """Two runs of a seed end in the same logs at the same time."""
    assert run(7) == run(7)


@pytest.mark.parametrize("seed", [3, 4, 7])
def test_a_seed_does_not_depend_on_the_hash_seed(seed: int) -> None:
    """Sets of strings are iterated in another order under another PYTHONHASHSEED; no event may follow from that."""
    reports = {
        subprocess.run(
            [sys.executable, "-m", "minikafka", "sim", "--seed", str(seed), "--trace"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(reports) == 1
    assert len(reports.pop().splitlines()) > 100
