"""The small text files of a log directory: offsets per partition, and the note a clean stop leaves (L10, D1).

    recovery-point-offset-checkpoint   everything below is on disk; recovery starts here (D2)
    replication-offset-checkpoint      the high watermark, at most 5 s old (D4)
    log-start-offset-checkpoint        where DeleteRecords or retention put the log's start
    cleaner-offset-checkpoint          everything below was compacted (L16)
    .kafka_cleanshutdown               everything was flushed; holds the broker epoch of the life that ended (R14)

Kafka's own forms, so its tools read ours. A checkpoint is: version, count, then `topic partition offset` lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from minikafka.types import NO_EPOCH, BrokerEpoch, Offset, TopicPartition

RECOVERY_POINTS: Final = "recovery-point-offset-checkpoint"
HIGH_WATERMARKS: Final = "replication-offset-checkpoint"
LOG_START_OFFSETS: Final = "log-start-offset-checkpoint"
CLEANED_OFFSETS: Final = "cleaner-offset-checkpoint"
CLEAN_SHUTDOWN: Final = ".kafka_cleanshutdown"
META_PROPERTIES: Final = "meta.properties"
VERSION: Final = "0"


def format_offsets(offsets: Mapping[TopicPartition, Offset]) -> bytes:
    """The file's whole content."""
    lines = [VERSION, str(len(offsets))]
    lines += [f"{name.topic} {name.partition} {offsets[name]}" for name in sorted(offsets)]
    return ("\n".join(lines) + "\n").encode()


def parse_offsets(data: bytes | None) -> dict[TopicPartition, Offset]:
    """What the file says; nothing when it is missing or damaged (recovery then starts from the log's start, which is
    slow and safe)."""
    if data is None:
        return {}
    try:
        version, count, *lines = data.decode().splitlines()
        if version != VERSION or int(count) != len(lines):
            return {}
        offsets = {}
        for line in lines:
            topic, partition, offset = line.split(" ")
            offsets[TopicPartition(topic, int(partition))] = int(offset)
    except ValueError:
        return {}
    return offsets


def format_clean_shutdown(broker_epoch: BrokerEpoch) -> bytes:
    """`.kafka_cleanshutdown` of the life with this epoch."""
    return json.dumps({"version": 0, "brokerEpoch": broker_epoch}, separators=(",", ":")).encode()


def parse_clean_shutdown(data: bytes | None) -> BrokerEpoch | None:
    """The broker epoch of a life that ended cleanly; -1 when the note is unreadable; None when there is none."""
    if data is None:
        return None
    try:
        note = json.loads(data)
    except ValueError:
        return NO_EPOCH
    epoch = note.get("brokerEpoch") if isinstance(note, dict) else None
    return epoch if isinstance(epoch, int) else NO_EPOCH


def format_properties(values: Mapping[str, str]) -> bytes:
    """`meta.properties`: who this directory belongs to."""
    return "".join(f"{name}={values[name]}\n" for name in sorted(values)).encode()


def parse_properties(data: bytes | None) -> dict[str, str]:
    """Its inverse; comments and blank lines are skipped."""
    if data is None:
        return {}
    pairs = (
        line.partition("=") for line in data.decode(errors="replace").splitlines() if not line.startswith("#")
    )
    return {name.strip(): value.strip() for name, separator, value in pairs if separator}
