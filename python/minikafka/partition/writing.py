"""A leader appends: who may write, what is a retry, what it is answered (L2, I, R7, T6, T8).

The order of checks decides which error a client hears (L2). Here it is, top to bottom, with the file that decides:

    this broker leads                           partition.py             [6]
    it is one batch of magic 2                  records.py               [87] [76]
    min ISR, for acks=all                       here                     [19]
    base offset, size, CRC, fields, records     records.py               [87] [10] [2] [32] [18]
    roll the segment if it is due               log/replica_log.py
    duplicate? else epoch and sequence          log/producer_state.py    [48] [47] [45]
    append

Until the last step nothing changes but, at most, the segment.
"""

from __future__ import annotations

from typing import Final

from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import inspect_batches
from minikafka.log.port import BatchHeader
from minikafka.partition import acks as acks_rule
from minikafka.partition import producer_telling
from minikafka.partition.leader import LeaderRole
from minikafka.partition.local import LocalReplica
from minikafka.partition.records import check_client_batch, check_shape
from minikafka.partition.values import Appended, Origin
from minikafka.partition.verification import VerificationGuard
from minikafka.types import (
    NO_OFFSET,
    NO_PRODUCER_ID,
    NO_TIMESTAMP,
    Buffer,
    CoordinatorEpoch,
    Now,
    ProducerEpoch,
    ProducerId,
)

TV2_PRODUCE_VERSION: Final = 12
LOG_APPEND_TIME: Final = "LogAppendTime"


def append(
    local: LocalReplica,
    role: LeaderRole,
    records: Buffer,
    *,
    acks: int,
    now: Now,
    origin: Origin,
    produce_version: int,
    transactional_id: str | None,
    guard: VerificationGuard | None,
) -> Appended:
    """Append one batch, or recognise it. Raises Rejected."""
    from_client = origin is Origin.CLIENT
    if from_client:
        check_shape(records, produce_version)
    check_min_isr(local, role, acks)
    log = local.log
    settings = local.settings
    append_time_ms = now.wall_ms if settings.message_timestamp_type == LOG_APPEND_TIME else None
    if from_client:
        header, records, create_time_ms = check_client_batch(records, settings, now.wall_ms)
    else:
        header = inspect_batches(records, verify_crc=False)[0]
        create_time_ms = header.max_timestamp
    max_timestamp = create_time_ms if append_time_ms is None else append_time_ms
    base_offset = log.port.log_end_offset
    last_offset = base_offset + header.last_offset_delta
    local.note_roll(log.roll_if_due(header.size_bytes, max_timestamp, last_offset))
    if header.producer_id != NO_PRODUCER_ID:
        duplicate = _check_producer(local, header, from_client, produce_version, transactional_id, guard)
        if duplicate is not None:
            return duplicate
    known = log.producers.get(header.producer_id)
    known_epoch = None if known is None else known.epoch
    written = log.append_as_leader(records, role.epoch, append_time_ms, create_time_ms)
    if header.is_transactional:
        local.verifications.end(header.producer_id)
    local.flush_if_asked()
    told_as = None
    if local.trace.on:
        producer_telling.accepted(local, written, known_epoch)
        told_as = _tell_append(local, role, written)
    role.advance_high_watermark(local, now)
    return Appended(
        base_offset,
        last_offset,
        NO_TIMESTAMP if append_time_ms is None else append_time_ms,
        log.port.log_start_offset,
        False,
        told_as,
    )


def _tell_append(local: LocalReplica, role: LeaderRole, header: BatchHeader) -> int:
    return local.trace.event(
        "append",
        "L3",
        local.topic_partition,
        base_offset=header.base_offset,
        last_offset=header.last_offset,
        leader_epoch=role.epoch,
        bytes=header.size_bytes,
        crc=header.crc,
        records=header.record_count,
        producer_id=header.producer_id,
        producer_epoch=header.producer_epoch,
        first_sequence=header.base_sequence,
        transactional=header.is_transactional,
    )


def check_min_isr(local: LocalReplica, role: LeaderRole, acks: int) -> None:
    """R7, before the append."""
    if acks == acks_rule.ALL and len(role.isr.members) < local.min_insync_replicas:
        raise Rejected(
            ErrorCode.NOT_ENOUGH_REPLICAS,
            f"{local.topic_partition} has {len(role.isr.members)} in sync of {local.min_insync_replicas} needed",
        )


def _check_producer(
    local: LocalReplica,
    header: BatchHeader,
    from_client: bool,
    produce_version: int,
    transactional_id: str | None,
    guard: VerificationGuard | None,
) -> Appended | None:
    """I2-I6 and T6; the first copy's place if this one is a duplicate."""
    producer_id = header.producer_id
    if from_client and header.is_transactional and transactional_id is None:
        raise Rejected(
            ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            "a transactional batch needs the transactional id",
            rule="T6",
        )
    duplicate = local.log.producers.check(
        header,
        from_client=from_client,
        lowest_verified_sequence=local.verifications.lowest_sequence(producer_id),
        tv2=produce_version >= TV2_PRODUCE_VERSION,
        is_verified=guard is None or local.verifications.is_current(producer_id, guard),
    )
    if duplicate is None:
        return None
    told_as = None
    if local.trace.on:
        told_as = local.trace.event(
            "sequence",
            "I3",
            local.topic_partition,
            outcome="duplicate",
            producer_id=producer_id,
            producer_epoch=header.producer_epoch,
            first_sequence=header.base_sequence,
            last_sequence=header.last_sequence,
            first_offset=duplicate.first_offset,
            last_offset=duplicate.last_offset,
        )
    return Appended(
        duplicate.first_offset,
        duplicate.last_offset,
        duplicate.timestamp_ms,
        local.log.log_start_offset,
        duplicate=True,
        told_as=told_as,
    )


def append_marker(
    local: LocalReplica,
    role: LeaderRole,
    *,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    commit: bool,
    coordinator_epoch: CoordinatorEpoch,
    transaction_version: int,
    now: Now,
) -> Appended:
    """T8, with the rules of acks=all. Raises Rejected [19], [47], [52]."""
    check_min_isr(local, role, acks_rule.ALL)
    local.log.producers.check_marker(
        producer_epoch, producer_id, coordinator_epoch, tv2=transaction_version >= 2
    )
    known = local.log.producers.get(producer_id)
    known_epoch = None if known is None else known.epoch
    first_offset = NO_OFFSET if known is None else known.current_transaction_first_offset
    active = local.log.port.active_segment_base_offset
    written = local.log.append_marker(
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        commit=commit,
        coordinator_epoch=coordinator_epoch,
        leader_epoch=role.epoch,
        now_ms=now.wall_ms,
    )
    local.note_roll(local.log.port.active_segment_base_offset != active)
    local.verifications.end(producer_id)
    local.flush_if_asked()
    if local.trace.on:
        producer_telling.marker(
            local,
            producer_id,
            producer_epoch,
            known_epoch,
            first_offset,
            written.last_offset,
            coordinator_epoch,
            commit=commit,
        )
    role.advance_high_watermark(local, now)
    return Appended(
        written.base_offset, written.last_offset, NO_TIMESTAMP, local.log.log_start_offset, duplicate=False
    )
