"""The random-kill workload with real processes: 20 s here, 5 minutes in `make nightly` (MINIKAFKA_KILL_SECONDS)."""

from __future__ import annotations

import os

import pytest

from conformance.scenarios import random_kills

SECONDS = float(os.environ.get("MINIKAFKA_KILL_SECONDS", "20"))
SEED = int(os.environ.get("MINIKAFKA_KILL_SEED", "11"))


@pytest.mark.timeout(SECONDS + 300)
def test_kill_9_of_brokers_and_controllers_loses_nothing_and_leaves_equal_replicas() -> None:
    """No acknowledged loss, no duplicate, no divergence; and enough was killed and sent for that to mean something."""
    result = random_kills.run(SECONDS, SEED)
    print(result)
    assert result.verdict.is_clean, str(result)
    assert (result.unseen, result.changed) == ([], []), str(result)
    assert result.compared_bytes > 0, str(result)
    assert result.broker_kills >= random_kills.LEAST_KILLS, str(result)
    assert result.controller_kills >= 1, str(result)
    assert result.verdict.acknowledged >= 20 * SECONDS, str(result)
