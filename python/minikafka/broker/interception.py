"""Faults at the door: what may happen to a request before it is handled, and to a reply before it leaves.

A rule (`faults/`) says which requests it is about, when it strikes and what it does. Two hooks ask the rules, and only
these two:

- `before`, in the router, once a request is decoded: it may be refused, lost, kept for a while, or its connection
  closed.
- `reply`, in the session, once the reply is ready: the request *was* carried out, and its reply is discarded with its
  connection (the lost acknowledgement that idempotence exists for), or kept for a while.

Replies of a living connection are never reordered or skipped, because Kafka never does that and clients break on it:
whatever is kept keeps back everything behind it on its connection. A request that is kept is on its way: it arrives
even if its sender has given up meanwhile, as a packet does that was stuck in the network.

Rules belong to whoever injects faults and outlive a broker that is killed and started again; counting is theirs. What a
life kept dies with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from minikafka.broker.addressed import Addressed, addressed
from minikafka.broker.request import Request
from minikafka.broker.timers import Timers
from minikafka.errors import ErrorCode
from minikafka.faults.actions import (
    Action,
    Close,
    Delay,
    DropResponse,
    Error,
    Hold,
    Place,
    Reorder,
    action_name,
)
from minikafka.faults.book import Armed, Rules
from minikafka.faults.names import API_NAMES
from minikafka.faults.rule import Match
from minikafka.trace import NOBODY, Trace
from minikafka.types import BrokerId, Now, TopicId

HISTORY: Final = frozenset({ErrorCode.DUPLICATE_SEQUENCE_NUMBER, ErrorCode.UNKNOWN_PRODUCER_ID})
"""I8: no broker of today sends these; clients still handle them, and old brokers did."""

GoOn = Callable[[Now], None]
Handle = Callable[[Request[object], Now], None]


class _Overtaken:
    """A request that waits for `left` others to be carried out first."""

    __slots__ = ("armed", "connection", "go_on", "left")

    def __init__(self, armed: Armed, connection: int, go_on: GoOn, left: int) -> None:
        self.armed = armed
        self.connection = connection
        self.go_on = go_on
        self.left = left


class Interception:
    """The rules as one node applies them."""

    def __init__(
        self,
        node: BrokerId,
        timers: Timers,
        topic_name: Callable[[TopicId], str | None],
        rules: Rules | None = None,
        trace: Trace = NOBODY,
    ) -> None:
        """`topic_name` resolves topic ids, for the versions that send those instead of names."""
        self._node = node
        self._timers = timers
        self._topic_name = topic_name
        self._rules = Rules() if rules is None else rules
        self._trace = trace
        self._delayed = 0
        self._held: list[tuple[Armed, GoOn]] = []
        self._overtaken: list[_Overtaken] = []

    @property
    def has_rules(self) -> bool:
        """False nearly always; then neither hook needs asking."""
        return bool(self._rules.in_force)

    # Requests.

    def before(self, request: Request[object], now: Now, handle: Handle) -> bool:
        """True when a rule took the request: it must not be handled, unless by `handle`, which may run later."""
        if not self._rules.in_force:
            return False
        armed = self._strike(request, "request")
        if armed is None:
            return False
        match armed.rule.then:
            case Error(code):
                self._refuse(request, code)
            case Close():
                request.close("a fault rule closed it")
            case Reorder(behind):
                wait = _Overtaken(armed, request.connection, lambda at: handle(request, at), behind)
                self._overtaken.append(wait)
            case kept:
                self._keep(armed, kept, lambda at: handle(request, at))
        return True

    def handled(self, request: Request[object], now: Now) -> None:
        """A request was carried out: whoever had to wait for it may be next."""
        if not self._overtaken:
            return
        about = addressed(request.body, self._topic_name)
        for waiting in self._overtaken[:]:
            rule = waiting.armed.rule
            if (
                request.connection != waiting.connection
                and self._concerns_sender(waiting.armed, request)
                and concerns(rule.match, about)
            ):
                waiting.left -= 1
                if waiting.left == 0:
                    self._overtaken.remove(waiting)
                    waiting.go_on(now)

    def _refuse(self, request: Request[object], code: ErrorCode) -> None:
        # Imported when first needed: it knows the messages of a dozen APIs.
        from minikafka.broker.refusal import refusal

        answer = refusal(request.api_version, request.body, code)
        if answer is None:
            request.close(f"a fault rule refused it with {code.name}, which its response cannot say")
        else:
            request.reply(answer)

    # Replies.

    def reply(self, request: Request[object], release: Callable[[], None], close: Callable[[], None]) -> bool:
        """True when a rule took the reply. It then runs at most one of: `release` (send it after all) and `close`
        (close the connection in the reply's stead, when its turn comes); neither means it is never sent."""
        armed = self._strike(request, "response")
        if armed is None:
            return False
        match armed.rule.then:
            case DropResponse(hold):
                if not hold:
                    close()
            case kept:
                self._keep(armed, kept, lambda _now: release())
        return True

    # What is kept.

    def _keep(self, armed: Armed, action: Action, go_on: GoOn) -> None:
        if isinstance(action, Delay):
            self._delay(action.ms, go_on)
        elif isinstance(action, Hold):
            self._held.append((armed, go_on))
        # Else it is lost: nobody goes on with it, and nothing behind it on its connection is looked at.

    def _delay(self, delay_ms: int, go_on: GoOn) -> None:
        # A reply does not know what time it is; a timer that is due at once is told.
        self._delayed += 1
        key = ("delayed-by-a-fault", self._delayed)
        self._timers.set(key, 0, lambda now: self._timers.set(key, now.monotonic_ms + delay_ms, go_on))

    def healed(self, now: Now) -> None:
        """Rules are not in force any more: what they kept goes on, in the order it was kept."""
        held, self._held = self._held, []
        for armed, go_on in held:
            if self._rules.is_in_force(armed.number):
                self._held.append((armed, go_on))
            else:
                go_on(now)
        for waiting in self._overtaken[:]:
            if not self._rules.is_in_force(waiting.armed.number):
                self._overtaken.remove(waiting)
                waiting.go_on(now)

    # Which rule strikes.

    def _strike(self, request: Request[object], place: Place) -> Armed | None:
        about: Addressed | None = None
        for armed in self._rules.in_force:
            if armed.place != place or not self._concerns_sender(armed, request):
                continue
            if about is None:
                about = addressed(request.body, self._topic_name)
            if concerns(armed.rule.match, about) and armed.strikes():
                self._tell(armed, request)
                return armed
        return None

    def _tell(self, armed: Armed, request: Request[object]) -> None:
        if self._trace.on:
            action = armed.rule.then
            self._trace.event(
                "fault",
                "I8" if isinstance(action, Error) and action.code in HISTORY else "",
                fault=armed.rule.id,
                what=action_name(action),
                api=API_NAMES.get(request.api_key, str(request.api_key)),
                client_id=request.client_id,
                connection=request.connection,
                fired=armed.fired,
            )

    def _concerns_sender(self, armed: Armed, request: Request[object]) -> bool:
        match = armed.rule.match
        return (
            armed.api_key in (None, request.api_key)
            and match.version in (None, request.api_version)
            and match.client_id in (None, request.client_id)
            and match.broker in (None, self._node)
            and match.between_brokers in (None, request.internal)
        )


def concerns(match: Match, about: Addressed) -> bool:
    """Whether what a request is about is what `match` asks for."""
    if match.group is not None and match.group not in about.groups:
        return False
    if match.transactional_id is not None and match.transactional_id not in about.transactional_ids:
        return False
    if match.topic is None and match.partition is None:
        return True
    return any(
        match.topic in (None, topic) and (match.partition is None or partition in (None, match.partition))
        for topic, partition in about.partitions
    )
