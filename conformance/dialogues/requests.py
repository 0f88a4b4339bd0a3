"""Requests as the scripts say them: short builders with every field that matters as an argument."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence

from minikafka import _core
from minikafka.wire.message import ZERO_UUID
from minikafka.wire.messages import (
    create_topics,
    end_txn,
    fetch,
    init_producer_id,
    list_offsets,
    metadata,
    offset_commit,
    offset_fetch,
    produce,
)

from conformance.dialogues.talk import Talk, error_codes

OLD_MS = 1_700_000_000_000
"""A record time that is not now, so that answers made from records and from clocks can be told apart."""
ATTRIBUTES = slice(21, 23)
CRC = slice(17, 21)
UNKNOWN_PRODUCER = 5_000_000
UNKNOWN_ID = bytes(range(16))

Records = Sequence[tuple[int, bytes | None, bytes | None, Sequence[tuple[str, bytes | None]]]]


def now_ms() -> int:
    return int(time.time() * 1000)


def records(count: int = 1, *, timestamp: int = OLD_MS, key: bytes | None = None) -> Records:
    return [(timestamp, key, b"%d" % number, ()) for number in range(count)]


def batch(
    count: int = 1,
    *,
    timestamp: int = OLD_MS,
    key: bytes | None = None,
    producer: tuple[int, int] = (-1, -1),
    sequence: int = -1,
    transactional: bool = False,
    compression: int = 0,
    base_offset: int = 0,
) -> bytes:
    """A sound batch of `count` records; producer is (id, epoch)."""
    return _core.build_batch(
        records(count, timestamp=timestamp, key=key),
        base_offset=base_offset,
        producer_id=producer[0],
        producer_epoch=producer[1],
        base_sequence=sequence,
        transactional=transactional,
        compression=compression,
    )


def changed(data: bytes, at: int, replacement: bytes, *, sealed: bool = True) -> bytes:
    """The batch with some bytes replaced and, if `sealed`, its CRC made right again."""
    broken = bytearray(data)
    broken[at : at + len(replacement)] = replacement
    if sealed:
        broken[CRC] = struct.pack(">I", _core.crc32c(bytes(broken[ATTRIBUTES.start :])))
    return bytes(broken)


def create(
    name: str, partitions: int = 1, *, replicas: int = 1, configs: Mapping[str, str] | None = None
) -> create_topics.CreateTopicsRequest:
    made = create_topics.CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=replicas,
        configs=[create_topics.CreatableTopicConfig(*each) for each in (configs or {}).items()],
    )
    return create_topics.CreateTopicsRequest(topics=[made], timeout_ms=10_000)


def make_topic(
    talk: Talk, name: str, partitions: int = 1, *, configs: Mapping[str, str] | None = None
) -> bytes:
    """Create a topic, wait for its leaders, and return its id."""
    talk.ask("create", create(name, partitions, configs=configs), 7)
    asked = metadata.MetadataRequest(topics=[metadata.MetadataRequestTopic(name=name)])

    def is_led(answer: object) -> bool:
        assert isinstance(answer, metadata.MetadataResponse)
        topic = answer.topics[0]
        led = [each for each in topic.partitions if each.error_code == 0 and each.leader_id >= 0]
        return len(led) == partitions

    answer = talk.settle("leaders", asked, 12, done=is_led)
    # Kafka tells of a leader before that leader knows; only an answer from the log shows that it does.
    listed = [list_offsets.ListOffsetsPartition(index, -1, -1) for index in range(partitions)]
    latest = list_offsets.ListOffsetsRequest(-1, topics=[list_offsets.ListOffsetsTopic(name, listed)])
    talk.settle("logs", latest, 7, done=lambda offsets: not any(error_codes(offsets)))
    assert isinstance(answer, metadata.MetadataResponse)
    return answer.topics[0].topic_id


def produced(
    topic: str | bytes,
    data: bytes | None,
    *,
    partition: int = 0,
    acks: int = -1,
    transactional_id: str | None = None,
) -> produce.ProduceRequest:
    """`topic` is a name (to v12) or an id (v13)."""
    written = [produce.PartitionProduceData(partition, data)]
    by = {"topic_id": topic} if isinstance(topic, bytes) else {"name": topic}
    named = produce.TopicProduceData(partition_data=written, **by)  # type: ignore[arg-type]
    return produce.ProduceRequest(transactional_id, acks, 5_000, [named])


def fetched(
    topic: str | bytes,
    offset: int = 0,
    *,
    epoch: int = -1,
    last_epoch: int = -1,
    isolation: int = 0,
    max_bytes: int = 1_000_000,
    partition_max_bytes: int = 1_000_000,
    partition: int = 0,
    session: tuple[int, int] = (0, -1),
) -> fetch.FetchRequest:
    wanted = fetch.FetchPartition(
        partition=partition,
        current_leader_epoch=epoch,
        fetch_offset=offset,
        last_fetched_epoch=last_epoch,
        partition_max_bytes=partition_max_bytes,
    )
    by = {"topic_id": topic} if isinstance(topic, bytes) else {"topic": topic}
    named = fetch.FetchTopic(partitions=[wanted], **by)  # type: ignore[arg-type]
    return fetch.FetchRequest(
        replica_id=-1,
        max_wait_ms=0,
        min_bytes=0,
        max_bytes=max_bytes,
        isolation_level=isolation,
        session_id=session[0],
        session_epoch=session[1],
        topics=[named],
    )


def offsets_at(
    topic: str, timestamp: int, *, isolation: int = 0, epoch: int = -1, partition: int = 0
) -> list_offsets.ListOffsetsRequest:
    asked = list_offsets.ListOffsetsPartition(partition, epoch, timestamp)
    named = [list_offsets.ListOffsetsTopic(topic, [asked])]
    return list_offsets.ListOffsetsRequest(replica_id=-1, isolation_level=isolation, topics=named)


def init_id(
    transactional_id: str | None = None, *, timeout_ms: int = 60_000, producer: tuple[int, int] = (-1, -1)
) -> init_producer_id.InitProducerIdRequest:
    return init_producer_id.InitProducerIdRequest(transactional_id, timeout_ms, *producer)


def new_producer(talk: Talk, transactional_id: str | None = None, *, version: int = 4) -> tuple[int, int]:
    """Id and epoch of a new (or bumped) producer."""
    answer = talk.settle("init", init_id(transactional_id), version)
    assert isinstance(answer, init_producer_id.InitProducerIdResponse)
    return answer.producer_id, answer.producer_epoch


def end(transactional_id: str, producer: tuple[int, int], *, commit: bool = True) -> end_txn.EndTxnRequest:
    return end_txn.EndTxnRequest(transactional_id, *producer, commit)


def committed_offsets(
    group: str,
    topic: str | bytes,
    offset: int = 5,
    *,
    member: str = "",
    generation: int = -1,
    instance: str | None = None,
    partition: int = 0,
    metadata_text: str | None = "",
) -> offset_commit.OffsetCommitRequest:
    part = offset_commit.OffsetCommitRequestPartition(partition, offset, committed_metadata=metadata_text)
    by = {"topic_id": topic} if isinstance(topic, bytes) else {"name": topic}
    named = offset_commit.OffsetCommitRequestTopic(partitions=[part], **by)  # type: ignore[arg-type]
    return offset_commit.OffsetCommitRequest(
        group_id=group,
        generation_id_or_member_epoch=generation,
        member_id=member,
        group_instance_id=instance,
        topics=[named],
    )


def offsets_of(
    version: int,
    group: str,
    topic: str | None,
    partitions: Sequence[int] = (0,),
    *,
    topic_id: bytes = ZERO_UUID,
    stable: bool = False,
    member: tuple[str | None, int] = (None, -1),
) -> offset_fetch.OffsetFetchRequest:
    """Of one topic, or of all (None), in the shape of `version`."""
    if version < 8:
        old = None if topic is None else [offset_fetch.OffsetFetchRequestTopic(topic, list(partitions))]
        return offset_fetch.OffsetFetchRequest(group_id=group, topics=old, require_stable=stable)
    shown = topic if version < 10 else ""
    new = None
    if topic is not None:
        new = [offset_fetch.OffsetFetchRequestTopics(shown or "", topic_id, list(partitions))]
    asked = offset_fetch.OffsetFetchRequestGroup(group, member[0], member[1], new)
    return offset_fetch.OffsetFetchRequest(groups=[asked], require_stable=stable)
