"""A partition moves to other brokers while a producer writes to it (R17)."""

from __future__ import annotations

import pytest
from minikafka.broker.fetcher import Fetcher
from minikafka.errors import ErrorCode
from minikafka.partition.partition import Partition
from minikafka.sim.client import Producer
from minikafka.sim.world import World
from minikafka.types import CONTROLLER_ID, BrokerId, Now, TopicPartition
from minikafka.wire.messages import alter_partition_reassignments as wire
from minikafka.wire.messages.fetch import PartitionData

from tests.simulation.test_stale_news import ask_controller, create, leader_of, produce, running

RECORDS = 30


def move(world: World, name: TopicPartition, target: list[BrokerId] | None, asker: BrokerId = 1) -> None:
    """Ask for it, and wait for the answer."""
    moved = wire.ReassignablePartition(partition_index=name.partition, replicas=target)
    topic = wire.ReassignableTopic(name=name.topic, partitions=[moved])
    ask_controller(world, wire.AlterPartitionReassignmentsRequest(topics=[topic]), 1, asker)


def is_at(world: World, name: TopicPartition, *replicas: BrokerId) -> bool:
    """Every broker knows these replicas, and nobody else has files of it."""
    for node in world.brokers:
        broker = world.broker(node)
        state = None if broker is None else broker.image.partition(name)
        if broker is None or state is None or state.replicas != replicas or set(state.isr) != set(replicas):
            return False
        if (str(name) in broker.storage.disk.list_directory(broker.storage.directory)) != (node in replicas):
            return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_r17_a_partition_moves_under_a_producer_and_nothing_is_lost(seed: int) -> None:
    """R17: both replicas are exchanged, the leader among them. Whoever was removed has no log left; whoever came has
    every record."""
    world = running(seed, brokers=4, config={"min.insync.replicas": 2})
    name = create(world, 1, 2)[0]
    old = leader_of(world, name)
    assert old is not None
    target = tuple(node for node in world.brokers if node not in old.replicas)
    values = [f"value-{number}".encode() for number in range(RECORDS)]
    producer = Producer(world, "p", name, values, world.fork("p"))
    producer.run()
    move(world, name, list(target))
    assert world.run_until(lambda: producer.is_done and is_at(world, name, *target), 60_000)
    new = leader_of(world, name)
    assert new is not None
    assert new.leader in target
    assert new.log.log_end_offset == RECORDS
    assert {world.replica(node, name).log.log_end_offset for node in target} == {RECORDS}  # type: ignore[union-attr]


def test_r17_a_move_given_up_leaves_nothing_where_it_went() -> None:
    """R17: the target is down, so the move cannot end; given up, the partition is what it was, and the target, back
    again, keeps nothing of it."""
    world = running(7, brokers=3)
    name = create(world, 1, 2)[0]
    produce(world, name, b"one")
    leader = leader_of(world, name)
    assert leader is not None
    before = leader.replicas
    (target,) = (node for node in world.brokers if node not in before)
    world.hosts[target].kill()
    move(world, name, [before[0], target])
    assert world.run_until(lambda: target in leader.replicas, 10_000)
    world.hosts[target].start()
    move(world, name, None)
    assert world.run_until(lambda: world.all_running() and is_at(world, name, *before), 20_000)


def test_r17_a_log_that_was_taken_away_while_its_broker_was_down_is_removed() -> None:
    """R17: a broker that comes back and finds a log of a partition that it no longer holds deletes it."""
    world = running(8, brokers=3)
    name = create(world, 1, 2)[0]
    produce(world, name, b"one")
    leader = leader_of(world, name)
    assert leader is not None
    follower = next(node for node in leader.replicas if node != leader.leader)
    (target,) = (node for node in world.brokers if node not in leader.replicas)
    world.hosts[follower].kill()
    disk = world.hosts[follower].disk
    assert str(name) in disk.list_directory(f"/node-{follower}")
    move(world, name, [leader.leader, target])
    assert world.run_until(lambda: leader.replicas == (leader.leader, target), 20_000)
    world.hosts[follower].start()
    assert world.run_until(lambda: world.all_running() and is_at(world, name, *leader.replicas), 20_000)


def test_r17_a_new_replica_that_asks_too_early_is_told_to_ask_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """R17: the leader has not heard of the move yet, so it does not know the replica; as the fetch names the leader
    epoch, the answer is UNKNOWN_LEADER_EPOCH [75], and the follower asks again until the leader has heard."""
    heard: list[int] = []
    apply = Fetcher._apply

    def and_note(fetcher: Fetcher, partition: Partition, data: PartitionData, now: Now) -> None:
        heard.append(data.error_code)
        apply(fetcher, partition, data, now)

    monkeypatch.setattr(Fetcher, "_apply", and_note)
    world = running(9, brokers=3)
    name = create(world, 1, 1)[0]
    leader = leader_of(world, name)
    assert leader is not None
    produce(world, name, b"one")
    target = leader.leader % 3 + 1
    world.network.cut([(leader.leader, CONTROLLER_ID)])
    move(world, name, [target], asker=target)
    assert world.run_until(lambda: bool(heard), 900), "before the leader's session ends"
    assert set(heard) == {ErrorCode.UNKNOWN_LEADER_EPOCH}
    world.network.heal()
    assert world.run_until(lambda: world.all_running() and is_at(world, name, target), 20_000)
    assert ErrorCode.NONE in heard
