"""Two of three replicas down with min.insync.replicas=2: refused, or acknowledged and invisible.

acks=all is refused before the append (R7). acks=1 is appended and acknowledged, yet the high watermark does not move
while the ISR is too small (R6), so no consumer sees the record.
"""

from __future__ import annotations

from dataclasses import dataclass

from minikafka import Cluster

from conformance.history import Operation
from conformance.recording import RecordingProducer, read_all

BEFORE = 10


@dataclass(frozen=True, slots=True)
class UnderMinIsr:
    with_acks_all: Operation
    with_acks_one: Operation
    visible: list[Operation]
    high_watermark: int
    log_end_offset: int


def run(cluster: Cluster, topic: str = "under-min-isr") -> UnderMinIsr:
    """Needs three brokers and min.insync.replicas=2."""
    partition = cluster.topic(topic, partitions=1, replication_factor=3).partition(0)
    before = RecordingProducer(cluster.bootstrap_servers, "before", acks="all")
    before.send(topic, BEFORE)
    before.flush()
    leader = partition.leader
    for follower in {1, 2, 3} - {leader}:
        cluster.broker(follower).kill()
    cluster.wait(topic=topic, partition=0, isr=[leader], timeout=30)

    return UnderMinIsr(
        with_acks_all=send_one(cluster, topic, "all", acks="all", retries=0, enable_idempotence=False),
        with_acks_one=send_one(cluster, topic, "one", acks=1),
        visible=read_all(cluster.bootstrap_servers, topic),
        high_watermark=partition.high_watermark,
        log_end_offset=partition.log_end_offset,
    )


def send_one(cluster: Cluster, topic: str, prefix: str, **config: str | int | bool) -> Operation:
    producer = RecordingProducer(cluster.bootstrap_servers, prefix, **config)
    producer.send(topic, 1)
    (only,) = producer.flush()
    return only
