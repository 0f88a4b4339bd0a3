"""Settings of topics and brokers, changed while they run (AlterConfigs, IncrementalAlterConfigs).

Per resource all or nothing. `incremental` changes what is named; the older `replace_all` makes the given
settings the resource's only ones, so whatever is left out goes back to its default. Values are checked before
they are written; whoever reads the log may rely on them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from minikafka.config import (
    Setting,
    SettingType,
    broker_settings_table,
    check_group_configs,
    group_settings,
    topic_setting,
)
from minikafka.controller.dynamic_configs import DYNAMIC_BROKER_CONFIGS
from minikafka.controller.image import (
    BROKER_RESOURCE,
    CLUSTER_DEFAULT,
    GROUP_RESOURCE,
    TOPIC_RESOURCE,
    ConfigResource,
    MetadataImage,
)
from minikafka.controller.view import ClusterView
from minikafka.errors import ConfigError, ErrorCode, Rejected
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import ConfigRecord

SET: Final = 0
DELETE: Final = 1
APPEND: Final = 2
SUBTRACT: Final = 3
"""Kafka's numbers for what IncrementalAlterConfigs does to one setting."""

NUMBER: Final = re.compile(r"[0-9]{1,10}")
"""A broker's name. What else Unicode calls a digit, and what is thousands of them long, `int` would stumble over."""


class ConfigChange(NamedTuple):
    """One setting to change; `value` is None for DELETE."""

    name: str
    operation: int
    value: str | None


def initial_topic_configs(topic: str, configs: Sequence[tuple[str, str | None]]) -> list[Message]:
    """Records for a topic that is being created. Raises Rejected [40]."""
    resource = ConfigResource(TOPIC_RESOURCE, topic)
    for name, value in configs:
        if value is None:
            raise Rejected(ErrorCode.INVALID_CONFIG, f"Null value not supported for topic configs: {name}")
    return [_checked(resource, name, value) for name, value in configs]


def incremental(
    view: ClusterView, resource: ConfigResource, changes: Sequence[ConfigChange]
) -> list[Message]:
    """Records for the settings that end up different. Raises Rejected: [3], [40], [42]."""
    _check_resource(view.image, resource)
    if len({change.name for change in changes}) != len(changes):
        raise Rejected(ErrorCode.INVALID_REQUEST, "Error due to duplicate config keys")
    current = view.image.configs.get(resource, {})
    records = [_incremented(resource, current, change) for change in changes]
    return _together(view, resource, current, records)


def replace_all(
    view: ClusterView, resource: ConfigResource, configs: Sequence[tuple[str, str | None]]
) -> list[Message]:
    """Records that leave the resource with exactly these settings. Raises Rejected: [3], [40], [42]."""
    _check_resource(view.image, resource)
    current = view.image.configs.get(resource, {})
    given = dict(configs)
    kept = [_checked(resource, name, value) for name, value in given.items()]
    gone = [_record(resource, name, None) for name in sorted(current) if name not in given]
    return _together(view, resource, current, [*kept, *gone])


def _together(
    view: ClusterView, resource: ConfigResource, current: Mapping[str, str], records: Sequence[ConfigRecord]
) -> list[Message]:
    """Those that change something, if what the resource ends up with goes together (G16)."""
    if resource.type == GROUP_RESOURCE:
        changed = {**current, **{record.name: record.value for record in records}}
        try:
            check_group_configs(
                {name: value for name, value in changed.items() if value is not None}, view.cluster_settings()
            )
        except ConfigError as error:
            raise Rejected(ErrorCode.INVALID_CONFIG, str(error), rule="G16") from None
    return [record for record in records if current.get(record.name) != record.value]


def _check_resource(image: MetadataImage, resource: ConfigResource) -> None:
    if resource.type == TOPIC_RESOURCE:
        if image.topic(resource.name) is None:
            why = f"The topic '{resource.name}' does not exist."
            raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, why)
    elif resource.type == BROKER_RESOURCE:
        if resource.name != CLUSTER_DEFAULT and not NUMBER.fullmatch(resource.name):
            why = f"Unable to parse broker name as a base 10 number: {resource.name}"
            raise Rejected(ErrorCode.INVALID_REQUEST, why)
        if resource.name != CLUSTER_DEFAULT and int(resource.name) not in image.brokers:
            raise Rejected(ErrorCode.INVALID_REQUEST, f"There is no broker {resource.name}.")
    elif resource.type == GROUP_RESOURCE:
        if not resource.name:
            raise Rejected(ErrorCode.INVALID_REQUEST, "Default group resources are not allowed.")
    else:
        raise Rejected(ErrorCode.INVALID_REQUEST, f"Unexpected resource type {resource.type}.")


def _incremented(resource: ConfigResource, current: Mapping[str, str], change: ConfigChange) -> ConfigRecord:
    if change.operation == DELETE:
        _setting(resource, change.name)
        return _record(resource, change.name, None)
    if change.operation == SET:
        return _checked(resource, change.name, change.value)
    if change.operation not in (APPEND, SUBTRACT):
        raise Rejected(ErrorCode.INVALID_REQUEST, f"Unknown operation type {change.operation}")
    setting = _setting(resource, change.name)
    verb = "APPEND" if change.operation == APPEND else "SUBTRACT"
    if setting.type is not SettingType.LIST:
        why = f"Can't {verb} to key {change.name} because its type is not LIST."
        raise Rejected(ErrorCode.INVALID_CONFIG, why)
    before = current.get(change.name, setting.render(setting.default) or "")
    words = [word for word in before.split(",") if word]
    for word in (change.value or "").split(","):
        if change.operation == APPEND and word not in words:
            words.append(word)
        elif change.operation == SUBTRACT and word in words:
            words.remove(word)
    return _checked(resource, change.name, ",".join(words))


def _checked(resource: ConfigResource, name: str, value: str | None) -> ConfigRecord:
    setting = _setting(resource, name)
    if value is None:
        raise Rejected(ErrorCode.INVALID_REQUEST, f"Null value not supported for : {name}")
    try:
        setting.parse(value)
    except ConfigError as error:
        raise Rejected(ErrorCode.INVALID_CONFIG, str(error)) from None
    return _record(resource, name, value)


def _setting(resource: ConfigResource, name: str) -> Setting:
    if resource.type == TOPIC_RESOURCE:
        try:
            return topic_setting(name)
        except ConfigError as error:
            raise Rejected(ErrorCode.INVALID_CONFIG, str(error)) from None
    if resource.type == BROKER_RESOURCE:
        setting = broker_settings_table().get(name)
        if setting is None or name not in DYNAMIC_BROKER_CONFIGS:
            why = f"Cannot update these configs dynamically: Set({name})"
            raise Rejected(ErrorCode.INVALID_REQUEST, why)
        return setting
    group_setting = group_settings().get(name)
    if group_setting is None:
        raise Rejected(ErrorCode.INVALID_CONFIG, f"Unknown group config name: {name}")
    return group_setting


def _record(resource: ConfigResource, name: str, value: str | None) -> ConfigRecord:
    return ConfigRecord(resource_type=resource.type, resource_name=resource.name, name=name, value=value)
