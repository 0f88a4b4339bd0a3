"""What a broker's or the controller's timer is for, by its key: what an advance of the clock has to know.

When a test moves broker time by an hour, everything that is due in it is due at once, a broker's own heartbeat and the
end of its session alike. Who is able to speak must be heard before anybody is judged by his silence (ADR 0018). So
time is moved in steps (`runtime/stepping.py`), and in each of them first what *speaks* is let fire, then the rest.

    WAIT     a client, or a follower's fetch, waits for an answer at most so long: measured on the waiting clock, which
             no freeze stops. The answer is news to whoever hears it, so it comes first, with what speaks
    SPEAKS   a node is going to say something to another one, at intervals or again: a heartbeat, a fetch, a retry
    ROUND    looked at at intervals or renewed by what others say: sessions of brokers, sweeps, checkpoints. No step
             ends for its sake, or there would be ten of them a second
    EXACT    everything else: a step ends where one of these is due
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

from minikafka.config import CLUSTER_METADATA
from minikafka.effects import TimerKey


class TimerKind(Enum):
    """See the module."""

    WAIT = "wait"
    SPEAKS = "speaks"
    ROUND = "round"
    EXACT = "exact"


WAITS: Final = frozenset(("purgatory", "auto-create", "init-producer-id"))

_BY_NAME: Final[Mapping[tuple[str | int, ...], TimerKind]] = MappingProxyType(
    {
        ("lifecycle",): TimerKind.SPEAKS,
        ("metadata-fetch",): TimerKind.SPEAKS,
        ("metadata",): TimerKind.SPEAKS,
        ("fetch-backoff",): TimerKind.SPEAKS,
        ("isr-retry",): TimerKind.SPEAKS,
        ("lifecycle", "leave"): TimerKind.EXACT,
        ("peers",): TimerKind.ROUND,
        ("isr",): TimerKind.ROUND,
        ("log",): TimerKind.ROUND,
        ("producers",): TimerKind.ROUND,
        ("checkpoint",): TimerKind.ROUND,
    }
)

_OF_COORDINATORS: Final[Mapping[str | int, TimerKind]] = MappingProxyType(
    {
        "parked": TimerKind.ROUND,
        "sweep": TimerKind.ROUND,
        "abort-timed-out": TimerKind.ROUND,
        "expire-ids": TimerKind.ROUND,
        "balance": TimerKind.ROUND,
        "unclean": TimerKind.ROUND,
    }
)


def kind_of(key: TimerKey) -> TimerKind:
    """Of a timer, by the key its setter gave it."""
    if key[0] in WAITS:
        return TimerKind.WAIT
    if key[0] == "coordinator":
        if key[1] == CLUSTER_METADATA and key[3] == "session":
            return TimerKind.ROUND
        return _OF_COORDINATORS.get(key[3], TimerKind.EXACT)
    return _BY_NAME.get(key[:2]) or _BY_NAME.get(key[:1], TimerKind.EXACT)
