"""What a configuration owes its clients, whatever the nemesis does (D5, and the traps of R6 and R13).

    a *committed* record (below a high watermark, so consumers may have seen it) is never lost
        unless an unclean election took place, which the topic must allow (R15),
        or a replica lost what it had not fsynced, and nobody who still had it could lead:
            fsync mode              every replica that counted has it on disk: nothing is lost, however many lose power
            page-cache mode         safe while one replica at a time loses power, at least two had it (min ISR 2), and
                                    the controller knows who came back without his tail (R14)
    an *acknowledged* record is never lost
        with acks=all, as long as committed ones are not: the answer waited for the high watermark
        with acks=1, not at all: the leader's copy may be the only one

Everything else is owed always: replicas agree below the high watermark, high watermarks do not move back within a
leader epoch, the ISR's invariants, one order per producer, and a recovered log is a prefix of what was there.
"""

from __future__ import annotations

from typing import NamedTuple

from minikafka.sim import nemesis
from minikafka.sim.swarm import Settings


class Promise(NamedTuple):
    """What must not happen. unless_unclean: it may, if an unclean election was seen."""

    keeps_committed: bool
    keeps_acknowledged: bool
    unless_unclean: bool


def promise_of(settings: Settings) -> Promise:
    """The table above."""
    committed = (
        settings.durability == "fsync" or not _may_lose_power(settings) or _survives_one_loss(settings)
    )
    return Promise(committed, committed and settings.acks == -1, bool(settings.unclean))


def _may_lose_power(settings: Settings) -> bool:
    return any(nemesis.BY_NAME[name].loses_unsynced for name in settings.misfortunes)


def _survives_one_loss(settings: Settings) -> bool:
    one_at_a_time = not settings.together and nemesis.POWER_LOSS_OF_ALL.name not in settings.misfortunes
    return one_at_a_time and settings.effective_min_insync_replicas >= 2 and bool(settings.elr)
