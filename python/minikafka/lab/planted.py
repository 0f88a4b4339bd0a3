"""Where each planted mistake does harm, so that the ledger and the checker can be asked what they see.

`tests/simulation/test_planted.py` keeps a seed in which the simulator's own checkers find each mistake. They look
inside the machines, and often see a promise broken before anybody came to harm: a high watermark too high, and nobody
elected without what it covers. The worlds here are those in which somebody does: some as their seed draws them, most
with settings and a schedule that go for the weak spot. Without the mistake, the same world is clean.

Some mistakes have no such world here, and `HARMLESS` says why. Mistakes in consumer groups are left to the simulator's
checkers of groups: they befall commits and assignments, and no record in a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.sim import schedule
from minikafka.sim.case import Case
from minikafka.sim.swarm import Settings

NO_SETTINGS: Final = None
PLAIN: Final = Settings(consumers=2)
FSYNC: Final = Settings(consumers=2, durability="fsync")


class World(NamedTuple):
    """shows: what the ledger finds there, at least; and the mistake's rule is in each such finding. settings, strikes:
    None for those that the seed draws."""

    seed: int
    shows: frozenset[Anomaly]
    settings: Settings | None = NO_SETTINGS
    strikes: str | None = None

    def case(self, plant: str | None) -> Case:
        """With the mistake, or with None."""
        strikes = None if self.strikes is None else schedule.read(self.strikes)
        return Case.of(self.seed, self.settings, strikes, plant)


LOST: Final = frozenset({Anomaly.LOST})
DUPLICATED: Final = frozenset({Anomaly.DUPLICATED})
REUSED: Final = frozenset({Anomaly.OFFSET_REUSED})
ABORTED_READ: Final = frozenset({Anomaly.ABORTED_READ})
TORN: Final = frozenset({Anomaly.TORN})
HANGING: Final = frozenset({Anomaly.HANGING})

SLOW_DISKS: Final = (
    "slow-disk:1@200+3000,&slow-disk:2@0+3000,&slow-disk:3@0+3000,&power-loss-of-all:1@500+800"
)

WORLDS: Final[Mapping[str, World]] = MappingProxyType(
    {
        "high-watermark-of-the-leader-alone": World(
            1, LOST, PLAIN, "pause:2@300+700,&pause:3@0+700,&kill:1@400+2500"
        ),
        "high-watermark-by-majority": World(1, LOST, PLAIN, "pause:3@300+700,&kill:2@400+2500"),
        "answered-by-who-leads-no-more": World(11, LOST | REUSED),
        "new-leader-commits-its-log-end": World(
            1, LOST, PLAIN, "pause:3@300+900,&cut-link:2.3@200+4000,&kill:1@100+6000,&kill:2@1700+2500"
        ),
        "truncates-to-high-watermark": World(
            1, LOST | REUSED, PLAIN, "cut-link:2.3@300+3000,&kill:1@200+4000,&kill:2@1500+2500"
        ),
        "elects-outside-the-isr": World(
            1, LOST, PLAIN, "kill:2@200+6000,&kill:3@2500+9000,&kill:1@1500+9000"
        ),
        "elects-the-first-assigned": World(
            1, LOST, PLAIN, "cut-link:1.2@200+5500,&kill:1@100+1500,&kill:2@4000+2000"
        ),
        "elr-member-after-unclean-shutdown": World(
            1, LOST | REUSED, PLAIN, "kill:3@200+9000,&power-loss:2@2500+3000,&kill:1@1500+6000"
        ),
        "consumers-read-to-the-log-end": World(
            2, REUSED, PLAIN, "pause:2@300+700,&pause:3@0+700,&kill:1@400+2500"
        ),
        "leader-sees-no-divergence": World(2, LOST | REUSED, PLAIN, "isolate:1@300+2500,kill:2@600+2500"),
        "counts-before-fsync": World(2, LOST, FSYNC, SLOW_DISKS),
        "follower-acknowledges-before-fsync": World(2, LOST, FSYNC, SLOW_DISKS),
        "acts-on-an-earlier-life": World(
            1, LOST | REUSED, PLAIN, "power-loss:1@300+100,power-loss:2@300+100"
        ),
        "producers-are-not-rebuilt": World(
            1, DUPLICATED, PLAIN, "slow-link:1.2@200+2000,&slow-link:1.3@0+2000,&kill-all:1@500+800"
        ),
        "last-stable-offset-is-the-high-watermark": World(8, ABORTED_READ),
        "nothing-is-told-to-be-aborted": World(8, ABORTED_READ),
        "an-end-keeps-its-epoch": World(1, HANGING),
        "every-end-commits": World(1, ABORTED_READ),
        "every-end-aborts": World(1, LOST),
        "the-first-partition-hears": World(1, TORN | HANGING),
        "nothing-is-resumed": World(1, HANGING),
        "answered-before-it-is-replicated": World(193, TORN),
        "a-marker-that-failed-is-not-sent-again": World(1, ABORTED_READ),
        "a-block-of-ids-is-granted-twice": World(1, TORN),
        "only-the-newest-partition-is-remembered": World(1, HANGING),
    }
)

QUICK: Final = (
    "high-watermark-of-the-leader-alone",
    "answered-by-who-leads-no-more",
    "producers-are-not-rebuilt",
    "every-end-commits",
)
"""A few that live short lives, of four kinds, for `make test`."""

REFUSED: Final = (
    "a batch too old to be known is refused, not written twice; its producer knows that it knows nothing"
)
HARMLESS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "high-watermark-over-plain-isr": "the leader would have to die within the milliseconds of an ISR change",
        "expands-before-caught-up": "the high watermark waits for who was let in too early",
        "window-of-four": REFUSED,
        "only-the-last-batch-is-a-duplicate": REFUSED,
        "ended-before-its-marker-is-replicated": "the coordinator writes the marker again, to the same effect",
        "open-transactions-are-forgotten": "what was read too early has committed in every world found so far",
    }
)
"""Mistakes that break a promise which only the simulator's own checkers see, and why nobody came to harm."""
