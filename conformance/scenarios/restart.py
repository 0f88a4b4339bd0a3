"""The whole cluster goes down and comes back on the same data directory.

Everything answered before is there again: topics and their configs, records, the outcome of transactions, the group's
offsets; and the transactional producer can go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType

from conformance.history import Operation
from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, read_all
from conformance.view import ClusterView

TOPIC = "kept"
PARTITIONS = 3
RECORDS = 1_000
GROUP = "keepers"
OFFSETS = [11, 22, 33]
TRANSACTIONAL = "kept-transactions"
TRANSACTIONAL_ID = "keeper"
CONFIG = {"max.message.bytes": "123456", "min.insync.replicas": "2"}
TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class State:
    """What a client can tell about the cluster."""

    topics: frozenset[str]
    config: dict[str, str | None]
    offsets: list[int]
    committed_transactions: list[str]
    all_transactions: list[str]
    verdict: ClientVerdict


def run(bootstrap_servers: str, restart: Callable[[], str]) -> tuple[State, State]:
    """The state before and after `restart`, which brings the cluster back and returns its addresses."""
    view = ClusterView(bootstrap_servers)
    view.create_topic(TOPIC, PARTITIONS, 3, CONFIG)
    view.create_topic(TRANSACTIONAL, 1, 3)
    producer = RecordingProducer(bootstrap_servers, enable_idempotence=True)
    producer.send(TOPIC, RECORDS)
    sends = producer.flush()
    commit_offsets(bootstrap_servers)
    run_transactions(bootstrap_servers, "before")
    before = observe(bootstrap_servers, sends)
    after = observe(restart(), sends)
    return before, after


def observe(bootstrap_servers: str, sends: list[Operation]) -> State:
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    resource = ConfigResource(ResourceType.TOPIC, TOPIC)
    entries = admin.describe_configs([resource])[resource].result(TIMEOUT_S)
    return State(
        topics=frozenset(admin.list_topics(timeout=TIMEOUT_S).topics),
        config={name: entries[name].value for name in CONFIG},
        offsets=ClusterView(bootstrap_servers).committed(GROUP, TOPIC, PARTITIONS),
        committed_transactions=[
            record.id for record in read_all(bootstrap_servers, TRANSACTIONAL, isolation="read_committed")
        ],
        all_transactions=[record.id for record in read_all(bootstrap_servers, TRANSACTIONAL)],
        verdict=judge(sends, read_all(bootstrap_servers, TOPIC, PARTITIONS)),
    )


def commit_offsets(bootstrap_servers: str) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": GROUP})
    places = [TopicPartition(TOPIC, partition, offset) for partition, offset in enumerate(OFFSETS)]
    consumer.commit(offsets=places, asynchronous=False)
    consumer.close()


def run_transactions(bootstrap_servers: str, prefix: str) -> None:
    """One committed, one aborted."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "transactional.id": TRANSACTIONAL_ID})
    producer.init_transactions(TIMEOUT_S)
    producer.begin_transaction()
    producer.produce(TRANSACTIONAL, f"{prefix}-committed:0")
    producer.commit_transaction(TIMEOUT_S)
    producer.begin_transaction()
    producer.produce(TRANSACTIONAL, f"{prefix}-aborted:0")
    producer.flush(TIMEOUT_S)
    producer.abort_transaction(TIMEOUT_S)
