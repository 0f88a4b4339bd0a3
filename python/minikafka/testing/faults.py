"""Faults: what a test asks to go wrong, in Kafka's words."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from types import TracebackType
from typing import TYPE_CHECKING, Self

from minikafka.broker.interception import Close, DelayReply, DropReply, Match, Refuse, Rule
from minikafka.errors import ConfigError, ErrorCode
from minikafka.types import BrokerId

if TYPE_CHECKING:
    from minikafka.testing.cluster import Cluster


class Fault:
    """One rule in force, until `heal` or the end of its `with` block."""

    def __init__(self, rule: Rule, remove: Callable[[Rule], None]) -> None:
        self._rule = rule
        self._remove = remove

    @property
    def fired(self) -> int:
        """How often it struck. A fault that never fired proves nothing; assert on this."""
        return self._rule.fired

    def heal(self) -> None:
        self._remove(self._rule)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.heal()


class Faults:
    """`kafka.faults`. Every rule matches by API name and, where given, by what the request is about and who sent it.

    `times`: strike so often (None: always). `skip`: pass over so many matching requests first. Requests of other
    brokers are left alone unless `between_brokers` is set, which means only them.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def drop_response(
        self,
        *,
        api: str,
        after: str = "append",
        times: int | None = None,
        skip: int = 0,
        hold: bool = False,
        topic: str | None = None,
        partition: int | None = None,
        broker: BrokerId | None = None,
        client_id: str | None = None,
        group: str | None = None,
        transactional_id: str | None = None,
        between_brokers: bool = False,
    ) -> Fault:
        """Carry the request out, then close the connection instead of answering; with `hold` stay open and silent."""
        if after != "append":
            raise ConfigError(f"a response is dropped after='append', not {after!r}")
        match = _match(
            api, topic, partition, broker, client_id, group, transactional_id, between_brokers=between_brokers
        )
        return self._add(Rule(match, DropReply(hold), times, skip))

    def error(
        self,
        *,
        api: str,
        code: str | ErrorCode,
        times: int | None = None,
        skip: int = 0,
        topic: str | None = None,
        partition: int | None = None,
        broker: BrokerId | None = None,
        client_id: str | None = None,
        group: str | None = None,
        transactional_id: str | None = None,
        between_brokers: bool = False,
    ) -> Fault:
        """Refuse the whole request with `code`; it is not carried out, for none of its partitions."""
        match = _match(
            api, topic, partition, broker, client_id, group, transactional_id, between_brokers=between_brokers
        )
        return self._add(Rule(match, Refuse(_code(code)), times, skip))

    def delay(
        self,
        *,
        api: str,
        ms: int,
        times: int | None = None,
        skip: int = 0,
        topic: str | None = None,
        partition: int | None = None,
        broker: BrokerId | None = None,
        client_id: str | None = None,
        between_brokers: bool = False,
    ) -> Fault:
        """Answer `ms` of broker time late; later answers of that connection wait behind it."""
        match = _match(api, topic, partition, broker, client_id, None, None, between_brokers=between_brokers)
        return self._add(Rule(match, DelayReply(ms), times, skip))

    def close(
        self,
        *,
        api: str,
        times: int | None = None,
        skip: int = 0,
        topic: str | None = None,
        partition: int | None = None,
        broker: BrokerId | None = None,
        client_id: str | None = None,
        transactional_id: str | None = None,
        between_brokers: bool = False,
    ) -> Fault:
        """Close the connection instead of handling the request."""
        match = _match(
            api, topic, partition, broker, client_id, None, transactional_id, between_brokers=between_brokers
        )
        return self._add(Rule(match, Close(), times, skip))

    def heal(self) -> None:
        """Remove every rule."""
        self._cluster.run(lambda supervisor: supervisor.rules.clear())

    def _add(self, rule: Rule) -> Fault:
        self._cluster.run(lambda supervisor: supervisor.rules.add(rule))

        def remove(ended: Rule) -> None:
            self._cluster.run(lambda supervisor: supervisor.rules.remove(ended))

        return Fault(rule, remove)


def _match(
    api: str,
    topic: str | None,
    partition: int | None,
    broker: BrokerId | None,
    client_id: str | None,
    group: str | None,
    transactional_id: str | None,
    *,
    between_brokers: bool,
) -> Match:
    return Match(
        api_key=api_key(api),
        topic=topic,
        partition=partition,
        broker=broker,
        client_id=client_id,
        group=group,
        transactional_id=transactional_id,
        internal=between_brokers,
    )


def api_key(name: str) -> int:
    """The key of an API by Kafka's name, such as `Produce` or `EndTxn`. Raises ConfigError with the nearest name."""
    from minikafka.wire.support import SERVED

    keys = {served.name.lower(): key for key, served in SERVED.items()}
    if name.lower() in keys:
        return keys[name.lower()]
    near = get_close_matches(name.lower(), keys, n=1)
    hint = f"; did you mean {SERVED[keys[near[0]]].name}?" if near else ""
    raise ConfigError(f"no API named {name!r}{hint}")


def _code(code: str | ErrorCode) -> ErrorCode:
    if isinstance(code, ErrorCode):
        return code
    if code in ErrorCode.__members__:
        return ErrorCode[code]
    near = get_close_matches(code, ErrorCode.__members__, n=1)
    raise ConfigError(f"no error code {code!r}" + (f"; did you mean {near[0]}?" if near else ""))
