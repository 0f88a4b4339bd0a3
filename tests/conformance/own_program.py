"""A program as somebody else would write it: copies LAB_INPUT_TOPIC to LAB_OUTPUT_TOPIC, knows nothing of the lab.

Without transactions it commits offsets now and then, after its output; killed in between, it does some work again.
"""

from __future__ import annotations

import os
import sys

from confluent_kafka import Consumer, Producer, TopicPartition

TIMEOUT_S = 30
BATCH = 10
BATCHES_A_COMMIT = 4


def main(habit: str) -> None:
    """Runs until it is killed."""
    servers, transactional = os.environ["KAFKA_BOOTSTRAP_SERVERS"], habit == "transactions"
    settings = {"bootstrap.servers": servers, "log_level": 0}
    producer = Producer(
        {**settings, **({"transactional.id": "copier"} if transactional else {"acks": "all"})}
    )
    if transactional:
        producer.init_transactions(TIMEOUT_S)
    consumer = Consumer(
        {
            **settings,
            "group.id": os.environ["LAB_GROUP"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    # It knows its partition, so a new life need not wait for the session of the last one to end.
    (start,) = consumer.committed([TopicPartition(os.environ["LAB_INPUT_TOPIC"], 0)], TIMEOUT_S)
    start.offset = max(0, start.offset)
    consumer.assign([start])
    batches = 0
    while True:
        batch = [message for message in consumer.consume(BATCH, 0.2) if message.error() is None]
        if not batch:
            continue
        if transactional:
            producer.begin_transaction()
        for message in batch:
            producer.produce(os.environ["LAB_OUTPUT_TOPIC"], message.value(), headers=message.headers())
        producer.flush(TIMEOUT_S)
        if transactional:
            positions = consumer.position(consumer.assignment())
            producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata(), TIMEOUT_S)
            producer.commit_transaction(TIMEOUT_S)
        elif (batches := batches + 1) % BATCHES_A_COMMIT == 0:
            consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main(sys.argv[1])
