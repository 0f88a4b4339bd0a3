"""Planted bugs: each known mistake is found, by a seed whose world keeps every promise without it.

The seeds are recorded: the first, counted from 1, that finds the mistake in the world it draws. So `SEEDS_OF` also says
within how many runs each is found. Another change of the broker or the simulator may move them; `minikafka sim --seed N
--plant NAME` is how to look for new ones.
"""

from __future__ import annotations

import pytest
from minikafka.errors import ConfigError
from minikafka.sim.case import Case
from minikafka.sim.planted import BUGS, planted

SEEDS_OF = {
    "high-watermark-over-plain-isr": 5,
    "high-watermark-of-the-leader-alone": 1,
    "high-watermark-by-majority": 1,
    "answered-by-who-leads-no-more": 11,
    "new-leader-commits-its-log-end": 67,
    "truncates-to-high-watermark": 18,
    "expands-before-caught-up": 6,
    "elects-outside-the-isr": 11,
    "elects-the-first-assigned": 1,
    "elr-member-after-unclean-shutdown": 22,
    "consumers-read-to-the-log-end": 8,
    "leader-sees-no-divergence": 11,
    "counts-before-fsync": 2,
    "follower-acknowledges-before-fsync": 2,
    "acts-on-an-earlier-life": 12,
    "window-of-four": 11,
    "only-the-last-batch-is-a-duplicate": 11,
    "producers-are-not-rebuilt": 86,
    "last-stable-offset-is-the-high-watermark": 8,
    "ended-before-its-marker-is-replicated": 8,
    "nothing-is-told-to-be-aborted": 8,
    "open-transactions-are-forgotten": 830,
    "an-end-keeps-its-epoch": 1,
    "every-end-commits": 1,
    "every-end-aborts": 1,
    "the-first-partition-hears": 1,
    "nothing-is-resumed": 1,
    "answered-before-it-is-replicated": 193,
    "a-marker-that-failed-is-not-sent-again": 1,
    "a-block-of-ids-is-granted-twice": 1,
    "only-the-newest-partition-is-remembered": 1,
    "given-before-it-was-given-up": 4,
    "given-up-without-a-report": 4,
    "pending-revocation-owns-nothing": 4,
    "generation-not-checked-on-commit": 19,
    "epoch-not-checked-on-commit": 4,
    "old-instance-not-fenced": 114,
    "expired-member-kept-as-owner": 4,
    "rebalance-timeout-ignored": 14,
    "revocation-timeout-ignored": 74,
    "generation-not-raised": 4,
    "live-group-swept": 4,
    "assignment-told-before-it-is-committed": 4,
    "offsets-lost-at-failover": 29,
    "commit-accepted-before-it-is-replicated": 4,
    "sessions-not-watched-after-failover": 29,
}


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str) -> None:
    """With the mistake a promise is broken; without it, in the same world, none is."""
    seed = SEEDS_OF[name]
    assert Case.of(seed, plant=name).run().violations != []
    assert Case.of(seed).run().violations == []


def test_there_are_enough_and_each_is_gone_afterwards() -> None:
    """At least forty-five; what `planted` changed is as before when its context ends, whatever happened in it."""
    assert len(BUGS) >= 45
    for name, bug in BUGS.items():
        before = [vars(change.owner)[change.name] for change in bug.changes]
        with planted(name):
            assert [vars(change.owner)[change.name] for change in bug.changes] != before
        assert [vars(change.owner)[change.name] for change in bug.changes] == before


def test_a_bug_that_nobody_planted_is_refused() -> None:
    """ConfigError, which names those there are."""
    with pytest.raises(ConfigError, match="window-of-four"), planted("none"):
        pass
