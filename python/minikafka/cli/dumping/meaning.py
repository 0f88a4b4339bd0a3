"""What the records of internal topics say: coordinators' keys and values, the metadata log, control records."""

from __future__ import annotations

import struct
from typing import Final

from minikafka.cli.dumping.lines import uuid_text
from minikafka.cli.output import Cell, bytes_cell
from minikafka.client.assignment import assigned_partitions, subscribed_topics
from minikafka.types import Buffer
from minikafka.wire import codec
from minikafka.wire.message import Message
from minikafka.wire.records.control import (
    EndTxnMarker,
    KRaftVersionRecord,
    LeaderChangeMessage,
    SnapshotFooterRecord,
    SnapshotHeaderRecord,
    VotersRecord,
)

CLUSTER_METADATA: Final = "__cluster_metadata"
CONTROL_KEY: Final = struct.Struct(">hh")
CONTROL: Final[dict[int, tuple[str, type[Message]]]] = {
    0: ("ABORT", EndTxnMarker),
    1: ("COMMIT", EndTxnMarker),
    2: ("LEADER_CHANGE", LeaderChangeMessage),
    3: ("SNAPSHOT_HEADER", SnapshotHeaderRecord),
    4: ("SNAPSHOT_FOOTER", SnapshotFooterRecord),
    5: ("KRAFT_VERSION", KRaftVersionRecord),
    6: ("KRAFT_VOTERS", VotersRecord),
}
"""By type, the second int16 of a control record's key."""
TRANSACTION_STATES: Final = (
    "Empty",
    "Ongoing",
    "PrepareCommit",
    "PrepareAbort",
    "CompleteCommit",
    "CompleteAbort",
    "Dead",
    "PrepareEpochFence",
)


def meaning(topic: str, key: bytes | None, value: bytes | None) -> dict[str, Cell] | None:
    """A record of an internal topic, decoded; None for every other topic. What does not decode stays bytes, and why."""
    try:
        if topic == CLUSTER_METADATA and value is not None:
            message = codec.decode_metadata_record(value)
            return {"type": type(message).__name__.removesuffix("Record"), "value": fields_of(message)}
        if topic in codec.COORDINATOR_SCHEMAS and key is not None:
            typed_key, typed_value = codec.decode_coordinator_record(key, value, topic)
            decoded = None if typed_value is None else fields_of(typed_value)
            return {
                "type": type(typed_key).__name__.removesuffix("Key"),
                "key": fields_of(typed_key),
                "value": decoded,
            }
    except codec.DecodeError as error:
        return {"undecoded": str(error), **bytes_cell("key", key), **bytes_cell("value", value)}
    return None


def control_meaning(key: bytes | None, value: bytes | None) -> dict[str, Cell]:
    """A control record of any log."""
    if key is None or len(key) < CONTROL_KEY.size:
        return {
            "undecoded": "no control record's key",
            **bytes_cell("key", key),
            **bytes_cell("value", value),
        }
    _, number = CONTROL_KEY.unpack_from(key)
    name, cls = CONTROL.get(number, (f"type {number}", None))
    if cls is None or value is None or len(value) < 2:
        return {"type": name, **bytes_cell("value", value)}
    try:
        # Those of transactions carry their version in front, those of KRaft as their first field; the same two bytes.
        data = value[2:] if cls is EndTxnMarker else value
        message = codec.decode_message(cls, 0 if cls is not LeaderChangeMessage else _version(value), data)
    except codec.DecodeError as error:
        return {"type": name, "undecoded": str(error), **bytes_cell("value", value)}
    return {"type": name, **fields_of(message)}


def _version(value: bytes) -> int:
    return min(int.from_bytes(value[:2], "big"), LeaderChangeMessage.VALID_VERSIONS.stop - 1)


def fields_of(message: Message) -> dict[str, Cell]:
    """A message as plain values."""
    fields: dict[str, Cell] = {}
    for name in message.__slots__:
        value = getattr(message, name)
        if name in EMBEDDED and isinstance(value, bytes | memoryview):
            fields[name] = EMBEDDED[name](bytes(value))
        elif name == "transaction_status" and isinstance(value, int) and value < len(TRANSACTION_STATES):
            fields[name] = TRANSACTION_STATES[value]
        else:
            fields |= _cell(name, value)
    return fields


def _cell(name: str, value: object) -> dict[str, Cell]:
    if isinstance(value, bytes | memoryview):
        data = bytes(value)
        return {name: uuid_text(data)} if len(data) == UUID_BYTES else bytes_cell(name, data)
    return {name: _plain(value)}


def _plain(value: object) -> Cell:
    if isinstance(value, Message):
        return fields_of(value)
    if isinstance(value, bytes | memoryview):
        return uuid_text(bytes(value))
    if isinstance(value, list):
        return [_plain(each) for each in value]
    assert value is None or isinstance(value, str | int | float | bool)
    return value


UUID_BYTES: Final = 16


def _subscription(data: Buffer) -> Cell:
    try:
        return {"topics": subscribed_topics(bytes(data))}
    except codec.DecodeError:
        return bytes_cell("bytes", bytes(data))


def _assignment(data: Buffer) -> Cell:
    try:
        return [f"{each.topic}:{each.partition}" for each in assigned_partitions(bytes(data))]
    except codec.DecodeError:
        return bytes_cell("bytes", bytes(data))


EMBEDDED: Final = {"subscription": _subscription, "assignment": _assignment}
"""Of GroupMetadataValue's members: bytes of the clients' own protocol, nearly always ConsumerProtocol."""
