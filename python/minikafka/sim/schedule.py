"""When which misfortune strikes whom: drawn from a seed, or written down.

A schedule is a plain list, so that a failing run can be made smaller by leaving strikes out (`shrink.py`) and told in
one line:

    kill:2@300+1500        300 ms after the cluster was last whole, broker 2 is killed; 1.5 s later it starts again
    cut-link:1.3@50+900    something between two brokers
    &pause:3@200+700       with `&`: 200 ms after the one before it *began*, whatever state the cluster is in
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final, NamedTuple

from minikafka.errors import ConfigError
from minikafka.types import BrokerId

QUIET_MS: Final = (50, 1_500)
TROUBLE_MS: Final = (20, 4_000)
OVERLAP_MS: Final = (0, 1_500)
STRIKES: Final = (2, 5)
TOGETHER: Final = 0.5


class Strike(NamedTuple):
    """One misfortune. `other`: a second broker, for what happens between two."""

    misfortune: str
    broker: BrokerId
    other: BrokerId
    quiet_ms: int
    lasts_ms: int
    together: bool = False

    def __str__(self) -> str:
        mark = "&" if self.together else ""
        return f"{mark}{self.misfortune}:{self.broker}.{self.other}@{self.quiet_ms}+{self.lasts_ms}"


def draw(
    random: Random, misfortunes: Sequence[str], brokers: Sequence[BrokerId], *, together: bool
) -> list[Strike]:
    """A few strikes; `together`: about half of them fall into the one before."""
    strikes: list[Strike] = []
    for _ in range(random.randint(*STRIKES)):
        broker, other = random.sample(brokers, 2) if len(brokers) > 1 else (brokers[0], brokers[0])
        overlaps = together and bool(strikes) and random.random() < TOGETHER
        quiet_ms = random.randint(*(OVERLAP_MS if overlaps else QUIET_MS))
        strikes.append(
            Strike(random.choice(misfortunes), broker, other, quiet_ms, random.randint(*TROUBLE_MS), overlaps)
        )
    return strikes


def written(strikes: Sequence[Strike]) -> str:
    """As `read` takes it."""
    return ",".join(map(str, strikes))


def read(text: str) -> list[Strike]:
    """The strikes of one line. Raises ConfigError."""
    return [_read_one(word) for word in text.split(",") if word]


def _read_one(word: str) -> Strike:
    try:
        name, _, rest = word.removeprefix("&").partition(":")
        brokers, _, times = rest.partition("@")
        broker, _, other = brokers.partition(".")
        quiet_ms, _, lasts_ms = times.partition("+")
        return Strike(
            name, int(broker), int(other or broker), int(quiet_ms), int(lasts_ms), word.startswith("&")
        )
    except ValueError:
        raise ConfigError(f"strike {word!r} is not NAME:BROKER[.OTHER]@QUIET_MS+LASTS_MS") from None
