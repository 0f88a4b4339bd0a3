"""Faults: what a test asks to go wrong, in Kafka's words.

    with kafka.faults.drop_response(api="Produce", topic="orders", times=1) as fault:
        ...
        fault.assert_fired()

A fault is in force until `heal`, or the end of its `with` block. One that never struck proves nothing, so say what it
was to do: `fired`, `assert_fired()`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Required, Self, TypeAlias, TypedDict, Unpack

from minikafka.errors import ConfigError, ErrorCode, VerdictError
from minikafka.faults.actions import (
    Action,
    Call,
    Close,
    Delay,
    DiskFull,
    DropRequest,
    DropResponse,
    Error,
    FailFsync,
    Hold,
    Kill,
    NodeAction,
    Pause,
    Place,
    PowerLoss,
    Reorder,
    SlowDisk,
)
from minikafka.faults.book import Armed, find
from minikafka.faults.names import error_code, nearest
from minikafka.faults.plain import from_json, status
from minikafka.faults.rule import Match, Rule, Wanted, When
from minikafka.runtime.calls import AtEvent
from minikafka.runtime.control.views import HEALTH
from minikafka.types import CONTROLLER_ID, BrokerId

if TYPE_CHECKING:
    from minikafka.testing.cluster import Cluster

CONTROLLER: Final = "controller"
Node: TypeAlias = BrokerId | Literal["controller"]


class About(TypedDict, total=False):
    """What every kind of fault takes. Which requests (`faults.rule.Match`), and which of those (`faults.rule.When`).

    Requests of other brokers are left alone unless `between_brokers` is True (only them) or None (both). `times`: at
    most so often. `skip`: not the first so many that match. `nth`: only that one, from 1. `probability`: each with
    this chance; the same `seed` strikes the same ones. `id`: names it; else it is given a name.
    """

    api: str | None
    version: int | None
    client_id: str | None
    topic: str | None
    partition: int | None
    broker: Node | None
    group: str | None
    transactional_id: str | None
    between_brokers: bool | None
    nth: int | None
    skip: int
    times: int | None
    probability: float | None
    seed: int
    id: str


class AboutDisk(TypedDict, total=False):
    """Whose disk: `broker`, which is required; `topic` and `partition` for one log of it. Which fsyncs: see `About`."""

    broker: Required[Node]
    topic: str | None
    partition: int | None
    nth: int | None
    skip: int
    times: int | None
    id: str


class AboutEvent(TypedDict, total=False):
    """Which events: of this topic and partition, told by this broker, with these facts (`docs/reference/events.md`).
    When: see `About`."""

    broker: Node | None
    topic: str | None
    partition: int | None
    facts: Mapping[str, Wanted]
    nth: int | None
    skip: int
    times: int | None
    probability: float | None
    seed: int
    id: str


class Fault:
    """One fault, in force until `heal` or the end of its `with` block. What it did can be asked afterwards too."""

    def __init__(self, cluster: Cluster, armed: Armed) -> None:
        self._cluster = cluster
        self._armed = armed

    @property
    def id(self) -> str:
        """As in the `fault` fact of the trace's `fault` events."""
        return self._armed.rule.id

    @property
    def rule(self) -> Rule:
        """The value it was made from."""
        return self._armed.rule

    @property
    def fired(self) -> int:
        """How often it struck. A fault that never fired proves nothing; assert on this."""
        return self._armed.fired

    def assert_fired(self, times: int | None = None) -> None:
        """Raises VerdictError unless it struck: exactly `times` times, or at least once. What a function raised that
        it called is raised here as well."""
        self._raise_error()
        fired = self.fired
        if fired == 0 and times != 0:
            raise VerdictError(f"{self} never fired: nothing it is about came by")
        if times is not None and fired != times:
            raise VerdictError(f"{self} fired {fired} times, not {times}")

    def wait_fired(self, times: int = 1, *, timeout: float = 10.0) -> None:
        """Wait until it has struck so often, and the function it calls has returned. timeout: seconds.

        Raises WaitTimeout, or what the function raised.
        """
        armed = self._armed
        self._cluster.run(
            lambda supervisor: supervisor.until(
                HEALTH,
                lambda _: armed.fired >= times and not armed.calling,
                timeout,
                lambda _: f"{self} fired {armed.fired} times",
            )
        )
        self._raise_error()

    def _raise_error(self) -> None:
        if self._armed.error is not None:
            raise self._armed.error

    def heal(self) -> None:
        """No more of it; what it kept goes on. What a disk failed stays failed until the broker's next life (D7).
        Idempotent."""
        self._cluster.run(lambda supervisor: supervisor.rules.remove(self._armed))

    def as_dict(self) -> dict[str, Any]:
        """The rule as JSON (`faults.plain`), and `fired`."""
        return status(self._armed)

    def __repr__(self) -> str:
        return f"<Fault {self.as_dict()}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()
        if error is None:
            self._raise_error()


