"""Who may read how far, and where a reader's log parts from ours (F1-F3, F5-F9, T11).

    replica            up to the log end offset
    read_uncommitted   up to the high watermark
    read_committed     up to the last stable offset, with the aborted transactions to skip

Past its bound but inside the log a reader gets an empty answer, outside of the log OFFSET_OUT_OF_RANGE [1]. But first,
is the reader's log ours at all? Who names the epoch of its last record, and had more of that epoch than we do, or an
epoch we never had, is told where the two logs part (F9).
"""

from __future__ import annotations

from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.local import LocalReplica
from minikafka.partition.values import Isolation, Read
from minikafka.types import NO_EPOCH, LeaderEpoch, Offset


def read(
    local: LocalReplica,
    *,
    offset: Offset,
    max_bytes: int,
    at_least_one_batch: bool,
    isolation: Isolation,
    last_fetched_epoch: LeaderEpoch,
) -> Read:
    """Raises Rejected [1]."""
    port = local.log.port
    log_start_offset = port.log_start_offset
    stable = local.last_stable_offset
    if offset < log_start_offset:
        raise _out_of_range(offset, local)
    parted = diverging(local, offset, last_fetched_epoch)
    if parted is None and offset > port.log_end_offset:
        raise _out_of_range(offset, local)
    limit = bound(local, isolation, stable)
    if parted is not None or offset >= limit:
        return Read(b"", local.high_watermark, stable, log_start_offset, [], parted, at_end=parted is None)
    found = port.read(offset, max_bytes=max_bytes, upper_bound=limit, at_least_one_batch=at_least_one_batch)
    aborted = []
    if isolation is Isolation.READ_COMMITTED:
        aborted = local.log.transactions.aborted_between(offset, found.next_offset)
        if aborted and local.trace.on:
            local.trace.event(
                "fetch",
                "T11",
                local.topic_partition,
                offset=offset,
                next_offset=found.next_offset,
                aborted=[f"producer {producer_id} from {first}" for producer_id, first in aborted],
                why="the reader skips their records up to their markers",
            )
    return Read(
        found.data,
        local.high_watermark,
        stable,
        log_start_offset,
        aborted,
        None,
        next_offset=found.next_offset,
    )


def bound(local: LocalReplica, isolation: Isolation, stable: Offset) -> Offset:
    """F1. Exclusive."""
    if isolation is Isolation.REPLICA:
        return local.log.log_end_offset
    return stable if isolation is Isolation.READ_COMMITTED else local.high_watermark


def diverging(
    local: LocalReplica, offset: Offset, last_fetched_epoch: LeaderEpoch
) -> tuple[LeaderEpoch, Offset] | None:
    """F9: (epoch, its end here) if a log that ends at `offset` with `last_fetched_epoch` parts from ours before its
    end; -1 is not checked. Raises Rejected [1] when nothing is known of that epoch."""
    if last_fetched_epoch == NO_EPOCH:
        return None
    epoch, end_offset = local.log.epochs.end_of(last_fetched_epoch, local.log.log_end_offset)
    if epoch == NO_EPOCH:
        raise Rejected(
            ErrorCode.OFFSET_OUT_OF_RANGE,
            f"nothing is known of epoch {last_fetched_epoch} of the last record",
            rule="F9",
        )
    return (epoch, end_offset) if epoch < last_fetched_epoch or end_offset < offset else None


def _out_of_range(offset: Offset, local: LocalReplica) -> Rejected:
    log = local.log
    return Rejected(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        f"offset {offset} is not within {log.log_start_offset} and {log.log_end_offset}",
        rule="F2",
    )
