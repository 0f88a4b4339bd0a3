"""Further listeners: every answer that names an address names that of the listener the question came in on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import pytest
from confluent_kafka import Consumer, Producer
from minikafka import Cluster
from minikafka.broker.handlers.k03_metadata import leader_seen
from minikafka.controller.image import BrokerRegistration, Endpoint, MetadataImage
from minikafka.errors import ConfigError, ErrorCode
from minikafka.log.batch import build_batch
from minikafka.partition.state import PartitionState
from minikafka.types import CLIENT_LISTENER
from minikafka.wire.messages import (
    describe_cluster,
    fetch,
    find_coordinator,
    metadata,
    produce,
)

from conformance.raw import RawConnection


@pytest.fixture(params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    listeners = ["APP://127.0.0.1:0"]
    with Cluster(brokers=2, topics=["t:2:1"], listeners=listeners, mode=request.param) as cluster:
        yield cluster


def split(servers: str) -> set[tuple[str, int]]:
    pairs = (one.rpartition(":") for one in servers.split(","))
    return {(host, int(port)) for host, _, port in pairs}


def test_r19_a_client_works_on_the_listener_it_came_on_alone(kafka: Cluster) -> None:
    """Two clients, one listener each: the addresses they are told have nothing in common."""
    told = []
    for name, servers in (("default", kafka.bootstrap_servers), ("app", kafka.listener("APP"))):
        config = kafka.client_config("confluent") | {"bootstrap.servers": servers}
        producer = Producer({**config, "transactional.id": name})
        brokers = producer.list_topics().brokers.values()
        told.append({(broker.host, broker.port) for broker in brokers})
        assert told[-1] == split(servers)
        producer.init_transactions(20)
        producer.begin_transaction()
        producer.produce("t", name.encode(), partition=0)
        producer.produce("t", name.encode(), partition=1)
        producer.commit_transaction(20)
        consumer = Consumer({**config, "group.id": name, "auto.offset.reset": "earliest"})
        consumer.subscribe(["t"])
        assert [message.error() for message in consumer.consume(2, timeout=20)] == [None, None]
        consumer.close()
    assert not told[0] & told[1]


def test_r19_every_answer_names_the_addresses_of_its_listener(kafka: Cluster) -> None:
    """Metadata, the cluster, coordinators, and where a leader is (KIP-951)."""
    partitions = {one.leader: one.partition for one in kafka.topic("t").partitions}
    for servers in (kafka.bootstrap_servers, kafka.listener("APP")):
        first, second = servers.split(",")
        with RawConnection(first) as connection:
            known = connection.ask(metadata.MetadataRequest(topics=None), 12)
            assert isinstance(known, metadata.MetadataResponse)
            assert addresses(known.brokers) == [first, second]
            cluster = connection.ask(describe_cluster.DescribeClusterRequest(), 1)
            assert isinstance(cluster, describe_cluster.DescribeClusterResponse)
            assert addresses(cluster.brokers) == [first, second]
            keys = find_coordinator.FindCoordinatorRequest(key_type=0, coordinator_keys=list("abcdefgh"))
            found = connection.ask(keys, 4)
            assert isinstance(found, find_coordinator.FindCoordinatorResponse)
            assert {one.error_code for one in found.coordinators} == {ErrorCode.NONE}
            assert sorted(set(addresses(found.coordinators))) == sorted((first, second))
            (topic,) = (one for one in known.topics if one.name == "t")
            fetched = connection.ask(read(topic.topic_id, partitions[2]), 16)
            assert isinstance(fetched, fetch.FetchResponse)
            assert addresses(fetched.node_endpoints) == [second]
            produced = connection.ask(write(partitions[2]), 12)
            assert isinstance(produced, produce.ProduceResponse)
            assert addresses(produced.node_endpoints) == [second]


class Named(Protocol):
    host: str
    port: int


def addresses(named: Sequence[Named]) -> list[str]:
    return [f"{one.host}:{one.port}" for one in named]


def read(topic_id: bytes, partition: int) -> fetch.FetchRequest:
    wanted = fetch.FetchPartition(partition=partition, partition_max_bytes=1_000)
    topic = fetch.FetchTopic(topic_id=topic_id, partitions=[wanted])
    return fetch.FetchRequest(max_bytes=1_000, session_epoch=-1, topics=[topic])


def write(partition: int) -> produce.ProduceRequest:
    data = produce.PartitionProduceData(index=partition, records=build_batch([(0, None, b"v", ())]))
    topic = produce.TopicProduceData(name="t", partition_data=[data])
    return produce.ProduceRequest(acks=1, timeout_ms=1_000, topic_data=[topic])


def test_r19_a_leader_without_that_listener_is_not_named() -> None:
    """LISTENER_NOT_FOUND [72], as against a leader that is not there."""
    endpoints = {CLIENT_LISTENER: Endpoint("a", 1, None)}
    broker = BrokerRegistration(1, 0, bytes(16), endpoints, None, False, False, (bytes(16),), {})
    image = MetadataImage(brokers={1: broker})
    led = PartitionState(leader=1)
    assert leader_seen(image, led, CLIENT_LISTENER) == (1, ErrorCode.NONE)
    assert leader_seen(image, led, "CLIENT_APP") == (-1, ErrorCode.LISTENER_NOT_FOUND)
    assert leader_seen(image, PartitionState(leader=2), CLIENT_LISTENER) == (
        -1,
        ErrorCode.LEADER_NOT_AVAILABLE,
    )


def test_a_listener_is_named_once_and_by_its_name() -> None:
    """With the nearest name."""
    with pytest.raises(ConfigError, match="there are two listeners APP"):
        Cluster(listeners=["APP://127.0.0.1:0", "APP://127.0.0.1:1"])
    with (
        Cluster(listeners=["APP://127.0.0.1:0"]) as kafka,
        pytest.raises(ConfigError, match="no further listener 'AP'; did you mean 'APP'"),
    ):
        kafka.listener("AP")
