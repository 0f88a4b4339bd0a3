"""Group commit: requests share syncs, completions wake an event loop (D2, design 2.4)."""

from __future__ import annotations

import select
from collections.abc import Iterator

import pytest
from minikafka._core import Disk, Flusher

from tests.unit.core.logs import append, open_log


@pytest.fixture
def flusher() -> Iterator[Flusher]:
    flusher = Flusher()
    yield flusher
    flusher.close()


def wait_for(flusher: Flusher, count: int) -> list[tuple[int, int, str | None]]:
    """That many completions, slept for on the descriptor."""
    completions: list[tuple[int, int, str | None]] = []
    while len(completions) < count:
        assert select.select([flusher.fileno()], [], [], 10)[0], "no wake-up within 10 s"
        completions.extend(flusher.completed())
    return completions


def test_d2_a_completion_carries_the_recovery_point(flusher: Flusher) -> None:
    """What was appended before the request is on disk when the answer comes."""
    log = open_log(Disk.simulated(1))
    append(log, b"a", b"b")
    flusher.request(log, 7)
    assert wait_for(flusher, 1) == [(7, 2, None)]
    assert log.recovery_point == 2


def test_d2_every_request_is_answered_across_many_logs(flusher: Flusher) -> None:
    """However requests are grouped, each token comes back once, and covers what was appended before it."""
    disk = Disk.simulated(1)
    logs = [open_log(disk, directory=f"/data/t-{index}") for index in range(8)]
    for token in range(400):
        append(logs[token % 8], b"a")
        flusher.request(logs[token % 8], token)
    completions = wait_for(flusher, 400)
    assert sorted(token for token, _, _ in completions) == list(range(400))
    assert all(recovery_point > token // 8 and error is None for token, recovery_point, error in completions)


def test_d7_a_failed_sync_is_told_to_everyone_who_waits(flusher: Flusher) -> None:
    """And to everyone who asks later."""
    disk = Disk.simulated(1)
    log = open_log(disk)
    append(log, b"a")
    disk.fail_sync("/data")
    flusher.request(log, 1)
    [(_, _, error)] = wait_for(flusher, 1)
    assert error is not None
    assert log.failed
    flusher.request(log, 2)
    [(token, _, error)] = wait_for(flusher, 1)
    assert (token, error is None) == (2, False)


def test_closing_finishes_what_was_asked() -> None:
    """Nothing that was requested is left unsynced; closing twice is fine."""
    flusher = Flusher()
    log = open_log(Disk.simulated(1))
    append(log, b"a")
    flusher.request(log, 1)
    flusher.close()
    flusher.close()
    assert flusher.completed() == [(1, 1, None)]
