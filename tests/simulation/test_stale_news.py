"""News that comes too late, for a partition that is no longer what it was: ignored, and nothing waits for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from minikafka.broker import leader_offsets
from minikafka.broker.purgatory import Bound, Mark
from minikafka.effects import FlushFailed
from minikafka.log.batch import build_batch
from minikafka.partition.partition import Partition
from minikafka.sim.client import Producer
from minikafka.sim.world import World
from minikafka.types import BrokerId, Now, Offset, TopicPartition
from minikafka.wire.messages import create_topics, delete_topics

TOPIC = "orders"


def running(seed: int, **options: object) -> World:
    world = World(seed, **options)  # type: ignore[arg-type]
    world.start()
    assert world.run_until(world.all_running, 20_000)
    return world


def ask_controller(world: World, request: object, version: int, asker: BrokerId = 1) -> None:
    """Send it from that broker, and wait for the answer."""
    broker = world.broker(asker)
    assert broker is not None
    answers: list[object] = []

    def heard(answer: object, now: object) -> None:
        answers.append(answer)

    world.hosts[asker].ask(
        partial(broker.peers.call, 1000, request, version, heard, heard, channel="test")  # type: ignore[arg-type]
    )
    assert world.run_until(lambda: bool(answers), 10_000)


def create(world: World, partitions: int, replicas: int) -> list[TopicPartition]:
    """The topic, with every replica there and one leader each."""
    topic = create_topics.CreatableTopic(name=TOPIC, num_partitions=partitions, replication_factor=replicas)
    ask_controller(world, create_topics.CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 7)
    names = [TopicPartition(TOPIC, index) for index in range(partitions)]
    assert world.run_until(lambda: all(len(held(world, name)) == replicas for name in names), 10_000)
    assert world.run_until(lambda: all(leader_of(world, name) is not None for name in names), 10_000)
    return names


def delete(world: World) -> None:
    request = delete_topics.DeleteTopicsRequest(
        topics=[delete_topics.DeleteTopicState(name=TOPIC)], timeout_ms=10_000
    )
    ask_controller(world, request, 6)
    assert world.run_until(lambda: not held(world, TopicPartition(TOPIC, 0)), 10_000)


def held(world: World, name: TopicPartition) -> list[Partition]:
    return [one for node in world.brokers if (one := world.replica(node, name)) is not None]


def leader_of(world: World, name: TopicPartition) -> Partition | None:
    return next((one for one in held(world, name) if one.is_leader), None)


def produce(world: World, name: TopicPartition, *values: bytes) -> None:
    producer = Producer(world, f"p{len(values)}", name, list(values), world.fork(f"p-{world.clock.now_us}"))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 20_000)


def append(world: World, name: TopicPartition, node: BrokerId) -> None:
    """One record, straight into the leader's log: no metadata record comes with it."""
    broker, leader = world.broker(node), world.replica(node, name)
    assert broker is not None
    assert leader is not None

    def decide(now: Now) -> None:
        leader.append(build_batch([(now.wall_ms, None, b"one", ())]), acks=-1, now=now)
        broker.replicas.changed(leader)

    world.hosts[node].ask(decide)


def test_r11_old_news_of_the_leaders_log_truncates_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A follower asks where the leader's log starts and ends. If its own log has grown when it hears, the end it hears
    is of before; to cut there would take away what it has acknowledged since."""
    answers: list[Callable[[Offset, Now], None]] = []

    def ask(*args: object) -> None:
        answers.append(args[4])  # type: ignore[arg-type]

    monkeypatch.setattr(leader_offsets, "_ask", ask)
    world = running(2, brokers=2)
    name = create(world, 1, 2)[0]
    follower = next(one for one in held(world, name) if one.is_follower)
    broker = world.broker(3 - follower.leader)
    assert broker is not None
    now = world.clock.now()
    leader_offsets.ask_leader_offsets(broker, follower.leader, follower, lambda now: None, now)
    answers[0](1, now)
    produce(world, name, b"one", b"two")
    assert world.run_until(lambda: follower.log.log_end_offset == 2, 5_000)
    answers[1](0, now)
    assert follower.log.log_end_offset == 2


def test_f12_news_of_a_deleted_partition_does_not_hide_that_of_its_successor() -> None:
    """Same name, another topic: a late answer about the old replica must not keep the new one from being looked at."""
    world = running(3, brokers=1)
    name = create(world, 1, 1)[0]
    old = world.replica(1, name)
    delete(world)
    create(world, 1, 1)
    new = world.replica(1, name)
    broker = world.broker(1)
    assert broker is not None
    assert old is not None
    assert new is not None
    assert new is not old
    watcher = Watcher()
    mark = Mark(name, Bound.LOG_END_OFFSET)

    def append(now: Now) -> None:
        broker.fetch_purgatory.park(watcher, [mark], now.monotonic_ms + 60_000)
        new.append(build_batch([(now.wall_ms, None, b"one", ())]), acks=1, now=now)
        broker.replicas.changed(new)
        broker.replicas.changed(old)

    world.hosts[1].ask(append)
    assert watcher.done


def test_f12_a_flush_of_a_deleted_log_fails_nobody_else() -> None:
    """A log is closed when its topic is deleted; that its last flush then fails says nothing of a topic that was
    created since under the same name."""
    world = running(4, brokers=1, durability="fsync")
    name = create(world, 1, 1)[0]
    delete(world)
    create(world, 1, 1)
    world.hosts[1].deliver(FlushFailed(name, "it was closed"))
    replica = world.replica(1, name)
    assert replica is not None
    assert replica.is_leader
    produce(world, name, b"one")


class Watcher:
    """Parked until a mark moves."""

    done = False

    def moved(self, mark: Mark, now: Now) -> None:
        self.done = True

    def expired(self, now: Now) -> None:
        """Nothing."""
