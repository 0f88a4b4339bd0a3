"""The settings of a broker that this one honours, with Kafka 4.4's names, types and defaults.

Kafka knows more; what is known but has no effect here is in `known.py`. Broker settings that only give topics
their defaults (`log.*`, `message.max.bytes`, ...) are not fields of their own: they are found, merged, in
`topic_defaults`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from minikafka.config.setting import (
    INT_MAX,
    LONG_MAX,
    ConfigValue,
    Setting,
    SettingType,
    SettingValue,
    attribute_of,
    boolean,
    double,
    integer,
    long,
    optional_string,
    settings_of,
    short,
    string,
    words,
)
from minikafka.config.topic_settings import SYNONYMS, TOPIC_SETTINGS, TopicSettings
from minikafka.errors import ConfigError

LEADER_SELECTOR: Final = "org.apache.kafka.common.replica.LeaderSelector"
RACK_AWARE_SELECTOR: Final = "org.apache.kafka.common.replica.RackAwareReplicaSelector"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """One broker's settings in force. Sizes in bytes, durations in milliseconds unless the name says
    otherwise.
    """

    profile: str = "faithful"
    """`fast` or `faithful` : where the defaults come from."""

    topic_defaults: TopicSettings = field(default_factory=TopicSettings)
    """What a topic of this broker has unless it says otherwise."""

    add_partitions_to_txn_retry_backoff_max_ms: int = integer(
        100, "Longest wait for [51] to clear (T6).", at_least=0
    )
    add_partitions_to_txn_retry_backoff_ms: int = integer(20, "Pause between those tries (T6).", at_least=1)
    auto_create_topics_enable: bool = boolean(True, "Create a topic that Metadata asks for (Q5).")
    auto_leader_rebalance_enable: bool = boolean(True, "Move leadership back to preferred replicas (R16).")
    broker_heartbeat_interval_ms: int = integer(2000, "Between a broker's heartbeats (R12).", at_least=1)
    broker_rack: str | None = optional_string("Where this broker stands (F11).")
    broker_session_timeout_ms: int = integer(
        9000, "Silence after which a broker is fenced (R12).", at_least=1
    )
    controlled_shutdown_enable: bool = boolean(True, "Hand leadership over before stopping (R12).")
    default_replication_factor: int = integer(1, "Replicas of a topic created without a number.", at_least=1)
    delete_topic_enable: bool = boolean(True, "Allow DeleteTopics.")
    fetch_max_bytes: int = integer(57_671_680, "Most bytes one fetch answers (F3).", at_least=1024)
    group_consumer_assignment_interval_ms: int = integer(
        1000, "Least time between assignments (G13).", at_least=0
    )
    group_consumer_assignors: tuple[str, ...] = words(("uniform", "range"), "Server-side assignors (G16).")
    group_consumer_heartbeat_interval_ms: int = integer(
        5000, "Told to members of the new protocol.", at_least=1
    )
    group_consumer_max_assignment_interval_ms: int = integer(
        15_000, "Most that a group may set for itself (G16).", at_least=0
    )
    group_consumer_max_heartbeat_interval_ms: int = integer(
        15_000, "Most that a group may set for itself (G16).", at_least=1
    )
    group_consumer_max_session_timeout_ms: int = integer(
        60_000, "Most that a group may set for itself (G16).", at_least=1
    )
    group_consumer_max_size: int = integer(INT_MAX, "Members of a group of the new protocol.", at_least=1)
    group_consumer_migration_policy: str = string(
        "bidirectional",
        "Which way groups may change protocol (G17).",
        choices=("bidirectional", "downgrade", "upgrade", "disabled"),
    )
    group_consumer_min_assignment_interval_ms: int = integer(
        0, "Least that a group may set for itself (G16).", at_least=0
    )
    group_consumer_min_heartbeat_interval_ms: int = integer(
        5000, "Least that a group may set for itself (G16).", at_least=1
    )
    group_consumer_min_session_timeout_ms: int = integer(
        45_000, "Least that a group may set for itself (G16).", at_least=1
    )
    group_consumer_session_timeout_ms: int = integer(45_000, "Session of a new-protocol member.", at_least=1)
    group_initial_rebalance_delay_ms: int = integer(
        3000, "First rebalance of an empty group waits (G3).", at_least=0
    )
    group_max_session_timeout_ms: int = integer(1_800_000, "Longest session a member may ask for (G2).")
    group_max_size: int = integer(INT_MAX, "Members of a classic group (G2).", at_least=1)
    group_min_session_timeout_ms: int = integer(6000, "Shortest session a member may ask for (G2).")
    leader_imbalance_check_interval_seconds: int = long(
        300, "Between sweeps for preferred leaders.", at_least=1
    )
    log_cleaner_backoff_ms: int = long(15_000, "Between looks for a log worth cleaning (L16).", at_least=0)
    log_cleaner_dedupe_buffer_size: int = long(
        134_217_728, "Bytes for remembered keys, shared by all cleanings under way (L16)."
    )
    log_cleaner_enable: bool = boolean(True, "Clean compacted logs at all (L16).")
    log_cleaner_io_buffer_load_factor: float = double(
        0.9, "How full the memory for keys may get, as a fraction (L16)."
    )
    log_cleaner_threads: int = integer(1, "How many logs are cleaned at once (L16).", at_least=0)
    log_flush_scheduler_interval_ms: int = long(
        LONG_MAX, "Between looks at flush.ms; never, unless set (L15).", at_least=1
    )
    log_retention_check_interval_ms: int = long(300_000, "Between sweeps for old segments (L13).", at_least=1)
    max_incremental_fetch_session_cache_slots: int = integer(1000, "Fetch sessions kept (F10).", at_least=0)
    num_partitions: int = integer(1, "Partitions of a topic created without a number.", at_least=1)
    num_recovery_threads_per_data_dir: int = integer(
        2, "Logs opened, and recovered, at a time when a broker starts (D2).", at_least=1
    )
    offset_metadata_max_bytes: int = integer(4096, "Longest metadata string of a commit (G7).")
    offsets_commit_timeout_ms: int = integer(5000, "How long a coordinator's write may take.", at_least=1)
    offsets_retention_check_interval_ms: int = long(
        600_000, "Between sweeps for old offsets (G10).", at_least=1
    )
    offsets_retention_minutes: int = integer(10_080, "Minutes an unused offset is kept (G10).", at_least=1)
    offsets_topic_num_partitions: int = integer(50, "Partitions of __consumer_offsets (G1).", at_least=1)
    offsets_topic_replication_factor: int = short(3, "Replicas of __consumer_offsets.", at_least=1)
    offsets_topic_segment_bytes: int = integer(104_857_600, "Segment size of __consumer_offsets.", at_least=1)
    producer_id_expiration_check_interval_ms: int = integer(
        600_000, "Between sweeps for idle producers.", at_least=1
    )
    producer_id_expiration_ms: int = integer(
        86_400_000, "Idle time after which a producer is forgotten (I10)."
    )
    replica_fetch_backoff_ms: int = integer(1000, "A follower's pause after an error.", at_least=0)
    replica_fetch_max_bytes: int = integer(1_048_576, "Bytes a follower asks for per partition.", at_least=0)
    replica_fetch_min_bytes: int = integer(1, "Bytes a follower's fetch waits for.")
    replica_fetch_response_max_bytes: int = integer(
        10_485_760, "Bytes of one answer to a follower.", at_least=0
    )
    replica_fetch_wait_max_ms: int = integer(500, "How long a follower's fetch waits.")
    replica_high_watermark_checkpoint_interval_ms: int = long(
        5000, "Between high watermark checkpoints (D4)."
    )
    replica_lag_time_max_ms: int = long(30_000, "How long a follower may trail and stay in the ISR (R2, R8).")
    replica_selector_class: str | None = optional_string(
        "Who chooses the replica that a consumer reads from; unset, the leader (F11).",
        choices=(LEADER_SELECTOR, RACK_AWARE_SELECTOR),
    )
    request_timeout_ms: int = integer(30_000, "How long a broker waits for another node's answer.")
    socket_request_max_bytes: int = integer(104_857_600, "Largest request frame.", at_least=1)
    transaction_abort_timed_out_transaction_cleanup_interval_ms: int = integer(
        10_000, "Between sweeps for timed out transactions (T13).", at_least=1
    )
    transaction_max_timeout_ms: int = integer(
        900_000, "Longest timeout a producer may ask for (T3).", at_least=1
    )
    transaction_partition_verification_enable: bool = boolean(True, "Verify a transaction's partitions (T6).")
    transaction_remove_expired_transaction_cleanup_interval_ms: int = integer(
        3_600_000, "Between sweeps for unused transactional ids (T13).", at_least=1
    )
    transaction_state_log_min_isr: int = integer(
        2, "min.insync.replicas of __transaction_state (T1).", at_least=1
    )
    transaction_state_log_num_partitions: int = integer(
        50, "Partitions of __transaction_state (T1).", at_least=1
    )
    transaction_state_log_replication_factor: int = short(3, "Replicas of __transaction_state.", at_least=1)
    transaction_state_log_segment_bytes: int = integer(
        104_857_600, "Segment size of __transaction_state.", at_least=1
    )
    transactional_id_expiration_ms: int = integer(604_800_000, "Idle time of a transactional id.", at_least=1)
    unclean_leader_election_interval_ms: int = long(300_000, "Between sweeps for unclean elections (R15).")

    @property
    def selects_by_rack(self) -> bool:
        """Whether consumers are sent to a replica in their own rack (F11)."""
        return self.replica_selector_class == RACK_AWARE_SELECTOR

    def with_overrides(self, overrides: Mapping[str, ConfigValue]) -> BrokerSettings:
        """These settings with some of them, by dotted name, replaced; topic defaults follow.

        Names that are known but not honoured are skipped. Raises ConfigError for a value outside its limits.
        """
        changes: dict[str, Any] = {
            attribute_of(name): setting.parse(overrides[name])
            for name, setting in BROKER_SETTINGS.items()
            if name in overrides
        }
        changes["topic_defaults"] = replace(self.topic_defaults, **topic_defaults_from(overrides))
        return replace(self, **changes)

    def value(self, name: str) -> SettingValue:
        """The typed value of the setting of this dotted name."""
        value: SettingValue = getattr(self, attribute_of(name))
        return value


BROKER_SETTINGS: Final = settings_of(BrokerSettings)


def topic_defaults_from(overrides: Mapping[str, ConfigValue]) -> dict[str, Any]:
    """Field -> value for each topic default that these broker settings give (`log.retention.hours`, ...)."""
    changes: dict[str, Any] = {}
    for topic_name, synonyms in SYNONYMS.items():
        for broker_name, factor in synonyms:
            if broker_name in overrides:
                changes[attribute_of(topic_name)] = _converted(topic_name, broker_name, factor, overrides)
                break
    return changes


def _converted(
    topic_name: str, broker_name: str, factor: int, overrides: Mapping[str, ConfigValue]
) -> SettingValue:
    setting = TOPIC_SETTINGS[topic_name]
    if factor == 1:
        return replace(setting, name=broker_name).parse(overrides[broker_name])
    number = Setting(broker_name, SettingType.INT, None).parse(overrides[broker_name])
    if not isinstance(number, int):
        raise ConfigError(f"Invalid value {number} for configuration {broker_name}: not a number")
    return number if number < 0 else number * factor


def synonym_settings() -> dict[str, Setting]:
    """The broker settings that exist only to give topics their defaults, by name."""
    table = {}
    for topic_name, synonyms in SYNONYMS.items():
        setting = TOPIC_SETTINGS[topic_name]
        for broker_name, factor in synonyms:
            table[broker_name] = replace(
                setting,
                name=broker_name,
                type=setting.type if factor == 1 else SettingType.INT,
                default=_synonym_default(setting, synonyms, broker_name, factor),
            )
    return table


def _synonym_default(
    setting: Setting, synonyms: tuple[tuple[str, int], ...], broker_name: str, factor: int
) -> SettingValue:
    """Of several synonyms only the last, coarsest one has a default in Kafka; the finer ones are unset."""
    if broker_name != synonyms[-1][0]:
        return None
    if factor != 1 and isinstance(setting.default, int):
        return setting.default // factor
    return setting.default
