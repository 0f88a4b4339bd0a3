"""A partition directory written by Apache Kafka opens, recovers and serves in our log (L10, D2, D3).

The broker is killed, so there is no clean-shutdown file; its segments hold every compression real clients write, index
files longer than their entries (Kafka preallocates them), a transaction and its marker.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from minikafka._core import Disk, Log, build_batch, inspect_batches, read_records
from minikafka.log.port import LogConfig

from conformance.build import build, is_available
from conformance.targets.apache_kafka import ApacheKafka
from conformance.waiting import wait_until

TOPIC = "written-by-kafka"
RECORDS_EACH = 900
COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")


@pytest.fixture(scope="module")
def kafka_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a killed Apache Kafka left of one partition."""
    if not is_available("java"):
        pytest.skip("Apache Kafka needs java, javac and mvn on PATH")
    build("java")
    data = tmp_path_factory.mktemp("kafka")
    kafka = ApacheKafka(config={"log.dirs": str(data)})
    try:
        kafka.open()
        _produce(kafka.bootstrap_servers)
        kafka.kill(1)
    finally:
        kafka.stop()
    return data / f"{TOPIC}-0"


def _produce(bootstrap_servers: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    # The smallest segment Kafka allows, so that the records below fill several.
    topic = NewTopic(TOPIC, 1, 1, config={"segment.bytes": str(1 << 20)})
    for created in admin.create_topics([topic]).values():
        created.result(30)
    for compression in COMPRESSIONS:
        producer = Producer({"bootstrap.servers": bootstrap_servers, "compression.type": compression})
        for index in range(RECORDS_EACH):
            producer.produce(TOPIC, key=compression, value=_value(compression, index))
        assert producer.flush(30) == 0
    transactional = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "one"})
    transactional.init_transactions(30)
    transactional.begin_transaction()
    transactional.produce(TOPIC, key="transaction", value=b"committed")
    transactional.commit_transaction(30)
    _wait_for_marker(bootstrap_servers)


def _wait_for_marker(bootstrap_servers: str) -> None:
    """The commit is answered before the marker is written (T7)."""
    reader = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "none"})
    last_stable = len(COMPRESSIONS) * RECORDS_EACH + 2

    def is_written() -> bool:
        return reader.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=5)[1] == last_stable

    wait_until("the marker is in the log", is_written, 30)
    reader.close()


def _value(compression: str, index: int) -> bytes:
    return f"{compression}-{index}".encode() + b"." * 2000


@pytest.fixture
def log(kafka_directory: Path, tmp_path: Path, clean: bool) -> Log:
    copy = tmp_path / kafka_directory.name
    shutil.copytree(kafka_directory, copy)
    return Disk.os().open_log(
        str(copy), config=LogConfig(), recovery_point=0, log_start_offset=0, clean=clean
    )


@pytest.mark.parametrize("clean", [False, True], ids=["recovered", "trusted"])
def test_l10_every_record_that_kafka_wrote_is_read(log: Log) -> None:
    """In order, whatever its compression; the marker takes the last offset (T9)."""
    found: list[tuple[bytes | None, bytes | None]] = []
    offset = 0
    while offset < log.log_end_offset:
        part = log.read(offset, max_bytes=100_000, upper_bound=log.log_end_offset, at_least_one_batch=True)
        assert inspect_batches(part.data)[0].base_offset == offset
        found.extend((record.key, record.value) for record in read_records(part.data))
        offset = part.next_offset
    expected = [
        (compression.encode(), _value(compression, index))
        for compression in COMPRESSIONS
        for index in range(RECORDS_EACH)
    ]
    assert found[: len(expected)] == expected
    assert found[len(expected)] == (b"transaction", b"committed")
    assert log.log_end_offset == len(expected) + 2
    assert log.headers(log.log_end_offset - 1, max_batches=1)[0].control_type == 1
    assert log.segment_count > 1


@pytest.mark.parametrize("clean", [False, True], ids=["recovered", "trusted"])
def test_l10_the_log_goes_on_where_kafka_stopped(log: Log) -> None:
    """Appends follow on, and times are found through Kafka's own indexes."""
    end = log.log_end_offset
    [last] = log.headers(end - 1, max_batches=1)
    batch = build_batch([(last.max_timestamp + 10, None, b"ours", [])])
    assert log.append_as_leader(batch, leader_epoch=99).base_offset == end
    assert log.offset_for_timestamp(last.max_timestamp + 1, upper_bound=end + 1) == (
        end,
        last.max_timestamp + 10,
    )
    first = log.headers(0, max_batches=1)[0]
    assert log.offset_for_timestamp(0, upper_bound=end) == (0, first.base_timestamp)
    assert log.flush() == end + 1
