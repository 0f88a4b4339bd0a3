"""What a broker does because time passes, seen through the node."""

from __future__ import annotations

from minikafka.sim.client import Producer
from minikafka.sim.world import World
from minikafka.types import TopicPartition

NAME = TopicPartition("orders", 0)


def produced(world: World) -> None:
    """One idempotent record in `orders-0`."""
    world.start()
    assert world.run_until(world.all_running, 20_000)
    broker = world.broker(1)
    assert broker is not None
    world.hosts[1].ask(lambda now: broker.auto_create.create([NAME.topic], now))
    producer = Producer(world, "p", NAME, [b"one"], world.fork("p"))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 10_000)


def test_i10_idle_producers_are_forgotten() -> None:
    """After `producer.id.expiration.ms` without a batch, at the next sweep, the leader has forgotten the producer."""
    world = World(
        1,
        brokers=1,
        config={"producer.id.expiration.ms": 2_000, "producer.id.expiration.check.interval.ms": 500},
    )
    produced(world)
    replica = world.replica(1, NAME)
    assert replica is not None
    assert len(replica.log.producers.all()) == 1
    assert world.run_until(lambda: not replica.log.producers.all(), 4_000)


def test_a_failed_fsync_takes_the_replica_offline() -> None:
    """D7, style rule 9: in fsync mode a failed fsync is never retried; the replica answers nothing any more."""
    world = World(2, brokers=1, durability="fsync")
    produced(world)
    replica = world.replica(1, NAME)
    assert replica is not None
    world.hosts[1].disk.fail_sync("/node-1/orders-0", 1)  # type: ignore[attr-defined]
    again = Producer(world, "q", NAME, [b"two"], world.fork("q"))
    again.run()
    assert world.run_until(lambda: replica.offline is not None, 10_000)
    assert not replica.is_leader
    assert again.acknowledged == []
