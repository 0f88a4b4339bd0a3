"""Fetch, ListOffsets and OffsetForLeaderEpoch (F1-F12)."""

from __future__ import annotations

from minikafka.wire.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsTopic,
)
from minikafka.wire.messages.offset_for_leader_epoch import (
    OffsetForLeaderEpochRequest,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
)

from conformance.dialogues.requests import (
    OLD_MS,
    UNKNOWN_ID,
    batch,
    fetched,
    make_topic,
    offsets_at,
    produced,
)
from conformance.dialogues.talk import Talk

TIMESTAMPS = (-1, -2, -3, -4, -5, -6, -7, -99, 0, OLD_MS, OLD_MS + 1, OLD_MS + 2, OLD_MS + 99)


def fetch_versions(talk: Talk) -> None:
    topic_id = make_topic(talk, "read")
    for count in (3, 2, 1):
        talk.ask("write", produced("read", batch(count)), 9)
    for version in range(4, 19):
        topic = topic_id if version >= 13 else "read"
        other = UNKNOWN_ID if version >= 13 else "read-none"
        talk.ask("all", fetched(topic), version)
        talk.ask("unknown topic", fetched(other), version)
        talk.ask("unknown partition", fetched(topic, partition=9), version)
        talk.ask("at the end", fetched(topic, 6), version)
        talk.ask("past the end", fetched(topic, 7), version)
        talk.ask("before the start", fetched(topic, -1), version)


def fetch_details(talk: Talk) -> None:
    make_topic(talk, "sizes", 2)
    for count in (3, 2, 1):
        talk.ask("write", produced("sizes", batch(count)), 9)
    talk.ask("in the middle of a batch", fetched("sizes", 1), 12)
    talk.ask("one byte", fetched("sizes", max_bytes=1), 12)
    talk.ask("no bytes", fetched("sizes", max_bytes=0), 12)
    talk.ask("one byte of a partition", fetched("sizes", partition_max_bytes=1), 12)
    talk.ask("no bytes of a partition", fetched("sizes", partition_max_bytes=0), 12)
    talk.ask("a batch and a bit", fetched("sizes", partition_max_bytes=120), 12)
    for epoch in (0, 1):
        talk.ask(f"leader epoch {epoch}", fetched("sizes", epoch=epoch), 12)
        talk.ask(f"last epoch {epoch}", fetched("sizes", 3, last_epoch=epoch), 12)
    talk.ask("last epoch past the end", fetched("sizes", 9, last_epoch=0), 12)
    talk.ask("empty partition", fetched("sizes", partition=1), 12)
    talk.ask("read committed", fetched("sizes", isolation=1), 12)
    talk.ask("unknown session", fetched("sizes", session=(123, 1)), 12)
    talk.ask("unknown session closed", fetched("sizes", session=(123, -1)), 12)
    replica = fetched("sizes")
    replica.replica_id = 1
    talk.ask("as a replica", replica, 12)
    replica.replica_id = 77
    talk.ask("as an unknown replica", replica, 12)
    replica.topics[0].partitions[0].current_leader_epoch = 0
    talk.ask("as an unknown replica that knows the epoch", replica, 12)


def list_offsets(talk: Talk) -> None:
    make_topic(talk, "timed", 2)
    for number in range(3):
        talk.ask("write", produced("timed", batch(2, timestamp=OLD_MS + number)), 9)
    for version in range(1, 12):
        for timestamp in TIMESTAMPS:
            if version > 1:
                talk.ask(f"at {timestamp}", offsets_at("timed", timestamp), version)
    for isolation in (0, 1):
        talk.ask(f"isolation {isolation}", offsets_at("timed", -1, isolation=isolation), 7)
    for timestamp in (-1, -2, -3, OLD_MS):
        talk.ask(f"empty, at {timestamp}", offsets_at("timed", timestamp, partition=1), 7)
    for epoch in (0, 1):
        talk.ask(f"epoch {epoch}", offsets_at("timed", -1, epoch=epoch), 7)
    talk.ask("unknown partition", offsets_at("timed", -1, partition=9), 7)
    talk.ask("unknown topic", offsets_at("timed-none", -1), 7)
    twice = offsets_at("timed", -1)
    twice.topics[0].partitions *= 2
    talk.ask("twice", twice, 7)


def leader_epochs(talk: Talk) -> None:
    make_topic(talk, "epochs")
    talk.ask("write", produced("epochs", batch(2)), 9)
    for version in range(2, 5):
        for current in (-1, 0, 1):
            for epoch in (-1, 0, 1):
                asked = OffsetForLeaderPartition(0, current, epoch)
                request = OffsetForLeaderEpochRequest(-1, [OffsetForLeaderTopic("epochs", [asked])])
                if version < 3:
                    request = OffsetForLeaderEpochRequest(topics=request.topics)
                talk.ask(f"{epoch}, current {current}", request, version)
    unknown = OffsetForLeaderTopic("epochs-none", [OffsetForLeaderPartition(0, -1, 0)])
    talk.ask("unknown topic", OffsetForLeaderEpochRequest(-1, [unknown]), 4)


def delete_records(talk: Talk) -> None:
    make_topic(talk, "cut")
    make_topic(talk, "cut-compacted", configs={"cleanup.policy": "compact"})
    for _ in range(3):
        talk.ask("write", produced("cut", batch(2)), 9)

    def ask(what: str, topic: str, offset: int, partition: int = 0, version: int = 2) -> None:
        named = DeleteRecordsTopic(topic, [DeleteRecordsPartition(partition, offset)])
        talk.ask(what, DeleteRecordsRequest([named], 5000), version)

    for version in range(3):
        ask("in a batch", "cut", 1 + version, version=version)
    ask("backwards", "cut", 1)
    talk.ask("read before", fetched("cut", 1), 12)
    talk.ask("read after", fetched("cut", 3), 12)
    talk.ask("earliest", offsets_at("cut", -2), 7)
    ask("past the end", "cut", 7)
    ask("negative", "cut", -2)
    ask("to the end", "cut", -1)
    ask("unknown topic", "cut-none", 0)
    ask("unknown partition", "cut", 0, 9)
    ask("compacted", "cut-compacted", 0)


SCRIPTS = {
    each.__name__: each
    for each in (fetch_versions, fetch_details, list_offsets, leader_epochs, delete_records)
}
