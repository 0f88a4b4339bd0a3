"""Two hundred tests, shuffled, on four workers: once, or MINIKAFKA_SHUFFLES=20 times."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.leaks.many_tests import COUNT

FILE = Path(__file__).with_name("many_tests.py")
SHUFFLES = int(os.environ.get("MINIKAFKA_SHUFFLES", "1"))
OPTIONS = (
    "-q",
    "-n",
    "4",
    "--random-order-bucket=global",
    "-p",
    "no:asyncio",
    "-p",
    "no:anyio",
    "-W",
    "error",
)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(1, SHUFFLES + 1))
def test_in_any_order_every_test_passes(pytester: pytest.Pytester, seed: int) -> None:
    """No test depends on the one before it, on the same worker or on another."""
    pytester.makepyfile(test_many=FILE.read_text(encoding="utf-8"))
    result = pytester.runpytest_subprocess(*OPTIONS, f"--random-order-seed={seed}", timeout=1200)
    result.assert_outcomes(passed=COUNT)
