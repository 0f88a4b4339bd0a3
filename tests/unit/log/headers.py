"""Headers without bytes, for rules that only look at headers."""

from __future__ import annotations

from minikafka.log.batch import BatchHeader

TRANSACTIONAL = 0x10
CONTROL = 0x20


def data(
    base_offset: int,
    count: int = 1,
    *,
    producer_id: int = 7,
    epoch: int = 0,
    sequence: int = 0,
    transactional: bool = False,
    timestamp: int = 1_000,
    leader_epoch: int = 0,
) -> BatchHeader:
    """A batch of `count` records, as a client sends it or a log holds it."""
    return BatchHeader(
        base_offset=base_offset,
        record_count=count,
        last_offset_delta=count - 1,
        partition_leader_epoch=leader_epoch,
        attributes=TRANSACTIONAL if transactional else 0,
        base_timestamp=timestamp,
        max_timestamp=timestamp,
        producer_id=producer_id,
        producer_epoch=epoch,
        base_sequence=sequence,
        transactional=transactional,
    )


def marker(
    offset: int,
    *,
    producer_id: int = 7,
    epoch: int = 0,
    commit: bool = True,
    coordinator_epoch: int = 0,
    timestamp: int = 1_000,
) -> BatchHeader:
    """An end-transaction marker."""
    return BatchHeader(
        base_offset=offset,
        attributes=TRANSACTIONAL | CONTROL,
        base_timestamp=timestamp,
        max_timestamp=timestamp,
        producer_id=producer_id,
        producer_epoch=epoch,
        transactional=True,
        control=True,
        control_type=1 if commit else 0,
        coordinator_epoch=coordinator_epoch,
    )
