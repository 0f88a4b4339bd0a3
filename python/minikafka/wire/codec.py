"""Frames to messages and back: Kafka's wire format, through the compiled interpreter of Kafka's own schemas.

A frame here has no length prefix when it is decoded (the frame splitter took it off) and has one when it is encoded,
ready to send. `records` of a decoded message are memoryviews of the frame, uncopied; hand in `bytes` to keep it so,
any other buffer is copied first. What a version cannot carry is an `EncodeError`; whatever is wrong with received bytes
is a `DecodeError` and nothing else. Unknown tagged fields are dropped, bytes after a message are ignored, as in Kafka.

The module of an API's message classes is imported when the first such message is decoded or encoded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TypeVar

from minikafka import _core
from minikafka._core import (
    DecodeError,
    EncodeError,
    RequestHeader,
    decode_request_header,
    decode_response,
    encode_request,
    encode_response,
)
from minikafka.types import Buffer
from minikafka.wire.message import Message
from minikafka.wire.records import (
    CLUSTER_METADATA,
    CONSUMER_OFFSETS,
    CONSUMER_OFFSETS_VALUES,
    TRANSACTION_STATE,
    TRANSACTION_STATE_VALUES,
)

__all__ = [
    "DecodeError",
    "EncodeError",
    "RequestHeader",
    "UnknownRecordType",
    "UnsupportedVersion",
    "decode_coordinator_key",
    "decode_coordinator_record",
    "decode_message",
    "decode_metadata_record",
    "decode_record",
    "decode_request",
    "decode_request_header",
    "decode_response",
    "encode_message",
    "encode_metadata_record",
    "encode_record",
    "encode_request",
    "encode_response",
    "message_class",
    "schema_api_keys",
    "schema_versions",
]

MessageT = TypeVar("MessageT", bound=Message)

METADATA_FRAME_VERSION = 1
"""The first varint of every record value in `__cluster_metadata`."""

COORDINATOR_SCHEMAS = {
    "__consumer_offsets": (CONSUMER_OFFSETS, CONSUMER_OFFSETS_VALUES),
    "__transaction_state": (TRANSACTION_STATE, TRANSACTION_STATE_VALUES),
}
"""By topic: the key's and the value's schema of each record type."""


class UnsupportedVersion(DecodeError):
    """A request whose API key or version the codec does not know; `header` is what can be read of it."""

    def __init__(self, header: RequestHeader) -> None:
        super().__init__(f"API key {header.api_key} has no version {header.api_version}")
        self.header = header


class UnknownRecordType(DecodeError):
    """A record of a type that Kafka 4.4 does not have; Kafka's coordinators skip such records."""

    def __init__(self, where: str, record_type: int) -> None:
        super().__init__(f"{where} has no record type {record_type}")
        self.record_type = record_type


def decode_request(frame: Buffer) -> tuple[RequestHeader, Message]:
    """Header and body of a request. Raises UnsupportedVersion, which has the header, or another DecodeError."""
    header, body = _core.decode_request(frame)
    if body is None:
        raise UnsupportedVersion(header)
    return header, body


def schema_versions(api_key: int) -> tuple[int, int]:
    """Lowest and highest stable version that the codec can do. Raises KeyError for an unknown API key."""
    return _versions()[api_key]


def schema_api_keys() -> list[int]:
    """Every API key that the codec can do, ascending."""
    return list(_versions())


# Records of the coordinators' logs: a key starts with its record type, a value with its version (both int16).


def encode_record(value: Message, version: int) -> bytes:
    """A key (version 0) or value of `__consumer_offsets` or `__transaction_state`, or a versioned data schema."""
    prefix = value.API_KEY if _is_coordinator_key(type(value)) else version
    return _core.encode_message(type(value).__name__, version, value, prefix.to_bytes(2, "big", signed=True))


