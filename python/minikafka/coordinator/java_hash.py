"""Which coordinator partition an id belongs to (T1, G1).

Clients never compute it (they ask FindCoordinator), but every broker must agree, and so must the files on disk: a
transactional id is found only in the partition it was written to. So it is Kafka's own function, to the letter:
`abs(String.hashCode()) % partitions`, where Java's one value without a positive twin, -2^31, counts as 0.
"""

from __future__ import annotations

from typing import Final

_MASK: Final = 0xFFFF_FFFF
_SIGN: Final = 0x8000_0000


def string_hash(text: str) -> int:
    """Java's `String.hashCode`: s[0]*31^(n-1) + ... + s[n-1] over UTF-16 code units, wrapped to a signed int32."""
    units = text.encode("utf-16-le", "surrogatepass")
    value = 0
    for at in range(0, len(units), 2):
        value = (31 * value + units[at] + (units[at + 1] << 8)) & _MASK
    return value - (_MASK + 1) if value & _SIGN else value


def partition_for(key: str, partition_count: int) -> int:
    """The coordinator partition of `key`, in 0..partition_count-1. Source: Kafka's `Utils.abs(key.hashCode()) % n`."""
    assert partition_count > 0, "the caller knows the topic exists"
    value = string_hash(key)
    return 0 if value == -_SIGN else abs(value) % partition_count
