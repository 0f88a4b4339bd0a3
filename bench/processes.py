"""CPU time and memory of processes, from /proc."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time of `pids` and of the children they have waited for."""
    return sum(_ticks(pid) for pid in pids) / TICKS_PER_SECOND


def resident_bytes(pids: Sequence[int]) -> int:
    """Resident memory of `pids` together."""
    return sum(_resident_kib(pid) for pid in pids) * 1024


def _ticks(pid: int) -> int:
    # The command name is in parentheses and may hold spaces; utime, stime, cutime, cstime are fields 14 to 17.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15])


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