def decode_record(cls: type[MessageT], data: Buffer) -> MessageT:
    """The inverse of `encode_record`. Raises DecodeError, also when a key is of another record type."""
    prefix = _int16(data)
    version = prefix
    if _is_coordinator_key(cls):
        if prefix != cls.API_KEY:
            raise DecodeError(f"record type {prefix} is not {cls.__name__}'s")
        version = 0
    return _as(cls, _core.decode_message(cls.__name__, version, data, 2))


def decode_coordinator_key(data: Buffer, topic: str) -> Message:
    """The typed key of a record of `__consumer_offsets` or `__transaction_state`. Raises UnknownRecordType."""
    keys, _ = COORDINATOR_SCHEMAS[topic]
    record_type = _int16(data)
    name = keys.get(record_type)
    if name is None:
        raise UnknownRecordType(topic, record_type)
    return _as(Message, _core.decode_message(name, 0, data, 2))


def decode_coordinator_record(
    key: Buffer, value: Buffer | None, topic: str
) -> tuple[Message, Message | None]:
    """Typed key and value (None for a tombstone) of one record of a coordinator's log."""
    typed_key = decode_coordinator_key(key, topic)
    if value is None:
        return typed_key, None
    _, values = COORDINATOR_SCHEMAS[topic]
    return typed_key, _as(Message, _core.decode_message(values[typed_key.API_KEY], _int16(value), value, 2))


# Records of `__cluster_metadata`: frame version, record type and version as unsigned varints, then the message.


def encode_metadata_record(value: Message, version: int) -> bytes:
    """A record value of `__cluster_metadata`, framed as KRaft frames it."""
    prefix = bytes((METADATA_FRAME_VERSION, value.API_KEY, version))
    assert max(prefix) < 0x80, "each of the three is a varint of one byte"
    return _core.encode_message(type(value).__name__, version, value, prefix)


def decode_metadata_record(data: Buffer) -> Message:
    """The inverse of `encode_metadata_record`. Raises UnknownRecordType or another DecodeError."""
    frame_version, position = _core.decode_unsigned_varint(data, 0)
    if frame_version != METADATA_FRAME_VERSION:
        raise DecodeError(f"metadata frame version {frame_version}, expected {METADATA_FRAME_VERSION}")
    record_type, position = _core.decode_unsigned_varint(data, position)
    version, position = _core.decode_unsigned_varint(data, position)
    name = CLUSTER_METADATA.get(record_type)
    if name is None:
        raise UnknownRecordType("__cluster_metadata", record_type)
    return _as(Message, _core.decode_message(name, min(version, 0x7FFF), data, position))


# Messages without any framing: control record keys and values, the aborted-transaction index, consumer protocol.


def encode_message(value: Message, version: int) -> bytes:
    """The message alone, without header or prefix."""
    return _core.encode_message(type(value).__name__, version, value, b"")


def decode_message(cls: type[MessageT], version: int, data: Buffer) -> MessageT:
    """The inverse of `encode_message`."""
    return _as(cls, _core.decode_message(cls.__name__, version, data, 0))


def message_class(module: str, name: str) -> type[Message]:
    """A generated class by its module below `minikafka.wire` and its name."""
    found = getattr(import_module(f"minikafka.wire.{module}"), name)
    assert isinstance(found, type)
    assert issubclass(found, Message)
    return found


_VERSIONS: dict[int, tuple[int, int]] = {}


def _versions() -> dict[int, tuple[int, int]]:
    if not _VERSIONS:
        _VERSIONS.update({key: (low, high) for key, low, high in _core.schema_versions()})
    return _VERSIONS


def _is_coordinator_key(cls: type[Message]) -> bool:
    return cls.KIND == "coordinator-key"


def _int16(data: Buffer) -> int:
    if len(data) < 2:
        raise DecodeError("record ends before its int16 prefix")
    return int.from_bytes(data[:2], "big", signed=True)


def _as(cls: type[MessageT], message: object) -> MessageT:
    assert isinstance(message, cls)
    return message
