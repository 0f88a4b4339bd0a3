"""Whether a client's batch may enter the log: all that is decided before sequences are (L1, L2, L4-L7).

    exactly one batch, of magic 2                   INVALID_RECORD [87], CORRUPT_MESSAGE [2] if no magic has it
    zstd only from Produce v7 on                    UNSUPPORTED_COMPRESSION_TYPE [76]
    base offset 0                                   INVALID_RECORD [87]
    size <= max.message.bytes                       MESSAGE_TOO_LARGE [10]
    CRC-32C                                         CORRUPT_MESSAGE [2]
    last offset delta + 1 == count > 0, no control
    batch, sequence >= 0 if there is a producer     INVALID_RECORD [87]
    what is compressed can be decompressed          UNKNOWN_SERVER_ERROR [-1]
    timestamps within the topic's bounds            INVALID_TIMESTAMP [32]
    keys, on a compacted topic                      INVALID_RECORD [87], naming the records
    size <= max.message.bytes, compressed anew      MESSAGE_TOO_LARGE [10]
    size <= segment.bytes                           RECORD_LIST_TOO_LARGE [18]

All or nothing: one bad record refuses its batch, and the answer names every bad one (L7).

What is stored is what was sent, with two exceptions (L3): the largest timestamp in the header becomes that of the
records, and with a `compression.type` other than `producer` a batch compressed otherwise is compressed anew.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import (
    BatchError,
    BatchHeader,
    RecordError,
    inspect_batches,
    recompress_batch,
    validate_records,
)
from minikafka.types import NO_PRODUCER_ID, NO_TIMESTAMP, Buffer

if TYPE_CHECKING:
    from minikafka.config import TopicSettings

MAGIC: Final = 2
ZSTD: Final = 4
ZSTD_VERSION: Final = 7
COMPRESSION_MASK: Final = 7
LONG_MAX: Final = 2**63 - 1
DEFAULT_LEVEL: Final = -1
COMPRESSIONS: Final[Mapping[str, int]] = {"uncompressed": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
"""`compression.type` -> what a batch is compressed with then; `producer` leaves that to the client."""
CREATE_TIME: Final = "CreateTime"
BASE_OFFSET: Final = struct.Struct(">q")
FIRST_BYTES: Final = struct.Struct(">qiibIh")
"""base offset, length of what follows it, leader epoch, magic, CRC, attributes."""
BEFORE_LENGTH: Final = 12
"""Bytes of a batch that its length field does not count."""
SHORTEST: Final = 14
"""What the length field of any batch, of any magic, says at least."""
CODES: Final[Mapping[str, ErrorCode]] = {
    "corrupt": ErrorCode.CORRUPT_MESSAGE,
    "too_large": ErrorCode.MESSAGE_TOO_LARGE,
    "unsupported_compression": ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
}
"""What a client hears of bytes that are no acceptable batch; INVALID_RECORD [87] of all others."""

RULES: Final[Mapping[str, str]] = {"invalid": "L4", "key": "L5", "timestamp": "L6"}
"""Which rule a record broke, by the kind of its error."""

UNREADABLE: Final = ("corrupt", "unsupported_compression")
"""Of records whose CRC was right."""


class RecordsRejected(Rejected):
    """A batch refused for some of its records. record_errors: (index in the batch, why), by index."""

    def __init__(self, code: ErrorCode, why: str, record_errors: list[tuple[int, str]], rule: str) -> None:
        super().__init__(code, why, rule=rule)
        self.record_errors = record_errors


class NoSingleBatch(Rejected):
    """The request itself is wrong; the log was not asked (L1)."""

    def __init__(self, code: ErrorCode, why: str) -> None:
        super().__init__(code, why, rule="L1")


def check_shape(records: Buffer, produce_version: int) -> None:
    """L1: is this one batch of magic 2, and one this version may carry? Raises NoSingleBatch [87], [2], [76]."""
    size = len(records)
    if size < FIRST_BYTES.size:
        raise NoSingleBatch(
            ErrorCode.INVALID_RECORD, "a partition's records are exactly one batch; there is none"
        )
    _, length, _, magic, _, attributes = FIRST_BYTES.unpack_from(records)
    if length < SHORTEST or not 0 <= magic <= MAGIC:
        raise NoSingleBatch(
            ErrorCode.CORRUPT_MESSAGE, f"no batch has {length} bytes and magic {magic}: the bytes are damaged"
        )
    if magic != MAGIC:
        raise NoSingleBatch(ErrorCode.INVALID_RECORD, f"batches of magic {MAGIC} only, not {magic}")
    if length + BEFORE_LENGTH != size:
        raise NoSingleBatch(
            ErrorCode.INVALID_RECORD,
            f"a partition's records are exactly one batch; this one has {length + BEFORE_LENGTH} of {size} bytes",
        )
    if attributes & COMPRESSION_MASK == ZSTD and produce_version < ZSTD_VERSION:
        raise NoSingleBatch(
            ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"zstd needs Produce v{ZSTD_VERSION} or later"
        )


class ClientBatch(NamedTuple):
    """A batch that may enter the log. records: as it is to be stored, apart from what an append stamps; header: of
    those. max_timestamp: the largest of its records', as a reader takes them."""

    header: BatchHeader
    records: Buffer
    max_timestamp: int


