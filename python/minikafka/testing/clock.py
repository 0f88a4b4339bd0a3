"""`kafka.clock`: broker time in a test's own hands."""

from __future__ import annotations

from typing import Final

from minikafka.errors import ConfigError, WaitTimeout, nearest
from minikafka.history import Event
from minikafka.testing.running import Running
from minikafka.trace import KINDS
from minikafka.types import Now

A_WEEK_S: Final = 7 * 24 * 3600.0


class Clock:
    """Broker time of all nodes. What clients do by their own clocks goes on (docs/explain/time.md)."""

    def __init__(self, cluster: Running) -> None:
        self._cluster = cluster

    @property
    def now(self) -> Now:
        """Broker time: `monotonic_ms` for deadlines, `wall_ms` (since 1970) for timestamps."""
        return self._cluster.run(lambda supervisor: supervisor.clock.now())

    @property
    def is_frozen(self) -> bool:
        return self._cluster.look(lambda supervisor: supervisor.clock.is_frozen)

    def freeze(self) -> None:
        """Let broker time stand still until `resume`, but for `advance` and `run_to_next`. Whatever a broker is
        asked it does; no session, timeout or interval ends. No-op while frozen."""
        self._cluster.run(lambda supervisor: supervisor.clock.freeze())

    def resume(self) -> None:
        """Let broker time go on from where it stands. No-op while it runs."""
        self._cluster.run(lambda supervisor: supervisor.clock.resume())

    def advance(self, *, seconds: float = 0, ms: float = 0, expire_live: bool = False) -> None:
        """Move broker time forward and let happen what falls into it; returns when it has.

        Brokers have the time to send each other what they would have sent, so only those that cannot (dead, paused,
        cut off) are missed. Members of consumer groups whose connection is open are kept, since they had no time to
        send heartbeats; with `expire_live` they are judged like any other. Raises ConfigError unless time moves
        forward.
        """
        by_ms = milliseconds(seconds, ms)
        self._cluster.run(lambda supervisor: supervisor.clock.advance(by_ms, expire_live=expire_live))

    def run_to_next(
        self, kind: str | None = None, *, within: float = A_WEEK_S, expire_live: bool = False
    ) -> list[Event]:
        """Move broker time until something happens, and return what: the events of that moment.

        kind: until an event of this kind happens (`"isr"`, `"transaction"`, ...). within: seconds of broker time.
        expire_live: as for `advance`. Raises WaitTimeout when nothing happened within them, and ConfigError for an
        unknown kind.
        """
        check_kind(kind)
        limit_ms = milliseconds(within, 0)
        told = self._cluster.run(
            lambda supervisor: supervisor.clock.run_to_next(kind, limit_ms, expire_live=expire_live)
        )
        return found_within(told, kind, within)


def check_kind(kind: str | None) -> None:
    """Raises ConfigError, with the nearest known one, for what is no kind of event."""
    if kind is not None and kind not in KINDS:
        raise ConfigError(f"no events of kind {kind!r}{nearest(kind, KINDS)}")


def found_within(told: list[Event], kind: str | None, within: float) -> list[Event]:
    """What was told. Raises WaitTimeout when that is nothing."""
    if not told:
        raise WaitTimeout(f"no {kind or 'event'} within {within:g} s of broker time")
    return told


def milliseconds(seconds: float, ms: float) -> int:
    """Both together. Raises ConfigError unless that is at least one."""
    total = round(seconds * 1000 + ms)
    if total <= 0:
        raise ConfigError(
            f"broker time only moves forward, by at least 1 ms, not by {seconds * 1000 + ms:g} ms"
        )
    return total
