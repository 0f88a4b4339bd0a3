"""What a replica tells of its log: where segments and epochs begin, where it starts, what reached the disk (L9-L15).

Each function is called where the thing happens, only while the trace is on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.types import LeaderEpoch, Offset

if TYPE_CHECKING:
    from minikafka.partition.local import LocalReplica


def tell_roll(local: LocalReplica) -> None:
    """L9."""
    port = local.log.port
    local.trace.event(
        "roll",
        "L9",
        local.topic_partition,
        base_offset=port.active_segment_base_offset,
        segments=port.segment_count,
        why="the segment before was full or old enough",
    )


def tell_epoch(local: LocalReplica, before: LeaderEpoch) -> None:
    """L11: the first offset of an epoch is in the log's list now."""
    epochs = local.log.epochs
    if epochs.latest > before:
        local.trace.event(
            "leader_epoch",
            "L11",
            local.topic_partition,
            leader_epoch=epochs.latest,
            start_offset=epochs.start_of(epochs.latest),
            before=before,
            why="where an epoch began is what logs are compared by",
        )


def tell_log_start(local: LocalReplica, before: Offset, why: str) -> None:
    """L12."""
    local.trace.event(
        "log_start",
        "L12",
        local.topic_partition,
        offset=local.log.log_start_offset,
        before=before,
        high_watermark=local.high_watermark,
        why=why,
    )


def tell_deleted(local: LocalReplica, before: Offset, bytes_before: int) -> None:
    """L13."""
    port = local.log.port
    local.trace.event(
        "delete",
        "L13",
        local.topic_partition,
        offset=port.log_start_offset,
        before=before,
        bytes=bytes_before - port.size_bytes,
        why="below the log start, over retention.bytes or older than retention.ms",
    )


def tell_flush(local: LocalReplica, before: Offset, why: str) -> None:
    """L15."""
    local.trace.event(
        "flush",
        "L15",
        local.topic_partition,
        recovery_point=local.log.recovery_point,
        before=before,
        why=why,
    )
