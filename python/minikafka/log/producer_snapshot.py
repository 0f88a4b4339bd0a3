"""Producer state on disk: `<offset>.snapshot`, everything known below that offset (I9).

Kafka's file, byte for byte: version 1, CRC-32C of what follows, a count, then per producer id its epoch and only its
*last* batch. So after a restart the window of five is one plus whatever the log after the snapshot gives back.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from minikafka.log.batch import crc32c
from minikafka.log.producer_state import ProducerState, RememberedBatch
from minikafka.types import NO_OFFSET, NO_SEQUENCE, Buffer, Offset

SUFFIX: Final = ".snapshot"
VERSION: Final = 1
HEADER: Final = struct.Struct(">hI i")
ENTRY: Final = struct.Struct(">qhiqiqiq")
"""producer id, epoch, last sequence, last offset, offset delta, timestamp, coordinator epoch, transaction's first
offset (-1 when none is open)."""
CRC_FROM: Final = 6


def file_name(offset: Offset) -> str:
    """`00000000000000000042.snapshot`."""
    return f"{offset:020d}{SUFFIX}"


def offset_of(name: str) -> Offset | None:
    """The offset in a snapshot's name; None for other files."""
    stem = name.removesuffix(SUFFIX)
    return int(stem) if stem != name and stem.isdigit() else None


def encode(states: Sequence[ProducerState]) -> bytes:
    """The whole file."""
    entries = b"".join(_entry(state) for state in states)
    body = struct.pack(">i", len(states)) + entries
    return struct.pack(">hI", VERSION, crc32c(body)) + body


def _entry(state: ProducerState) -> bytes:
    last = state.batches[-1] if state.batches else None
    return ENTRY.pack(
        state.producer_id,
        state.epoch,
        NO_SEQUENCE if last is None else last.last_sequence,
        NO_OFFSET if last is None else last.last_offset,
        0 if last is None else last.last_offset - last.first_offset,
        state.last_timestamp_ms,
        state.coordinator_epoch,
        state.current_transaction_first_offset,
    )


def decode(data: Buffer) -> list[ProducerState] | None:
    """The states, or None when the file is damaged: the caller then takes an older one."""
    view = bytes(data)
    if len(view) < HEADER.size:
        return None
    version, crc, count = HEADER.unpack_from(view)
    if version != VERSION or crc32c(view[CRC_FROM:]) != crc or len(view) != HEADER.size + count * ENTRY.size:
        return None
    return [_state(entry) for entry in ENTRY.iter_unpack(view[HEADER.size :])]


def _state(entry: tuple[int, int, int, int, int, int, int, int]) -> ProducerState:
    producer_id, epoch, last_sequence, last_offset, delta, timestamp_ms, coordinator_epoch, first_offset = (
        entry
    )
    state = ProducerState(producer_id)
    state.epoch = epoch
    state.last_timestamp_ms = timestamp_ms
    state.coordinator_epoch = coordinator_epoch
    state.current_transaction_first_offset = first_offset
    if last_offset >= 0 and last_sequence != NO_SEQUENCE:
        first_sequence = (last_sequence - delta) & 0x7FFF_FFFF
        state.batches.append(
            RememberedBatch(first_sequence, last_sequence, last_offset - delta, last_offset, timestamp_ms)
        )
    return state
