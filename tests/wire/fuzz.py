"""Mutates golden frames and decodes them under a memory limit; run as a program by `test_fuzz.py`.

Prints one line: how many mutants were refused, how many accepted. Anything but DecodeError ends it with a traceback.
"""

from __future__ import annotations

import resource
import sys
from random import Random

from minikafka.wire import codec

from tests.wire.golden import cases, read_golden

ADDRESS_SPACE_BYTES = 2 << 30
HOSTILE = (
    b"\xff\xff\xff\xff\x0f",  # the largest compact length
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\xff",
    b"\x80\x00\x00\x00",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",  # a varint that does not end in time
    b"\x00",
    b"\xff",
)


def mutate(frame: bytes, other: bytes, random: Random) -> bytes:
    """One to three random wounds."""
    mutant = bytearray(frame)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(mutant) + 1)
        match random.randrange(6):
            case 0:
                del mutant[at:]
            case 1:
                hostile = random.choice(HOSTILE)
                mutant[at : at + len(hostile)] = hostile
            case 2:
                mutant[at:at] = random.choice(HOSTILE)
            case 3 if mutant:
                mutant[at % len(mutant)] ^= 1 << random.randrange(8)
            case 4:
                mutant[at:] = other[random.randrange(len(other) + 1) :]
            case _:
                del mutant[at : at + random.randint(1, 4)]
    return bytes(mutant)


def main(count: int, seed: str) -> None:
    """Decode `count` mutants of requests (with headers), responses and records."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    random = Random(seed)
    golden = read_golden()
    frames = list(golden.values())
    table = list(cases())
    refused = accepted = 0
    for number in range(count):
        message, version = table[number % len(table)]
        frame = golden[message.name, version]
        try:
            if message.kind == "request":
                body = codec.decode_message(codec.message_class(message.module, message.name), version, frame)
                whole = codec.encode_request(message.api_key, version, number, "fuzz", body)[4:]
                codec.decode_request(mutate(whole, random.choice(frames), random))
            else:
                mutant = mutate(frame, random.choice(frames), random)
                value = codec.decode_message(
                    codec.message_class(message.module, message.name), version, mutant
                )
                codec.encode_message(value, version)  # what is accepted can be written again
        except codec.DecodeError:
            refused += 1
        else:
            accepted += 1
    print(refused, accepted)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
