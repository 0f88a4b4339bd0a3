"""Settings of one group (`GROUP` resources): a consumer group's own pace, within the broker's bounds (G16).

| setting of the group | unset: the broker's | least and most |
|---|---|---|
| consumer.session.timeout.ms | group.consumer.session.timeout.ms | group.consumer.min. and .max.session.timeout.ms |
| consumer.heartbeat.interval.ms | group.consumer.heartbeat.interval.ms | the same, for the interval |
| consumer.assignment.interval.ms | group.consumer.assignment.interval.ms | the same, for the interval |

The bounds are looked at when a setting is made, and so is that the session is longer than the interval. A broker whose
own bounds are others takes the nearest value that it allows. KIP-848 groups alone listen: members of classic groups
name their own sessions. Settings of share and streams groups are known, checked for their type, and without effect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from minikafka.config.broker_settings import BROKER_SETTINGS, BrokerSettings
from minikafka.config.known import known_group_settings
from minikafka.config.setting import Setting
from minikafka.errors import ConfigError

SESSION_TIMEOUT: Final = "consumer.session.timeout.ms"
HEARTBEAT_INTERVAL: Final = "consumer.heartbeat.interval.ms"
ASSIGNMENT_INTERVAL: Final = "consumer.assignment.interval.ms"
BOUNDED: Final = (HEARTBEAT_INTERVAL, SESSION_TIMEOUT, ASSIGNMENT_INTERVAL)


@dataclass(frozen=True, slots=True)
class GroupPace:
    """How fast one KIP-848 group goes, in milliseconds."""

    session_timeout_ms: int
    heartbeat_interval_ms: int
    assignment_interval_ms: int


def pace_of(configs: Mapping[str, str], broker: BrokerSettings) -> GroupPace:
    """What holds for a group with these settings of its own, on a broker with those."""
    return GroupPace(
        _in_force(SESSION_TIMEOUT, configs, broker),
        _in_force(HEARTBEAT_INTERVAL, configs, broker),
        _in_force(ASSIGNMENT_INTERVAL, configs, broker),
    )


def check_group_configs(configs: Mapping[str, str], broker: BrokerSettings) -> None:
    """Raises ConfigError for a value out of bounds, and for a session that the heartbeat interval would outlast."""
    for name in BOUNDED:
        if name in configs:
            _, least, most = _from(name, broker)
            if not least <= int(configs[name]) <= most:
                raise ConfigError(f"{name} must be in the range {least} to {most}, not {configs[name]}")
    if SESSION_TIMEOUT in configs or HEARTBEAT_INTERVAL in configs:
        pace = pace_of(configs, broker)
        if pace.session_timeout_ms <= pace.heartbeat_interval_ms:
            raise ConfigError(f"{SESSION_TIMEOUT} must be greater than {HEARTBEAT_INTERVAL}")


@cache
def group_settings() -> Mapping[str, Setting]:
    """Every setting a group may have, by name. Built when asked: most runs never look."""
    honoured = {
        name: Setting(name, setting.type, setting.default, setting.doc, at_least=0)
        for name in BOUNDED
        for setting in (BROKER_SETTINGS[broker_synonym(name)],)
    }
    return MappingProxyType({**known_group_settings(), **honoured})


def broker_synonym(name: str) -> str:
    """The broker setting that gives a group's its default; there may be none of this name."""
    return f"group.{name}"


class _FromBroker(NamedTuple):
    """What a broker says about one setting of all groups."""

    default: int
    least: int
    most: int


def _from(name: str, broker: BrokerSettings) -> _FromBroker:
    if name == SESSION_TIMEOUT:
        return _FromBroker(
            broker.group_consumer_session_timeout_ms,
            broker.group_consumer_min_session_timeout_ms,
            broker.group_consumer_max_session_timeout_ms,
        )
    if name == HEARTBEAT_INTERVAL:
        return _FromBroker(
            broker.group_consumer_heartbeat_interval_ms,
            broker.group_consumer_min_heartbeat_interval_ms,
            broker.group_consumer_max_heartbeat_interval_ms,
        )
    return _FromBroker(
        broker.group_consumer_assignment_interval_ms,
        broker.group_consumer_min_assignment_interval_ms,
        broker.group_consumer_max_assignment_interval_ms,
    )


def _in_force(name: str, configs: Mapping[str, str], broker: BrokerSettings) -> int:
    of_broker = _from(name, broker)
    own = configs.get(name)
    return of_broker.default if own is None else max(of_broker.least, min(int(own), of_broker.most))
