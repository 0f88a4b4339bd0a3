"""Malformed input ends in DecodeError: no other exception, no abort, no hang, no memory beyond a limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MUTANTS = 20_000


def test_mutated_frames_only_ever_raise_decode_error() -> None:
    """20,000 mutants in a process with 2 GiB of address space; the process ends well and refused many of them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.wire.fuzz", str(MUTANTS), "minikafka"],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    refused, accepted = map(int, done.stdout.split())
    assert refused + accepted == MUTANTS
    assert refused > MUTANTS // 4
    assert accepted > 0
