"""What a process that runs brokers asks of the interpreter and of the system."""

from __future__ import annotations

import gc
import resource
from typing import Final

COLLECT_AFTER: Final = 50_000
"""Allocations between two looks of the garbage collector: what brokers make in a turn is freed by its end anyway."""


def raise_file_limit() -> None:
    """Logs and connections need descriptors; the soft limit is only a default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def calm_collector() -> None:
    """Once everything that lives as long as the process is there: look at it no more, and at the rest seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 20)
