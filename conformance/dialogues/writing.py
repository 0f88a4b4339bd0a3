"""Produce: what a leader refuses (L1-L8, L14), and idempotence (I2-I6)."""

from __future__ import annotations

import struct

from minikafka import _core
from minikafka.wire.messages.api_versions import ApiVersionsRequest
from minikafka.wire.messages.produce import ProduceRequest

from conformance.dialogues.requests import (
    ATTRIBUTES,
    OLD_MS,
    UNKNOWN_ID,
    UNKNOWN_PRODUCER,
    batch,
    changed,
    fetched,
    make_topic,
    new_producer,
    now_ms,
    produced,
    records,
)
from conformance.dialogues.talk import Talk

MAGIC, BASE_OFFSET, LAST_DELTA, COUNT = 16, 0, 23, 57
LAST_SEQUENCE = 2**31 - 1
GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4


def produce_versions(talk: Talk) -> None:
    topic_id = make_topic(talk, "written")
    for version in range(3, 13):
        talk.ask("sound", produced("written", batch()), version)
        talk.ask("unknown topic", produced("written-none", batch()), version)
        talk.ask("unknown partition", produced("written", batch(), partition=9), version)
        talk.ask("zeros", produced("written", b"\0" * 100), version)
    talk.ask("by id", produced(topic_id, batch()), 13)
    talk.ask("unknown id", produced(UNKNOWN_ID, batch()), 13)
    talk.ask("unknown partition", produced(topic_id, batch(), partition=9), 13)
    for acks in (2, -2):
        talk.ask(f"acks={acks}", produced("written", batch(), acks=acks), 9)
    talk.ask("acks=1", produced("written", batch(), acks=1), 9)
    talk.ask("no topics", ProduceRequest(None, -1, 1000, []), 9)


def produce_without_answer(talk: Talk) -> None:
    """L14: acks=0 gets no answer; an error closes the connection."""
    make_topic(talk, "unanswered")
    talk.send("sound", produced("unanswered", batch(), acks=0), 9)
    talk.ask("next on the connection", ApiVersionsRequest(), 0)
    talk.ask("unknown topic", produced("unanswered-none", batch(), acks=0), 9, on="failing")
    talk.ask("what is there", fetched("unanswered"), 11)


def bad_batches(talk: Talk) -> None:
    make_topic(talk, "refused", 30, configs={"max.message.bytes": "500"})
    sound = batch(3)
    cases = {
        "empty": b"",
        "two batches": sound + sound,
        "magic 3": changed(sound, MAGIC, b"\3"),
        "magic 1": changed(sound, MAGIC, b"\1"),
        "magic 0": changed(sound, MAGIC, b"\0"),
        "bad CRC": changed(sound, 30, b"\7", sealed=False),
        "base offset 5": batch(3, base_offset=5),
        "cut short": sound[:-1],
        "header only": sound[:61],
        "shorter than a header": sound[:20],
        "trailing byte": sound + b"\0",
        "last delta wrong": changed(sound, LAST_DELTA, struct.pack(">i", 7)),
        "count wrong": changed(sound, COUNT, struct.pack(">i", 2)),
        "count zero": changed(sound, COUNT, struct.pack(">i", 0)),
        "count negative": changed(sound, COUNT, struct.pack(">i", -1)),
        "control batch": changed(sound, ATTRIBUTES.start, b"\0\x20"),
        "LogAppendTime": changed(sound, ATTRIBUTES.start, b"\0\x08"),
        "delete horizon": changed(sound, ATTRIBUTES.start, b"\0\x40"),
        "compression 7": changed(sound, ATTRIBUTES.start, b"\0\x07"),
        "too large": batch(200),
        "in an hour and a half": batch(3, timestamp=now_ms() + 5_400_000),
        "no timestamp": batch(3, timestamp=-1),
        "long ago": batch(3, timestamp=1),
        "producer without sequence": batch(3, producer=(UNKNOWN_PRODUCER, 0)),
        "producer without epoch": batch(3, producer=(UNKNOWN_PRODUCER, -1), sequence=0),
        "two records of which one is late": _core.build_batch(
            [*records(2), *records(1, timestamp=now_ms() + 5_400_000)]
        ),
    }
    for place, (what, data) in enumerate(cases.items()):
        talk.ask(what, produced("refused", data, partition=place), 9)
        talk.ask(f"after {what}", fetched("refused", partition=place), 12)
    talk.ask("late, before record errors", produced("refused", cases["in an hour and a half"]), 7)


def bad_records(talk: Talk) -> None:
    """Each byte of the first record and the header of the second, on a partition of its own."""
    sound = batch(3)
    places = range(61, 73)
    make_topic(talk, "mangled", 2 * len(places))
    for partition, (value, at) in enumerate((value, at) for value in (b"\x7f", b"\x01") for at in places):
        spoilt = produced("mangled", changed(sound, at, value), partition=partition)
        talk.ask(f"byte {at} set to {value[0]}", spoilt, 9)


