"""Batches and logs for the tests of the compiled half."""

from __future__ import annotations

from minikafka._core import Disk, Log, build_batch
from minikafka.log.port import LogConfig

DIRECTORY = "/data/topic-0"
Records = list[tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]]


def batch(
    *values: bytes,
    timestamp: int = 1000,
    key: bytes | None = b"key",
    compression: int = 0,
    producer_id: int = -1,
) -> bytes:
    """One batch with one record per value, all with the same key."""
    records: Records = [(timestamp + index, key, value, []) for index, value in enumerate(values)]
    return build_batch(records, compression=compression, producer_id=producer_id)


def open_log(
    disk: Disk,
    *,
    directory: str = DIRECTORY,
    config: LogConfig | None = None,
    recovery_point: int = 0,
    log_start_offset: int = 0,
    clean: bool = False,
) -> Log:
    return disk.open_log(
        directory,
        config=config or LogConfig(),
        recovery_point=recovery_point,
        log_start_offset=log_start_offset,
        clean=clean,
    )


def append(log: Log, *values: bytes, timestamp: int = 1000, leader_epoch: int = 1) -> int:
    """Append one batch as a leader; its base offset."""
    return log.append_as_leader(batch(*values, timestamp=timestamp), leader_epoch=leader_epoch).base_offset


def read(log: Log, offset: int, *, max_bytes: int = 1 << 20, upper_bound: int = 1 << 62) -> bytes:
    return log.read(offset, max_bytes=max_bytes, upper_bound=upper_bound, at_least_one_batch=True).data
