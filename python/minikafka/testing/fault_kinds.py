"""Every kind of fault as a method, for code that waits and for coroutines alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar, Unpack

from minikafka.errors import ConfigError, ErrorCode
from minikafka.faults.actions import (
    Call,
    Close,
    Delay,
    DiskFull,
    DropRequest,
    DropResponse,
    Error,
    FailFsync,
    Hold,
    NodeAction,
    Place,
    Reorder,
    SlowDisk,
)
from minikafka.faults.names import error_code
from minikafka.faults.plain import from_json
from minikafka.faults.rule import Rule
from minikafka.runtime.calls import AtEvent
from minikafka.testing.about import About, AboutDisk, AboutEvent, at_event, rule_about

F = TypeVar("F")
"""What a method returns: a fault in force, or what can be awaited for one."""


class FaultKinds(ABC, Generic[F]):
    """What all methods take is in `About`: `api="Produce"`, `topic=`, `times=` and so on."""

    # What can go wrong with requests and replies (docs/reference/faults.md).

    def error(self, *, code: str | int | ErrorCode, **about: Unpack[About]) -> F:
        """Refuse the whole request with `code`; it is not carried out, for none of its partitions."""
        return self._add(rule_about("error", Error(error_code(code)), about))

    def close(self, **about: Unpack[About]) -> F:
        """Close the connection instead of carrying the request out."""
        return self._add(rule_about("close", Close(), about))

    def drop_request(self, **about: Unpack[About]) -> F:
        """Lose the request: neither it nor anything behind it on its connection is seen, until its client gives up."""
        return self._add(rule_about("drop_request", DropRequest(), about))

    def drop_response(self, *, after: str = "append", hold: bool = False, **about: Unpack[About]) -> F:
        """Carry the request out, then close the connection instead of answering; with `hold` stay open and silent."""
        if after != "append":
            raise ConfigError(f"a response is dropped after='append', not {after!r}")
        return self._add(rule_about("drop_response", DropResponse(hold), about))

    def hold(self, *, what: Place = "response", **about: Unpack[About]) -> F:
        """Keep the reply, or with what="request" the request, until this fault is healed."""
        return self._add(rule_about("hold", Hold(what), about))

    def delay(self, *, ms: int, what: Place = "response", **about: Unpack[About]) -> F:
        """Keep the reply, or the request, for `ms` of broker time; what is behind it on its connection waits."""
        return self._add(rule_about("delay", Delay(ms, what), about))

    def reorder(self, *, behind: int = 1, **about: Unpack[About]) -> F:
        """Let the request be overtaken by `behind` others that match, of other connections."""
        return self._add(rule_about("reorder", Reorder(behind), about))

    # What can go wrong with a disk.

    def fail_fsync(self, **about: Unpack[AboutDisk]) -> F:
        """Let fsyncs on this broker's disk fail, or those of one of its logs. The first one takes its log directory
        offline until its next life (D7): it answers KAFKA_STORAGE_ERROR [56] and leads nothing."""
        return self._add(rule_about("fail_fsync", FailFsync(), about, AboutDisk.__annotations__))

    def disk_full(self, *, after_bytes: int = 0, **about: Unpack[AboutDisk]) -> F:
        """Let this broker's disk take so many bytes more. The batch that does not fit is torn, and takes the log
        directory offline until the broker's next life (D7)."""
        return self._add(rule_about("disk_full", DiskFull(after_bytes), about, AboutDisk.__annotations__))

    def slow_disk(self, *, ms: int, **about: Unpack[AboutDisk]) -> F:
        """Let every fsync of a segment on this broker's disk take `ms` longer, by the machine's clock."""
        return self._add(rule_about("slow_disk", SlowDisk(ms), about, AboutDisk.__annotations__))

    # What happens at an event.

    def on_event(self, kind: str, *, then: str | NodeAction | AtEvent, **about: Unpack[AboutEvent]) -> F:
        """Strike the node that tells an event of this kind, before anything else that it decided in the same turn is
        done: after an append and before anybody can have heard of it, say. Once, unless `about` says when.

        then: `kill`, `power_loss`, `pause`, an action, or a function of the event, which runs while the node stands
        still and may use every handle. See docs/reference/faults.md for what is guaranteed.
        """
        if not {"nth", "skip", "times", "probability"} & about.keys():
            about["times"] = 1
        action, call = (Call(), then) if callable(then) else (at_event(then), None)
        return self._add(rule_about("on_event", action, about, AboutEvent.__annotations__, kind), call)

    # Rules as values.

    def add(self, rule: Rule | dict[str, Any]) -> F:
        """A rule as a value, or as JSON (`faults.plain`). Raises ConfigError naming what does not fit."""
        return self._add(rule if isinstance(rule, Rule) else from_json(rule))

    @abstractmethod
    def _add(self, rule: Rule, call: AtEvent | None = None) -> F:
        """Put it in force."""