def compressed_batches(talk: Talk) -> None:
    """Each on a partition of its own."""
    spoilt = b"\7\7\7\7"
    cases = []
    for codec in (GZIP, SNAPPY, LZ4, ZSTD):
        sound = batch(3, compression=codec)
        cases += [
            (f"codec {codec}", sound),
            (f"codec {codec}, bytes spoilt", changed(sound, 63, spoilt)),
            (f"codec {codec}, cut", _cut(sound)),
            (f"codec {codec}, count wrong", _recounted(sound)),
            (f"codec {codec}, not compressed", changed(batch(3), ATTRIBUTES.start, struct.pack(">h", codec))),
        ]
    make_topic(talk, "compressed", len(cases))
    for place, (what, data) in enumerate(cases):
        talk.ask(what, produced("compressed", data, partition=place), 9)
        talk.ask(f"after {what}", fetched("compressed", partition=place), 12)
    talk.ask("zstd before v7", produced("compressed", batch(3, compression=ZSTD)), 6)


def compacted_topic(talk: Talk) -> None:
    make_topic(talk, "compacted", configs={"cleanup.policy": "compact"})
    talk.ask("with keys", produced("compacted", batch(2, key=b"k")), 9)
    talk.ask("without keys", produced("compacted", batch(3)), 9)
    talk.ask("without keys, old version", produced("compacted", batch(3)), 7)
    mixed = [*records(1, key=b"k"), *records(2), *records(1, key=b"k")]
    talk.ask("some without", produced("compacted", _core.build_batch(mixed)), 9)
    talk.ask("compressed", produced("compacted", batch(3, compression=GZIP)), 9)
    late = _core.build_batch([*records(1), *records(1, key=b"k", timestamp=now_ms() + 5_400_000)])
    talk.ask("one without, one late", produced("compacted", late), 9)


def log_append_time(talk: Talk) -> None:
    make_topic(talk, "stamped", configs={"message.timestamp.type": "LogAppendTime"})
    for codec in (0, GZIP):
        talk.ask(f"codec {codec}", produced("stamped", batch(2, compression=codec)), 9)
    talk.ask("late", produced("stamped", batch(2, timestamp=now_ms() + 5_400_000)), 9)
    talk.ask("flagged by the client", produced("stamped", changed(batch(2), ATTRIBUTES.start, b"\0\x08")), 9)
    talk.ask("what is there", fetched("stamped"), 11)
    make_topic(talk, "bounded", configs={"message.timestamp.before.max.ms": "1000"})
    talk.ask("too old", produced("bounded", batch(2)), 9)


def sequences(talk: Talk) -> None:
    make_topic(talk, "sequences")
    producer = new_producer(talk)

    def ask(
        what: str, sequence: int, count: int = 1, epoch: int = 0, version: int = 9, at: int = OLD_MS
    ) -> None:
        data = batch(count, producer=(producer[0], epoch), sequence=sequence, timestamp=at)
        talk.ask(what, produced("sequences", data), version)

    for number in range(6):
        ask(f"batch {number}", number * 2, 2)
    ask("duplicate of the newest", 10, 2, at=now_ms())
    ask("duplicate of the oldest kept", 2, 2)
    ask("duplicate of one forgotten", 0, 2)
    ask("part of a kept batch", 10, 1)
    ask("over two kept batches", 8, 4)
    ask("gap", 13)
    ask("in order", 12)
    ask("new epoch, not from 0", 13, epoch=1)
    ask("new epoch", 0, epoch=1)
    ask("old epoch", 13)
    ask("duplicate under the old epoch", 12)
    ask("duplicate, old version", 0, epoch=1, version=3)
    ask("duplicate, other time", 0, epoch=1, at=OLD_MS + 1)
    late = batch(1, producer=(producer[0], 1), sequence=0, timestamp=now_ms() + 5_400_000)
    talk.ask("duplicate with a late timestamp", produced("sequences", late), 9)
    ask("duplicate without waiting", 0, epoch=1, version=9)
    talk.ask("what is there", fetched("sequences"), 11)


def sequence_wraps(talk: Talk) -> None:
    make_topic(talk, "wrapping")

    def ask(what: str, sequence: int, count: int = 1, producer: int = UNKNOWN_PRODUCER) -> None:
        talk.ask(what, produced("wrapping", batch(count, producer=(producer, 0), sequence=sequence)), 9)

    ask("unknown producer, any sequence", LAST_SEQUENCE - 1)
    ask("across the end", LAST_SEQUENCE, 2)
    ask("that again", LAST_SEQUENCE, 2)
    ask("after the end", 1)
    ask("at the very end", LAST_SEQUENCE, producer=UNKNOWN_PRODUCER + 1)
    ask("then 1", 1, producer=UNKNOWN_PRODUCER + 1)
    ask("then 0", 0, producer=UNKNOWN_PRODUCER + 1)


def _cut(data: bytes) -> bytes:
    """Two bytes less of compressed data, the length and CRC in order."""
    shorter = data[:-2]
    return changed(shorter, 8, struct.pack(">i", len(shorter) - 12))


def _recounted(data: bytes) -> bytes:
    return changed(changed(data, COUNT, struct.pack(">i", 2)), LAST_DELTA, struct.pack(">i", 1))


SCRIPTS = {
    each.__name__: each
    for each in (
        produce_versions,
        produce_without_answer,
        bad_batches,
        bad_records,
        compressed_batches,
        compacted_topic,
        log_append_time,
        sequences,
        sequence_wraps,
    )
}
