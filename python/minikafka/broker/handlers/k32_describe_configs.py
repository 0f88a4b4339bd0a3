"""DescribeConfigs (API 32), versions 1 to 4: settings in force, and where each comes from.

v1 synonyms and sources. v3 types and documentation. v4 flexible. Topics, brokers and groups are described; client
loggers and metric subscriptions do not exist here and answer INVALID_REQUEST [42], as Kafka answers what it does not
know. A group need not exist to have settings (G16).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from minikafka.broker.request import Request
from minikafka.config import (
    BROKER_SETTINGS,
    SYNONYMS,
    TOPIC_SETTINGS,
    Setting,
    SettingValue,
    broker_settings_table,
    broker_synonym,
    group_settings,
)
from minikafka.config.known import UNDESCRIBED
from minikafka.controller.dynamic_configs import DYNAMIC_BROKER_CONFIGS
from minikafka.controller.image import (
    BROKER_RESOURCE,
    CLUSTER_DEFAULT,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
    ConfigResource,
)
from minikafka.controller.topic_names import is_legal
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now
from minikafka.wire.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResourceResult,
    DescribeConfigsResponse,
    DescribeConfigsResult,
    DescribeConfigsSynonym,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

DYNAMIC_TOPIC: Final = 1
DYNAMIC_BROKER: Final = 2
DYNAMIC_DEFAULT_BROKER: Final = 3
STATIC_BROKER: Final = 4
DEFAULT: Final = 5
DYNAMIC_GROUP: Final = 8


def handle(broker: Broker, request: Request[DescribeConfigsRequest], now: Now) -> None:
    """Each resource on its own."""
    request.reply(
        DescribeConfigsResponse(
            results=[_describe(broker, resource, request) for resource in request.body.resources]
        )
    )


def _describe(
    broker: Broker, resource: DescribeConfigsResource, request: Request[DescribeConfigsRequest]
) -> DescribeConfigsResult:
    result = DescribeConfigsResult(resource_type=resource.resource_type, resource_name=resource.resource_name)
    try:
        if resource.resource_type == TOPIC_RESOURCE:
            result.configs = _topic_configs(broker, resource.resource_name, request.body)
        elif resource.resource_type == BROKER_RESOURCE:
            result.configs = _broker_configs(broker, resource.resource_name, request.body)
        elif resource.resource_type == GROUP_RESOURCE:
            result.configs = _group_configs(broker, resource.resource_name, request.body)
        else:
            raise Rejected(
                ErrorCode.INVALID_REQUEST, f"resource type {resource.resource_type} is not described"
            )
    except Rejected as rejected:
        result.error_code = int(rejected.code)
        result.error_message = rejected.why
        return result
    if resource.configuration_keys:
        asked = set(resource.configuration_keys)
        result.configs = [config for config in result.configs if config.name in asked]
    return result


def _topic_configs(
    broker: Broker, topic: str, body: DescribeConfigsRequest
) -> list[DescribeConfigsResourceResult]:
    if not is_legal(topic):
        raise Rejected(ErrorCode.INVALID_TOPIC_EXCEPTION, f"{topic!r} is no topic's name")
    if topic not in broker.image.topics:
        raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {topic!r}")
    own = broker.image.topic_configs(topic)
    settings = broker.topic_settings(topic)
    defaults = broker.settings.topic_defaults
    return [
        _row(
            setting,
            settings.value(name),
            DYNAMIC_TOPIC if name in own else _default_source(broker, setting, defaults.value(name)),
            body,
            synonym=name if name in own else SYNONYMS[name][0][0] if name in SYNONYMS else None,
        )
        for name, setting in sorted(TOPIC_SETTINGS.items())
    ]


def _broker_configs(
    broker: Broker, name: str, body: DescribeConfigsRequest
) -> list[DescribeConfigsResourceResult]:
    configs = broker.image.configs
    default: Mapping[str, str] = configs.get(ConfigResource(BROKER_RESOURCE, CLUSTER_DEFAULT), {})
    if name == CLUSTER_DEFAULT:
        return [
            _row(BROKER_SETTINGS[key], BROKER_SETTINGS[key].parse(value), DYNAMIC_DEFAULT_BROKER, body, key)
            for key, value in sorted(default.items())
            if key in BROKER_SETTINGS
        ]
    if name != str(broker.broker_id):
        raise Rejected(
            ErrorCode.INVALID_REQUEST, f"ask broker {name} for its settings; this is {broker.broker_id}"
        )
    own: Mapping[str, str] = configs.get(ConfigResource(BROKER_RESOURCE, name), {})
    rows = []
    for key, setting in sorted(BROKER_SETTINGS.items()):
        if key in own:
            row = _row(setting, setting.parse(own[key]), DYNAMIC_BROKER, body, key)
        elif key in default:
            row = _row(setting, setting.parse(default[key]), DYNAMIC_DEFAULT_BROKER, body, key)
        else:
            value = broker.settings.value(key)
            row = _row(setting, value, _inherited(setting, value), body, key)
        row.read_only = key not in DYNAMIC_BROKER_CONFIGS
        rows.append(row)
    return rows


def _group_configs(
    broker: Broker, group_id: str, body: DescribeConfigsRequest
) -> list[DescribeConfigsResourceResult]:
    if not group_id:
        raise Rejected(ErrorCode.INVALID_REQUEST, "the empty group id has no settings")
    own = broker.image.group_configs(group_id)
    rows = []
    for name, setting in sorted(group_settings().items()):
        if name in UNDESCRIBED:
            continue
        inherited = _inherited_row(broker, setting, body)
        if name in own:
            row = _row(setting, setting.parse(own[name]), DYNAMIC_GROUP, body, synonym=name)
            if broker_synonym(name) in broker_settings_table():
                row.synonyms += inherited.synonyms
            rows.append(row)
        else:
            rows.append(inherited)
    return rows


def _inherited_row(
    broker: Broker, setting: Setting, body: DescribeConfigsRequest
) -> DescribeConfigsResourceResult:
    """What a group that sets nothing takes from the broker, where the broker has such a setting."""
    of_broker = broker_synonym(setting.name)
    if of_broker in BROKER_SETTINGS:
        value = broker.settings.value(of_broker)
        return _row(setting, value, _inherited(BROKER_SETTINGS[of_broker], value), body, of_broker)
    synonym = of_broker if of_broker in broker_settings_table() else setting.name
    return _row(setting, setting.default, DEFAULT, body, synonym)


def _default_source(broker: Broker, setting: Setting, value: SettingValue) -> int:
    """Where a topic's setting comes from that the topic does not set: the broker, dynamically or not (KIP-226)."""
    names = {broker_name for broker_name, _ in SYNONYMS.get(setting.name, ())}
    configs = broker.image.configs
    if names & configs.get(ConfigResource(BROKER_RESOURCE, str(broker.broker_id)), {}).keys():
        return DYNAMIC_BROKER
    if names & configs.get(ConfigResource(BROKER_RESOURCE, CLUSTER_DEFAULT), {}).keys():
        return DYNAMIC_DEFAULT_BROKER
    return _inherited(setting, value)


def _inherited(setting: Setting, value: SettingValue) -> int:
    return DEFAULT if value == setting.default else STATIC_BROKER


def _row(
    setting: Setting, value: SettingValue, source: int, body: DescribeConfigsRequest, synonym: str | None
) -> DescribeConfigsResourceResult:
    text = setting.render(value)
    synonyms = [] if synonym is None else [DescribeConfigsSynonym(name=synonym, value=text, source=source)]
    return DescribeConfigsResourceResult(
        name=setting.name,
        value=text,
        read_only=False,
        config_source=source,
        is_sensitive=False,
        synonyms=synonyms if body.include_synonyms else [],
        config_type=int(setting.type),
        documentation=setting.doc if body.include_documentation else None,
    )
