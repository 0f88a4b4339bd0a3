"""A follower asks for every partition in its turn."""

from __future__ import annotations

from minikafka.sim.client import Producer
from minikafka.sim.world import World
from minikafka.types import TopicPartition


def test_a_partition_that_was_served_is_asked_for_last() -> None:
    """Busy partitions first in every request would fill the answers and starve the ones behind them."""
    world = World(3, config={"num.partitions": 6})
    world.start()
    assert world.run_until(world.all_running, 20_000)
    broker = world.broker(1)
    assert broker is not None
    world.hosts[1].ask(lambda now: broker.auto_create.create(["orders"], now))
    assert world.run_until(lambda: "orders" in broker.image.topics, 5_000)
    state = broker.image.topics["orders"].partitions[0]
    follower = next(node for node in world.brokers if node != state.leader)
    name = TopicPartition("orders", 0)

    producer = Producer(world, "p", name, [b"one"], world.fork("p"))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 10_000)

    following = world.broker(follower)
    assert following is not None
    asked = following.fetchers.order(state.leader)
    assert len(asked) > 1
    assert asked[-1] == name
