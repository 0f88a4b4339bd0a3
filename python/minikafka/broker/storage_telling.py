"""What the trace hears of a broker's directory: how lives end and begin, what recovery found, what reached the disk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minikafka.log.replica_log import ReplicaLog
from minikafka.trace import Trace
from minikafka.types import NO_EPOCH, BrokerEpoch, Offset, TopicPartition


def began(trace: Trace, previous_broker_epoch: BrokerEpoch) -> None:
    """D1: the note of the last life says how it ended."""
    clean = previous_broker_epoch != NO_EPOCH
    trace.event(
        "lifecycle",
        "D1",
        what="started",
        clean=clean,
        previous_broker_epoch=previous_broker_epoch,
        why="the last life left a note: nothing has to be recovered"
        if clean
        else "no note of a clean end: killed, without power, or never here before",
    )


def ended(trace: Trace, broker_epoch: BrokerEpoch) -> None:
    """D1, *stop*: everything is on disk, and the note says so."""
    trace.event(
        "lifecycle", "D1", what="stopped", broker_epoch=broker_epoch, why="flushed, with a note that says so"
    )


def opened(
    trace: Trace, name: TopicPartition, log: ReplicaLog, *, clean: bool, recovery_point: Offset | None
) -> None:
    """D2, D3: a log was opened, and this is what is left of it. I9: and where its producers were replayed from."""
    facts: dict[str, Any] = {
        "log_start_offset": log.log_start_offset,
        "log_end_offset": log.log_end_offset,
        "recovery_point": -1 if recovery_point is None else recovery_point,
    }
    if clean:
        trace.event("recovery", "D3", name, why="a clean stop: everything is believed", **facts)
    else:
        why = "every batch from the recovery point on was read again; what is bad, and all behind it, is cut off"
        trace.event("recovery", "D2", name, why=why, **facts)
    if log.log_end_offset > log.log_start_offset:
        trace.event(
            "recovery",
            "I9",
            name,
            replayed_from=log.opening.replayed_from,
            why="what the newest snapshot that can be believed holds is not read again",
        )


def high_watermark_restored(
    trace: Trace, name: TopicPartition, checkpointed: Offset, high_watermark: Offset
) -> None:
    """D4: the checkpoint may be seconds old, and the log may have lost its tail."""
    trace.event(
        "recovery",
        "D4",
        name,
        checkpointed=checkpointed,
        high_watermark=high_watermark,
        why="as checkpointed, within what the log still holds",
    )


def committed_are_gone(
    trace: Trace, name: TopicPartition, checkpointed: Offset, log_end_offset: Offset
) -> None:
    """D5: this replica no longer holds what was committed; the cluster has lost it once no other of the ISR does."""
    trace.event(
        "recovery",
        "D5",
        name,
        log_end_offset=log_end_offset,
        committed_up_to=checkpointed,
        why="committed records are gone from this replica; they are lost once nobody who was in sync has them",
    )


def checkpoint_lowered(trace: Trace, name: TopicPartition, recovery_point: Offset) -> None:
    """D2: after a truncation, before the next append."""
    trace.event(
        "checkpoint",
        "D2",
        name,
        recovery_point=recovery_point,
        why="the log was cut: what is written again below the old recovery point is not on disk",
    )


def checkpointed(trace: Trace, paths: Iterable[str]) -> None:
    """D6: each file replaced as a whole, or not at all."""
    files = [path.rpartition("/")[2] for path in paths]
    trace.event("checkpoint", "D6", files=files, why="written beside, synced, renamed, the directory synced")


def flushed(trace: Trace, name: TopicPartition, recovery_point: Offset) -> None:
    """D2: the recovery point is all that a power cut may not take."""
    trace.event("flush", "D2", name, recovery_point=recovery_point, why="everything below it is on disk")
