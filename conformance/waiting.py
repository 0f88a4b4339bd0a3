"""Waiting for a condition that only another process can make true."""

from __future__ import annotations

import time
from collections.abc import Callable

POLL_INTERVAL_S = 0.02


class NeverHappened(AssertionError):
    """The awaited condition did not come true in time."""


def wait_until(what: str, is_true: Callable[[], bool], timeout_s: float) -> None:
    """Return once `is_true()`; raises NeverHappened naming `what` after `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > deadline:
            raise NeverHappened(f"not within {timeout_s} s: {what}")
        time.sleep(POLL_INTERVAL_S)