def check_client_batch(records: Buffer, settings: TopicSettings, now_ms: int) -> ClientBatch:
    """The one batch in `records`, whose shape was checked, as it is to be stored. `now_ms` is wall time.

    Raises Rejected, changes nothing.
    """
    (base_offset,) = BASE_OFFSET.unpack_from(records)
    if base_offset != 0:
        raise Rejected(ErrorCode.INVALID_RECORD, f"a client's batch has base offset 0, not {base_offset}")
    _check_size(len(records), settings)
    try:
        (header,) = inspect_batches(records)
        _check_fields(header)
        max_timestamp = _check_records(records, header, settings, now_ms)
        wanted = COMPRESSIONS.get(settings.compression_type, header.compression)
        if header.compression != wanted:
            records = recompress_batch(records, compression=wanted, level=_level(settings))
            (header,) = inspect_batches(records, verify_crc=False)
            _check_size(len(records), settings)
    except BatchError as error:
        raise Rejected(_code_of(error), str(error)) from error
    if len(records) > settings.segment_bytes:
        raise Rejected(
            ErrorCode.RECORD_LIST_TOO_LARGE,
            f"the batch has {len(records)} bytes; segment.bytes is {settings.segment_bytes}",
        )
    return ClientBatch(header, records, max_timestamp)


def _check_size(size: int, settings: TopicSettings) -> None:
    """L2: as sent, and again when it was compressed anew."""
    if size > settings.max_message_bytes:
        raise Rejected(
            ErrorCode.MESSAGE_TOO_LARGE,
            f"the batch has {size} bytes; max.message.bytes is {settings.max_message_bytes}",
        )


def _level(settings: TopicSettings) -> int | None:
    """How hard to compress; None where the compression has no levels, or its default is asked for."""
    if settings.compression_type == "zstd":
        return settings.compression_zstd_level
    if settings.compression_type == "gzip" and settings.compression_gzip_level != DEFAULT_LEVEL:
        return settings.compression_gzip_level
    return None


def _code_of(error: BatchError) -> ErrorCode:
    return CODES.get(error.kind, ErrorCode.INVALID_RECORD)


def _check_fields(header: BatchHeader) -> None:
    """L4."""
    if header.record_count <= 0 or header.last_offset_delta + 1 != header.record_count:
        raise Rejected(
            ErrorCode.INVALID_RECORD,
            f"the batch counts {header.record_count} records and ends at offset delta {header.last_offset_delta}",
            rule="L4",
        )
    if header.is_control:
        raise Rejected(ErrorCode.INVALID_RECORD, "control batches are written by brokers", rule="L4")
    if header.producer_id != NO_PRODUCER_ID and header.base_sequence < 0:
        why = f"producer {header.producer_id} sent no sequence"
        raise Rejected(ErrorCode.INVALID_RECORD, why, rule="L4")


def _check_records(records: Buffer, header: BatchHeader, settings: TopicSettings, now_ms: int) -> int:
    """L3, L5-L7: every record is looked at, compressed or not. Returns their largest timestamp."""
    is_create_time = settings.message_timestamp_type == CREATE_TIME
    if header.is_log_append_time and not (is_create_time and header.max_timestamp != NO_TIMESTAMP):
        why = "LogAppendTime is the broker's to set"
        raise RecordsRejected(
            ErrorCode.INVALID_TIMESTAMP, why, [(index, why) for index in range(header.record_count)], "L6"
        )
    earliest, latest = NO_TIMESTAMP, LONG_MAX
    if is_create_time:
        earliest = max(NO_TIMESTAMP, now_ms - settings.message_timestamp_before_max_ms)
        latest = min(LONG_MAX, now_ms + settings.message_timestamp_after_max_ms)
    try:
        errors, max_timestamp = validate_records(
            records, require_keys=settings.is_compacted, min_timestamp=earliest, max_timestamp=latest
        )
    except BatchError as error:
        if header.compression and error.kind in UNREADABLE:
            # Not CORRUPT_MESSAGE: the CRC is right, and a client would send the same bytes again for ever.
            raise Rejected(ErrorCode.UNKNOWN_SERVER_ERROR, f"it cannot be decompressed: {error}") from error
        raise
    if not errors:
        return max_timestamp
    late = any(error.kind == "timestamp" for error in errors)
    raise RecordsRejected(
        ErrorCode.INVALID_TIMESTAMP if late else ErrorCode.INVALID_RECORD,
        f"{len(errors)} of {header.record_count} records are not valid: {errors[0].message}",
        [(error.batch_index, error.message) for error in errors],
        _rule_of(errors),
    )


def _rule_of(errors: Sequence[RecordError]) -> str:
    """The rule that the records broke; L7 when they broke several."""
    rules = {RULES[error.kind] for error in errors}
    return rules.pop() if len(rules) == 1 else "L7"
