"""The record is in the log, the answer is lost, the client sends it again.

With idempotence the leader knows the batch and answers the first copy's offset (I3). Without it the second copy is a
record like any other.
"""

from __future__ import annotations

from dataclasses import dataclass

from minikafka import Cluster

from conformance.history import Operation
from conformance.recording import RecordingProducer, read_all


@dataclass(frozen=True, slots=True)
class ResponseLost:
    answered: Operation
    copies: list[int]
    """The offsets at which the record is readable."""

    def __str__(self) -> str:
        return f"answered {self.answered.outcome} with offset {self.answered.offset}, copies at {self.copies}"


def run(cluster: Cluster, topic: str, *, idempotence: bool) -> ResponseLost:
    cluster.topic(topic, partitions=1)
    producer = RecordingProducer(cluster.bootstrap_servers, enable_idempotence=idempotence)
    with cluster.faults.drop_response(api="Produce", after="append", times=1):
        producer.send(topic, 1)
        (answered,) = producer.flush()
    return ResponseLost(answered, [record.offset for record in read_all(cluster.bootstrap_servers, topic)])
