"""The settings of a topic, with Kafka 4.4's names, types and defaults.

A topic's value is, first found: its own (CreateTopics, AlterConfigs), the broker's setting of the matching
name (`SYNONYMS`), Kafka's default. `TopicSettings` is the outcome: frozen, typed, one per topic and broker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from minikafka.config.setting import (
    INT_MAX,
    LONG_MAX,
    ConfigValue,
    Setting,
    SettingValue,
    attribute_of,
    boolean,
    double,
    integer,
    long,
    settings_of,
    string,
    words,
)
from minikafka.errors import ConfigError

DAY_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSettings:
    """One topic's settings in force. Sizes in bytes, durations in milliseconds, -1 for "no limit"."""

    cleanup_policy: tuple[str, ...] = words(
        ("delete",), "What happens to old segments: delete, compact, or both.", choices=("compact", "delete")
    )
    compression_gzip_level: int = integer(-1, "Level when the broker compresses with gzip (L3).", at_least=-1)
    compression_lz4_level: int = integer(9, "Level when the broker compresses with lz4.", supported=False)
    compression_type: str = string(
        "producer",
        "How batches are stored; `producer` keeps them as sent (L3).",
        choices=("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    )
    compression_zstd_level: int = integer(
        3, "Level when the broker compresses with zstd (L3).", at_least=-131_072
    )
    delete_retention_ms: int = long(
        DAY_MS, "How long a tombstone outlives its first cleaning (L16).", at_least=0
    )
    errors_deadletterqueue_group_enable: bool = boolean(
        False, "Let share groups use the topic as their dead letter queue.", supported=False
    )
    file_delete_delay_ms: int = long(
        60_000, "How long a deleted segment's files linger (L13).", at_least=0, supported=False
    )
    flush_messages: int = long(LONG_MAX, "Records between forced fsyncs (L15).", at_least=1)
    flush_ms: int = long(LONG_MAX, "Longest time a record may stay un-fsynced (L15).", at_least=0)
    follower_replication_throttled_replicas: tuple[str, ...] = words(
        (), "Replicas whose fetches are throttled.", supported=False
    )
    index_interval_bytes: int = integer(4096, "Log bytes per offset index entry (L10).", at_least=0)
    leader_replication_throttled_replicas: tuple[str, ...] = words(
        (), "Replicas throttled on the leader's side.", supported=False
    )
    local_retention_bytes: int = long(-2, "Tiered storage: local bytes kept.", at_least=-2, supported=False)
    local_retention_ms: int = long(-2, "Tiered storage: local time kept.", at_least=-2, supported=False)
    max_compaction_lag_ms: int = long(
        LONG_MAX, "Longest time a record may stay uncompacted (L16).", at_least=1
    )
    max_decompressed_message_bytes: int = integer(
        INT_MAX - 8, "Largest batch after decompression.", at_least=0, supported=False
    )
    max_message_bytes: int = integer(
        1_048_588, "Largest batch taken, header included, as sent (L2).", at_least=0
    )
    message_timestamp_after_max_ms: int = long(
        3_600_000, "How far ahead of broker time a record may be (L6).", at_least=0
    )
    message_timestamp_before_max_ms: int = long(
        LONG_MAX, "How far behind broker time a record may be (L6).", at_least=0
    )
    message_timestamp_type: str = string(
        "CreateTime", "Whose clock stamps records (L6).", choices=("CreateTime", "LogAppendTime")
    )
    min_cleanable_dirty_ratio: float = double(
        0.5, "Uncleaned share of the log that starts a cleaning (L16).", at_least=0
    )
    min_compaction_lag_ms: int = long(0, "How long a record stays uncompacted at least (L16).", at_least=0)
    min_insync_replicas: int = integer(1, "ISR members an acks=all write needs (R5, R7).", at_least=1)
    preallocate: bool = boolean(False, "Create segments at full size.", supported=False)
    remote_copy_lag_bytes: int = long(-1, "Tiered storage: bytes kept back.", at_least=-1, supported=False)
    remote_copy_lag_ms: int = long(0, "Tiered storage: time kept back.", at_least=-1, supported=False)
    remote_log_copy_disable: bool = boolean(False, "Tiered storage: copy no more.", supported=False)
    remote_log_delete_on_disable: bool = boolean(False, "Tiered storage: drop copies.", supported=False)
    remote_storage_enable: bool = boolean(False, "Tiered storage.", supported=False)
    retention_bytes: int = long(-1, "Log size above which whole segments go (L13).")
    retention_ms: int = long(
        7 * DAY_MS, "Age of a segment's newest record at which it goes (L13).", at_least=-1
    )
    segment_bytes: int = integer(2**30, "Size at which a segment is rolled (L9).", at_least=1)
    segment_index_bytes: int = integer(10_485_760, "Size of a full offset index (L9).", at_least=4)
    segment_jitter_ms: int = long(0, "Most that is taken off segment.ms (L9).", at_least=0)
    segment_ms: int = long(7 * DAY_MS, "Age at which a segment is rolled (L9).", at_least=1)
    unclean_leader_election_enable: bool = boolean(
        False, "Elect a replica outside the ISR when nobody else is alive (R13)."
    )

    @property
    def is_compacted(self) -> bool:
        """Whether records need keys (L5)."""
        return "compact" in self.cleanup_policy

    @property
    def longest_segment_ms(self) -> int:
        """How long a segment stays active: a record in it cannot be compacted, so `max.compaction.lag.ms` counts too
        (KIP-354)."""
        return min(self.segment_ms, self.max_compaction_lag_ms) if self.is_compacted else self.segment_ms

    def with_overrides(self, overrides: Mapping[str, ConfigValue]) -> TopicSettings:
        """These settings with some of them, by dotted name, replaced.

        Raises ConfigError for a name no topic has and for a value outside its limits.
        """
        changes: dict[str, Any] = {}
        for name in overrides:
            changes[attribute_of(name)] = topic_setting(name).parse(overrides[name])
        return replace(self, **changes) if changes else self

    def value(self, name: str) -> SettingValue:
        """The typed value of the setting of this dotted name."""
        value: SettingValue = getattr(self, attribute_of(name))
        return value


TOPIC_SETTINGS: Final = settings_of(TopicSettings)


def topic_setting(name: str) -> Setting:
    """The topic setting of this name, or ConfigError in Kafka's words."""
    setting = TOPIC_SETTINGS.get(name)
    if setting is None:
        raise ConfigError(f"Unknown topic config name: {name}")
    return setting


SYNONYMS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {
    "segment.bytes": (("log.segment.bytes", 1),),
    "segment.ms": (("log.roll.ms", 1), ("log.roll.hours", 3_600_000)),
    "segment.jitter.ms": (("log.roll.jitter.ms", 1), ("log.roll.jitter.hours", 3_600_000)),
    "segment.index.bytes": (("log.index.size.max.bytes", 1),),
    "flush.messages": (("log.flush.interval.messages", 1),),
    "flush.ms": (("log.flush.interval.ms", 1), ("log.flush.scheduler.interval.ms", 1)),
    "retention.bytes": (("log.retention.bytes", 1),),
    "retention.ms": (
        ("log.retention.ms", 1),
        ("log.retention.minutes", 60_000),
        ("log.retention.hours", 3_600_000),
    ),
    "max.message.bytes": (("message.max.bytes", 1),),
    "max.decompressed.message.bytes": (("max.decompressed.message.bytes", 1),),
    "index.interval.bytes": (("log.index.interval.bytes", 1),),
    "delete.retention.ms": (("log.cleaner.delete.retention.ms", 1),),
    "min.compaction.lag.ms": (("log.cleaner.min.compaction.lag.ms", 1),),
    "max.compaction.lag.ms": (("log.cleaner.max.compaction.lag.ms", 1),),
    "file.delete.delay.ms": (("log.segment.delete.delay.ms", 1),),
    "min.cleanable.dirty.ratio": (("log.cleaner.min.cleanable.ratio", 1),),
    "cleanup.policy": (("log.cleanup.policy", 1),),
    "unclean.leader.election.enable": (("unclean.leader.election.enable", 1),),
    "min.insync.replicas": (("min.insync.replicas", 1),),
    "compression.type": (("compression.type", 1),),
    "compression.gzip.level": (("compression.gzip.level", 1),),
    "compression.lz4.level": (("compression.lz4.level", 1),),
    "compression.zstd.level": (("compression.zstd.level", 1),),
    "preallocate": (("log.preallocate", 1),),
    "message.timestamp.type": (("log.message.timestamp.type", 1),),
    "message.timestamp.before.max.ms": (("log.message.timestamp.before.max.ms", 1),),
    "message.timestamp.after.max.ms": (("log.message.timestamp.after.max.ms", 1),),
    "local.retention.ms": (("log.local.retention.ms", 1),),
    "local.retention.bytes": (("log.local.retention.bytes", 1),),
    "remote.copy.lag.ms": (("log.remote.copy.lag.ms", 1),),
    "remote.copy.lag.bytes": (("log.remote.copy.lag.bytes", 1),),
}
"""Topic setting -> the broker settings that give its default, first set wins, each with the factor to its
unit.
"""
