"""The whole cluster restarted on its data directory, cleanly and after every node was killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.scenarios import restart

if TYPE_CHECKING:
    from minikafka import Cluster

pytestmark = pytest.mark.usefixtures("on_minikafka")
NUMBERS = (1, 2, 3)


def open_cluster(data_dir: Path) -> Cluster:
    from minikafka import Cluster

    return Cluster(brokers=3, data_dir=data_dir)


def expect_everything_kept(bootstrap_servers: str, bring_back: Callable[[], str]) -> None:
    addresses: list[str] = []

    def and_remember() -> str:
        addresses.append(bring_back())
        return addresses[0]

    before, after = restart.run(bootstrap_servers, and_remember)
    assert before.verdict.is_clean, str(before.verdict)
    assert (before.config, before.offsets) == (restart.CONFIG, restart.OFFSETS)
    assert before.committed_transactions == ["before-committed:0"]
    assert before.all_transactions == ["before-committed:0", "before-aborted:0"]
    assert after == before
    restart.run_transactions(addresses[0], "after")
    again = restart.observe(addresses[0], [])
    assert again.committed_transactions == ["before-committed:0", "after-committed:0"]


def test_everything_is_there_after_a_clean_restart(tmp_path: Path) -> None:
    """One cluster closed, another opened on the same directory."""
    with contextlib.ExitStack() as second, contextlib.ExitStack() as first:
        cluster = first.enter_context(open_cluster(tmp_path))

        def reopen() -> str:
            first.close()
            return second.enter_context(open_cluster(tmp_path)).bootstrap_servers

        expect_everything_kept(cluster.bootstrap_servers, reopen)


def test_everything_is_there_after_every_node_was_killed(tmp_path: Path) -> None:
    """Brokers and controller die without a word, and come back in any order."""
    with open_cluster(tmp_path) as cluster:

        def kill_and_start_all() -> str:
            for number in NUMBERS:
                cluster.broker(number).kill()
            cluster.controller.kill()
            cluster.controller.start()
            for number in NUMBERS:
                cluster.broker(number).start()
            return cluster.bootstrap_servers

        expect_everything_kept(cluster.bootstrap_servers, kill_and_start_all)
