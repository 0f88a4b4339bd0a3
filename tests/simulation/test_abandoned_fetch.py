"""A fetch whose client is gone is not kept for ever."""

from __future__ import annotations

from minikafka.sim.client import Connection, Producer
from minikafka.sim.world import World
from minikafka.types import Buffer, TopicPartition
from minikafka.wire import codec
from minikafka.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic

NAME = TopicPartition("orders", 0)


def test_f4_a_parked_fetch_of_a_dead_connection_is_forgotten_when_its_partition_moves() -> None:
    """It asked for more bytes than will come and for longer than anybody waits; then its client died."""
    world = World(1, brokers=1)
    world.start()
    assert world.run_until(world.all_running, 20_000)
    broker = world.broker(1)
    assert broker is not None
    world.hosts[1].ask(lambda now: broker.auto_create.create([NAME.topic], now))
    assert world.run_until(lambda: NAME.topic in broker.image.topics, 5_000)
    request = FetchRequest(
        max_wait_ms=2**31 - 1,
        min_bytes=2**31 - 1,
        topics=[
            FetchTopic(
                topic=NAME.topic, partitions=[FetchPartition(partition=0, partition_max_bytes=1 << 20)]
            )
        ],
    )
    answers: list[Buffer | None] = []
    connection = Connection(world, 1)
    connection.ask(codec.encode_request(1, 12, 1, "patient", request), answers.append)
    assert world.run_until(lambda: len(broker.fetch_purgatory.waiting()) == 1, 1_000)
    connection.close()
    assert world.run_until(lambda: bool(answers), 1_000)

    producer = Producer(world, "p", NAME, [b"one"], world.fork("p"))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 10_000)
    assert broker.fetch_purgatory.waiting() == []