class Faults:
    """`kafka.faults`. What all methods take is in `About`: `api="Produce"`, `topic=`, `times=` and so on."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    # What can go wrong with requests and replies (docs/reference/faults.md).

    def error(self, *, code: str | int | ErrorCode, **about: Unpack[About]) -> Fault:
        """Refuse the whole request with `code`; it is not carried out, for none of its partitions."""
        return self._make("error", Error(error_code(code)), about)

    def close(self, **about: Unpack[About]) -> Fault:
        """Close the connection instead of carrying the request out."""
        return self._make("close", Close(), about)

    def drop_request(self, **about: Unpack[About]) -> Fault:
        """Lose the request: neither it nor anything behind it on its connection is seen, until its client gives up."""
        return self._make("drop_request", DropRequest(), about)

    def drop_response(self, *, after: str = "append", hold: bool = False, **about: Unpack[About]) -> Fault:
        """Carry the request out, then close the connection instead of answering; with `hold` stay open and silent."""
        if after != "append":
            raise ConfigError(f"a response is dropped after='append', not {after!r}")
        return self._make("drop_response", DropResponse(hold), about)

    def hold(self, *, what: Place = "response", **about: Unpack[About]) -> Fault:
        """Keep the reply, or with what="request" the request, until this fault is healed."""
        return self._make("hold", Hold(what), about)

    def delay(self, *, ms: int, what: Place = "response", **about: Unpack[About]) -> Fault:
        """Keep the reply, or the request, for `ms` of broker time; what is behind it on its connection waits."""
        return self._make("delay", Delay(ms, what), about)

    def reorder(self, *, behind: int = 1, **about: Unpack[About]) -> Fault:
        """Let the request be overtaken by `behind` others that match, of other connections."""
        return self._make("reorder", Reorder(behind), about)

    # What can go wrong with a disk.

    def fail_fsync(self, **about: Unpack[AboutDisk]) -> Fault:
        """Let fsyncs on this broker's disk fail, or those of one of its logs. The first one takes its log directory
        offline until its next life (D7): it answers KAFKA_STORAGE_ERROR [56] and leads nothing."""
        return self._make("fail_fsync", FailFsync(), about, AboutDisk.__annotations__)

    def disk_full(self, *, after_bytes: int = 0, **about: Unpack[AboutDisk]) -> Fault:
        """Let this broker's disk take so many bytes more. The batch that does not fit is torn, and takes the log
        directory offline until the broker's next life (D7)."""
        return self._make("disk_full", DiskFull(after_bytes), about, AboutDisk.__annotations__)

    def slow_disk(self, *, ms: int, **about: Unpack[AboutDisk]) -> Fault:
        """Let every fsync of a segment on this broker's disk take `ms` longer, by the machine's clock."""
        return self._make("slow_disk", SlowDisk(ms), about, AboutDisk.__annotations__)

    # What happens at an event.

    def on_event(self, kind: str, *, then: str | NodeAction | AtEvent, **about: Unpack[AboutEvent]) -> Fault:
        """Strike the node that tells an event of this kind, before anything else that it decided in the same turn is
        done: after an append and before anybody can have heard of it, say. Once, unless `about` says when.

        then: `kill`, `power_loss`, `pause`, an action, or a function of the event, which runs while the node stands
        still and may use every handle. See docs/reference/faults.md for what is guaranteed.
        """
        if not {"nth", "skip", "times", "probability"} & about.keys():
            about["times"] = 1
        given: Any = {**about, "event": kind}
        action, call = (Call(), then) if callable(then) else (_at_event(then), None)
        return self._make("on_event", action, given, AboutEvent.__annotations__, call)

    # Rules as values.

    def add(self, rule: Rule | dict[str, Any]) -> Fault:
        """A rule as a value, or as JSON (`faults.plain`). Raises ConfigError naming what does not fit."""
        return self._add(rule if isinstance(rule, Rule) else from_json(rule))

    def list(self) -> list[Fault]:
        """Those in force, oldest first."""
        in_force = self._cluster.look(lambda supervisor: supervisor.rules.in_force)
        return [Fault(self._cluster, armed) for armed in in_force]

    def heal(self, id: str | None = None) -> None:  # noqa: A002 - the name it has everywhere
        """Heal the fault of this id, or all of them. Raises ConfigError with the nearest id."""
        if id is None:
            self._cluster.run(lambda supervisor: supervisor.rules.clear())
        else:
            Fault(
                self._cluster, find(self._cluster.look(lambda supervisor: supervisor.rules.in_force), id)
            ).heal()

    def _make(
        self,
        method: str,
        then: Action,
        about: About | AboutDisk | AboutEvent,
        known: Collection[str] = About.__annotations__,
        call: AtEvent | None = None,
    ) -> Fault:
        for name in about:
            if name not in known and name != "event":
                raise ConfigError(f"faults.{method}() has no {name!r}{nearest(name, known)}")
        given: dict[str, Any] = dict(about)
        if given.get("broker") == CONTROLLER:
            given["broker"] = CONTROLLER_ID
        match = Match(**{name: given[name] for name in given if name in MATCH})
        when = When(**{name: given[name] for name in given if name in WHEN})
        return self._add(Rule(then, match, when, given.get("id", "")), call)

    def _add(self, rule: Rule, call: AtEvent | None = None) -> Fault:
        return Fault(self._cluster, self._cluster.run(lambda supervisor: supervisor.rules.add(rule, call)))


def _at_event(then: str | NodeAction) -> NodeAction:
    if not isinstance(then, str):
        return then
    if then not in AT_EVENT:
        known = ", ".join(AT_EVENT)
        raise ConfigError(f"then is {then!r}, and may be {known} or a function{nearest(then, AT_EVENT)}")
    return AT_EVENT[then]


def _names(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))


MATCH: Final = _names(Match)
WHEN: Final = _names(When)
AT_EVENT: Final[dict[str, NodeAction]] = {"kill": Kill(), "power_loss": PowerLoss(), "pause": Pause()}
