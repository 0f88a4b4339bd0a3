"""Compaction as clients see it: holes, tombstones and aborted records, and no record too few (L16)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition

if TYPE_CHECKING:
    from minikafka import Cluster
    from minikafka.history import Event

pytestmark = pytest.mark.usefixtures("on_minikafka")
SECONDS: Final = 10
COMPACT: Final = {
    "cleanup.policy": "compact",
    "segment.bytes": 2000,
    "min.cleanable.dirty.ratio": "0",
    "delete.retention.ms": 0,
}
KEYS: Final = 7
RECORDS: Final = 60


def fill(bootstrap_servers: str, count: int) -> dict[bytes, bytes]:
    """So many records of few keys, every third transaction aborted; the table they make."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": "t", "linger.ms": 0})
    producer.init_transactions(SECONDS)
    table: dict[bytes, bytes] = {}
    for number in range(count):
        key, value = b"k%d" % (number % KEYS), b"%d" % number
        producer.begin_transaction()
        producer.produce("table", value, key)
        producer.flush(SECONDS)  # what is not sent yet an abort would drop
        if number % 3 == 2:
            producer.abort_transaction(SECONDS)
        else:
            producer.commit_transaction(SECONDS)
            table[key] = value
    return table


def plain(bootstrap_servers: str, *records: tuple[bytes, bytes | None]) -> None:
    """These records, each in a batch of its own."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "linger.ms": 0})
    for key, value in records:
        producer.produce("table", value, key)
        producer.flush(SECONDS)


def read_all(bootstrap_servers: str, isolation: str) -> list[Message]:
    """Every message from the beginning to the end; a consumer has to get past every hole."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "reader",
            "isolation.level": isolation,
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition("table", 0, 0)])
    found = []
    try:
        while True:
            message = consumer.poll(SECONDS)
            assert message is not None, "the consumer is stuck"
            if message.error() is not None:
                return found
            found.append(message)
    finally:
        consumer.close()


def table_of(messages: list[Message]) -> dict[bytes | None, bytes | None]:
    return {message.key(): message.value() for message in messages}


class Cleanings:
    """Hears of every cleaning of the topic, on whichever broker."""

    def __init__(self, kafka: Cluster, brokers: int) -> None:
        self._brokers = brokers
        self._clean: dict[int, int] = {}
        self._changed = threading.Condition()
        kafka.look(lambda supervisor: supervisor.hosting.history.listen(self._heard))

    def _heard(self, event: Event) -> None:
        end_offset = event.get("end_offset")
        if event.kind == "clean" and event.topic == "table" and isinstance(end_offset, int):
            with self._changed:
                self._clean[event.broker] = end_offset
                self._changed.notify()

    def wait(self, offset: int) -> None:
        """Until every replica is clean up to there."""

        def are_clean() -> bool:
            return len(self._clean) == self._brokers and min(self._clean.values()) >= offset

        with self._changed:
            assert self._changed.wait_for(are_clean, 3 * SECONDS), self._clean


@pytest.mark.parametrize("brokers", [1, 3])
def test_l16_a_consumer_of_a_compacted_topic_gets_the_whole_table(brokers: int) -> None:
    """Superseded and aborted records are gone, offsets have holes, and the last of each key is there: also to a reader
    that starts after every broker died."""
    from minikafka import Cluster

    with Cluster(brokers=brokers, config={"log.cleaner.backoff.ms": 50}) as kafka:
        kafka.topic("table", partitions=1, config=COMPACT)
        cleanings = Cleanings(kafka, brokers)
        table = fill(kafka.bootstrap_servers, RECORDS)
        churn = [(b"last", b"%d" % number) for number in range(60)]
        plain(kafka.bootstrap_servers, (b"gone", b"1"), (b"gone", None), *churn)
        table[b"last"] = b"59"
        cleanings.wait(2 * RECORDS)

        everything = read_all(kafka.bootstrap_servers, "read_uncommitted")
        cleaned = [message for message in everything if message.offset() < 2 * RECORDS]
        assert len(cleaned) <= len({message.key() for message in cleaned})
        offsets = [message.offset() for message in everything]
        assert offsets == sorted(set(offsets))
        committed = table_of(read_all(kafka.bootstrap_servers, "read_committed"))
        committed.pop(b"gone", None)
        assert committed == table
        for broker in range(1, brokers + 1):
            kafka.broker(broker).kill()
        for broker in range(1, brokers + 1):
            kafka.broker(broker).start()
        again = table_of(read_all(kafka.bootstrap_servers, "read_committed"))
        again.pop(b"gone", None)
        assert again == table
