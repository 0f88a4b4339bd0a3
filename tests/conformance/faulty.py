"""One confluent-kafka producer and what became of its records, for the tests of faults."""

from __future__ import annotations

from confluent_kafka import KafkaError, Message, Producer
from minikafka import Cluster

FLUSH_SECONDS = 20.0
EAGER = {
    "acks": "all",
    "linger.ms": 0,
    "log_level": 0,
    "reconnect.backoff.ms": 10,
    "reconnect.backoff.max.ms": 50,
    "retry.backoff.ms": 20,
    "retry.backoff.max.ms": 50,
    "topic.metadata.refresh.fast.interval.ms": 20,
}
"""Nobody waits longer than the broker makes them."""


class Sender:
    """Sends to partition 0 of one topic. `outcomes`: an offset or an error per record, in order."""

    def __init__(self, kafka: Cluster, topic: str = "t", **config: object) -> None:
        """`config`: librdkafka's names, with underscores."""
        settings = {name.replace("_", "."): value for name, value in config.items()}
        self.producer = Producer({**kafka.client_config("confluent"), **EAGER, **settings})
        self.topic = topic
        self.outcomes: list[int | KafkaError] = []

    def send(self, value: bytes = b"v") -> None:
        """On its way; the outcome comes later."""
        self.producer.produce(self.topic, value, partition=0, on_delivery=self._delivered)
        self.producer.poll(0)

    def settle(self) -> list[int | KafkaError]:
        """Wait for everything sent; the outcomes since the last time."""
        left = self.producer.flush(FLUSH_SECONDS)
        assert left == 0, f"{left} records without an outcome"
        outcomes, self.outcomes = self.outcomes, []
        return outcomes

    def sent(self, value: bytes = b"v") -> int | KafkaError:
        """One record: the offset it was acknowledged at, or the error."""
        self.send(value)
        (outcome,) = self.settle()
        return outcome

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        offset = message.offset()
        assert error is not None or offset is not None
        self.outcomes.append(error if error is not None else offset)  # type: ignore[arg-type]


def log_end(kafka: Cluster, topic: str = "t") -> int:
    """Of the leader of partition 0."""
    return kafka.topic(topic).partition(0).log_end_offset
