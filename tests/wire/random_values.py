"""Random messages: every field that a version has, with edge values, nulls where allowed, tags set and unset."""

from __future__ import annotations

from random import Random

from minikafka.wire.codec import message_class
from minikafka.wire.message import Message as Value

from tests.wire.schema_table import PRIMITIVES, Field, Message

BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64}
ALPHABET = "abzAZ09 .-_äß漢字\U0001f600\0"


def random_value(message: Message, version: int, seed: str) -> Value:
    """The message that this seed means; the same on every machine."""
    return _struct(message, message.name if message.name in message.structs else "", version, Random(seed))


def _struct(message: Message, struct: str, version: int, random: Random) -> Value:
    value = message_class(message.module, struct)()
    for one in message.structs[struct]:
        if version not in one.versions:
            continue
        if version in one.tagged and random.random() < 0.4:
            continue
        setattr(value, one.name, _field(message, one, version, random))
    return value


def _field(message: Message, one: Field, version: int, random: Random) -> object:
    if version in one.nullable and random.random() < 0.2:
        return None
    if one.is_array:
        count = random.choice((0, 1, 1, 2, 3))
        return [_one(message, one.type, version, random) for _ in range(count)]
    return _one(message, one.type, version, random)


def _one(message: Message, type_name: str, version: int, random: Random) -> object:
    if type_name not in PRIMITIVES:
        return _struct(message, type_name, version, random)
    if type_name in BITS:
        half = 1 << (BITS[type_name] - 1)
        return random.choice((0, -1, 1, half - 1, -half, random.randrange(-half, half)))
    match type_name:
        case "bool":
            return random.random() < 0.5
        case "uint16" | "uint32":
            return random.choice(
                (0, 1, random.randrange(1 << int(type_name[4:])), (1 << int(type_name[4:])) - 1)
            )
        case "float64":
            return random.choice((0.0, -1.5, 1e300, random.random()))
        case "uuid":
            return random.choice((bytes(16), random.randbytes(16)))
        case "string":
            return "".join(random.choice(ALPHABET) for _ in range(random.choice((0, 1, 3, 9, 140))))
    return random.randbytes(random.choice((0, 1, 5, 130)))
