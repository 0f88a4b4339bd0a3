"""The settings the group coordinator reads, with Kafka's names (dots as underscores) and defaults."""

from __future__ import annotations

from typing import Final, NamedTuple

NEW_MEMBER_JOIN_TIMEOUT_MS: Final = 5 * 60 * 1000
"""How long a member that never heard its id may stay parked in a JoinGroup. Fixed in Kafka as well."""


class GroupSettings(NamedTuple):
    """Times in milliseconds, sizes in bytes."""

    group_initial_rebalance_delay_ms: int = 3_000
    group_min_session_timeout_ms: int = 6_000
    group_max_session_timeout_ms: int = 1_800_000
    group_max_size: int = 2**31 - 1
    offset_metadata_max_bytes: int = 4_096
    offsets_retention_ms: int = 7 * 24 * 60 * 60 * 1000
    """`offsets.retention.minutes`, in milliseconds."""
    offsets_retention_check_interval_ms: int = 600_000
