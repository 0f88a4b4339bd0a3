"""Faults at the door: what may happen to a request before it is handled, and to a reply before it leaves.

A rule says which requests it is about, when it strikes and what it does. Two hooks ask the rules, and only these two:

- `before`, in the router, once a request is decoded: the request may be refused with an error code, or its connection
  closed, without the handler ever seeing it.
- `reply`, in the session, once the reply is ready: the reply may be discarded with its connection (the request *was*
  carried out: this is the lost acknowledgement that idempotence exists for), held, or delayed.

Replies of a living connection are never reordered or skipped, because Kafka never does that and clients break on it: a
reply that is held or delayed holds back all later ones of its connection.

Rules belong to whoever injects faults and outlive a broker that is killed and started again; counting is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from minikafka.broker.addressed import Addressed, addressed
from minikafka.broker.request import Request
from minikafka.broker.timers import Timers
from minikafka.errors import ErrorCode
from minikafka.trace import NOBODY, Trace
from minikafka.types import BrokerId, Now, TopicId


@dataclass(frozen=True, slots=True)
class Match:
    """Which requests a rule is about; None means any."""

    api_key: int | None = None
    api_version: int | None = None
    client_id: str | None = None
    topic: str | None = None
    partition: int | None = None
    broker: BrokerId | None = None
    group: str | None = None
    transactional_id: str | None = None
    internal: bool | None = False
    """Requests of other brokers (their fetches, say): False leaves them alone, True means only them."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer with this error for everything the request asks; it is not carried out."""

    code: ErrorCode


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection instead of handling the request."""


@dataclass(frozen=True, slots=True)
class DropReply:
    """Carry the request out, send what was answered before, then close the connection; or, with `hold`, leave it
    open and silent."""

    hold: bool = False


@dataclass(frozen=True, slots=True)
class DelayReply:
    """Carry the request out and answer `delay_ms` of broker time later."""

    delay_ms: int


HISTORY: Final = frozenset({ErrorCode.DUPLICATE_SEQUENCE_NUMBER, ErrorCode.UNKNOWN_PRODUCER_ID})
"""I8: no broker of today sends these; clients still handle them, and old brokers did."""

Action: TypeAlias = Refuse | Close | DropReply | DelayReply


@dataclass(slots=True)
class Rule:
    """One fault: it passes over the first `skip` matching requests, then strikes `times` times (None: always)."""

    match: Match
    action: Action
    times: int | None = None
    skip: int = 0
    fired: int = 0
    """How often it struck. A fault that never fired proves nothing; assert on this."""

    def strikes(self) -> bool:
        """Count one matching request; true when the rule strikes this one."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times is not None and self.fired >= self.times:
            return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Rules:
    """The rules in force, oldest first; shared by every broker they are about."""

    in_force: list[Rule] = field(default_factory=list)

    def add(self, rule: Rule) -> Rule:
        self.in_force.append(rule)
        return rule

    def remove(self, rule: Rule) -> None:
        self.in_force = [kept for kept in self.in_force if kept is not rule]

    def clear(self) -> None:
        self.in_force = []


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
        self._rules = rules or Rules()
        self._delayed = 0
        self._trace = trace

    @property
    def has_rules(self) -> bool:
        """False nearly always; then neither hook needs asking."""
        return bool(self._rules.in_force)

    def before(self, request: Request[object], now: Now) -> bool:
        """True when a rule took the request; it is answered or closed, and must not be handled."""
        if not self._rules.in_force:
            return False
        action = self._strike(request, (Refuse, Close))
        if isinstance(action, Refuse):
            # Imported when first needed: it knows the messages of a dozen APIs.
            from minikafka.broker.refusal import refusal

            answer = refusal(request.api_version, request.body, action.code)
            if answer is None:
                request.close(
                    f"a fault rule refused it with {action.code.name}, which its response cannot say"
                )
            else:
                request.reply(answer)
        elif isinstance(action, Close):
            request.close("a fault rule closed it")
        return action is not None

    def reply(self, request: Request[object], release: Callable[[], None], close: Callable[[], None]) -> bool:
        """True when a rule took the reply. It then runs at most one of: `release` (send it after all) and `close`
        (close the connection in the reply's stead, when its turn comes); neither means the reply is held."""
        action = self._strike(request, (DropReply, DelayReply))
        if isinstance(action, DropReply) and not action.hold:
            close()
        elif isinstance(action, DelayReply):
            self._delay(action.delay_ms, release)
        return action is not None

    def _delay(self, delay_ms: int, release: Callable[[], None]) -> None:
        # A reply does not know what time it is; a timer that is due at once is told.
        self._delayed += 1
        key = ("delayed-reply", self._delayed)
        self._timers.set(
            key, 0, lambda now: self._timers.set(key, now.monotonic_ms + delay_ms, lambda _now: release())
        )

    def _strike(self, request: Request[object], kinds: tuple[type[Action], ...]) -> Action | None:
        about: Addressed | None = None
        for rule in self._rules.in_force:
            if not isinstance(rule.action, kinds) or not self._concerns_sender(rule.match, request):
                continue
            if about is None:
                about = addressed(request.body, self._topic_name)
            if concerns(rule.match, about) and rule.strikes():
                self._tell(rule, request)
                return rule.action
        return None

    def _tell(self, rule: Rule, request: Request[object]) -> None:
        if self._trace.on:
            self._trace.event(
                "fault",
                "I8" if isinstance(rule.action, Refuse) and rule.action.code in HISTORY else "",
                what=type(rule.action).__name__,
                api_key=request.api_key,
                client_id=request.client_id,
                connection=request.connection,
                fired=rule.fired,
            )

    def _concerns_sender(self, match: Match, request: Request[object]) -> bool:
        return (
            match.api_key in (None, request.api_key)
            and match.api_version in (None, request.api_version)
            and match.client_id in (None, request.client_id)
            and match.broker in (None, self._node)
            and match.internal in (None, request.internal)
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
