"""Power is cut right after the acknowledgements of the only broker.

An acknowledgement promises what the durability setting promises: with page-cache, Kafka's own default, nothing was
fsynced and the tail is gone; with fsync the answer came after the disk had it.
"""

from __future__ import annotations

from minikafka import Cluster

from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, read_all

RECORDS = 500


def run(durability: str, seed: int = 7) -> ClientVerdict:
    with Cluster(brokers=1, durability=durability) as cluster:
        cluster.topic("power-lost", partitions=1)
        producer = RecordingProducer(cluster.bootstrap_servers, batch_num_messages=20)
        producer.send("power-lost", RECORDS)
        sends = producer.flush()
        cluster.broker(1).power_loss(seed=seed)
        cluster.broker(1).start()
        return judge(sends, read_all(cluster.bootstrap_servers, "power-lost"))
