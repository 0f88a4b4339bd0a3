"""May this client batch enter the log? Everything that is decided before sequences are (L1, L2, L4-L7).

    exactly one batch, magic 2, base offset 0       INVALID_RECORD [87]
    size <= max.message.bytes                       MESSAGE_TOO_LARGE [10]
    CRC-32C                                         CORRUPT_MESSAGE [2]
    last offset delta + 1 == count > 0, no control
    batch, sequence >= 0 if there is a producer     INVALID_RECORD [87]
    zstd only from Produce v7 on                    UNSUPPORTED_COMPRESSION_TYPE [76]
    timestamps within the topic's bounds            INVALID_TIMESTAMP [32]
    keys, on a compacted topic                      INVALID_RECORD [87], naming the records
    size <= segment.bytes                           RECORD_LIST_TOO_LARGE [18]

All or nothing: one bad record refuses its batch, and the answer names every bad one (L7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import BatchError, BatchHeader, inspect_batches, record_errors
from minikafka.types import NO_PRODUCER_ID, NO_TIMESTAMP, Buffer

if TYPE_CHECKING:
    from minikafka.config import TopicSettings

MAGIC: Final = 2
ZSTD: Final = 4
ZSTD_VERSION: Final = 7
BASE_OFFSET_BYTES: Final = 8
NO_BASE_OFFSET: Final = bytes(BASE_OFFSET_BYTES)


class RecordsRejected(Rejected):
    """A batch refused for some of its records. record_errors: (index in the batch, why), by index."""

    def __init__(self, code: ErrorCode, why: str, record_errors: list[tuple[int, str]]) -> None:
        super().__init__(code, why)
        self.record_errors = record_errors


def check_client_batch(records: Buffer, settings: TopicSettings, *, produce_version: int, now_ms: int) -> BatchHeader:
    """The header of the one batch in `records`. `now_ms` is wall time. Raises Rejected, changes nothing."""
    view = memoryview(records)
    if view[:BASE_OFFSET_BYTES] != NO_BASE_OFFSET and len(view) >= BASE_OFFSET_BYTES:
        raise Rejected(ErrorCode.INVALID_RECORD, "a client's batch has base offset 0")
    if len(view) > settings.max_message_bytes:
        raise Rejected(
            ErrorCode.MESSAGE_TOO_LARGE,
            f"the batch has {len(view)} bytes; max.message.bytes is {settings.max_message_bytes}",
        )
    try:
        headers = inspect_batches(view)
    except BatchError as error:
        raise Rejected(_code_of(error), str(error)) from error
    if len(headers) != 1:
        raise Rejected(ErrorCode.INVALID_RECORD, f"one batch per partition, not {len(headers)}")
    header = headers[0]
    _check_fields(header, produce_version)
    _check_records(view, header, settings, now_ms)
    if len(view) > settings.segment_bytes:
        raise Rejected(
            ErrorCode.RECORD_LIST_TOO_LARGE,
            f"the batch has {len(view)} bytes; segment.bytes is {settings.segment_bytes}",
        )
    return header


def _code_of(error: BatchError) -> ErrorCode:
    return ErrorCode.CORRUPT_MESSAGE if error.kind == "corrupt" else ErrorCode.INVALID_RECORD


def _check_fields(header: BatchHeader, produce_version: int) -> None:
    """L1, L4."""
    if header.record_count <= 0 or header.last_offset_delta + 1 != header.record_count:
        raise Rejected(
            ErrorCode.INVALID_RECORD,
            f"the batch counts {header.record_count} records and ends at offset delta {header.last_offset_delta}",
        )
    if header.is_control:
        raise Rejected(ErrorCode.INVALID_RECORD, "control batches are written by brokers")
    if header.producer_id != NO_PRODUCER_ID and header.base_sequence < 0:
        raise Rejected(ErrorCode.INVALID_RECORD, f"producer {header.producer_id} sent no sequence")
    if header.compression == ZSTD and produce_version < ZSTD_VERSION:
        raise Rejected(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"zstd needs Produce v{ZSTD_VERSION} or later")


def _check_records(view: memoryview, header: BatchHeader, settings: TopicSettings, now_ms: int) -> None:
    """L5-L7. The records are opened only when a rule can bite."""
    if header.is_log_append_time:
        raise Rejected(ErrorCode.INVALID_TIMESTAMP, "LogAppendTime is the broker's to set")
    create_time = settings.message_timestamp_type == "CreateTime"
    earliest = now_ms - settings.message_timestamp_before_max_ms if create_time else None
    latest = now_ms + settings.message_timestamp_after_max_ms if create_time else None
    errors = record_errors(
        view,
        require_keys=settings.is_compacted,
        min_timestamp=NO_TIMESTAMP if earliest is None else max(earliest, NO_TIMESTAMP),
        max_timestamp=2**63 - 1 if latest is None else latest,
    )
    if not errors:
        return
    timestamps = any(kind == "timestamp" for _, kind, _ in errors)
    code = ErrorCode.INVALID_TIMESTAMP if timestamps else ErrorCode.INVALID_RECORD
    raise RecordsRejected(
        code,
        f"{len(errors)} of {header.record_count} records are not valid: {errors[0][2]}",
        [(index, why) for index, _, why in errors],
    )
