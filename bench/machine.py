"""The machine and the versions behind a set of figures."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def describe() -> str:
    """One paragraph of Markdown."""
    memory_kib = int(_field(Path("/proc/meminfo"), "MemTotal").split()[0])
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        f"{os.cpu_count()} CPUs ({_field(Path('/proc/cpuinfo'), 'model name')})",
        f"{memory_kib / 2**20:.0f} GiB memory",
        f"{platform.system()} {platform.release()}",
        f"CPython {platform.python_version()}",
        _version("java", "-version"),
        _version("go", "version"),
        f"load average before the run {os.getloadavg()[0]:.2f}",
    ]
    return "; ".join(part for part in parts if part) + "."


def _field(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0"


def _version(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return (done.stdout + done.stderr).splitlines()[0].strip()
