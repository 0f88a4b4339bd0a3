"""D7: a disk that failed once, whatever it was doing, takes the broker's directory offline, and the broker lives on."""

from __future__ import annotations

import pytest
from minikafka.broker.checkpoints import CLEAN_SHUTDOWN
from minikafka.errors import ErrorCode, Rejected
from minikafka.sim.world import World
from minikafka.types import Now, TopicPartition

from tests.simulation.test_stale_news import TOPIC, append, create, leader_of, running

LONG_MS = 120_000


def is_offline(world: World, node: int) -> bool:
    broker = world.broker(node)
    return broker is not None and broker.storage.is_offline


def test_d7_a_failed_sync_under_one_log_takes_every_replica_of_the_directory_offline() -> None:
    """One log's fsync fails: its neighbours on the same disk are not trusted either, and whoever asks hears [56]."""
    world = running(1, brokers=1, durability="fsync")
    names = create(world, 3, 1)
    told: list[Now] = []
    broker = world.broker(1)
    assert broker is not None
    broker.storage.when_offline.append(told.append)
    world.hosts[1].disk.fail_sync(f"/node-1/{names[0]}", 1)  # type: ignore[attr-defined]
    append(world, names[0], 1)
    assert world.run_until(lambda: is_offline(world, 1), 10_000)
    for name in names:
        with pytest.raises(Rejected) as refused:
            broker.replicas.leader(name)
        assert refused.value.code is ErrorCode.KAFKA_STORAGE_ERROR
    assert len(told) == 1
    assert broker.is_running


def test_d7_another_brokers_replicas_go_on() -> None:
    """Directories fail one by one: a follower's failure stops neither its leaders nor their other followers."""
    world = running(2, brokers=3, durability="fsync", config={"replica.lag.time.max.ms": 500})
    (name,) = create(world, 1, 3)
    leader = leader_of(world, name)
    assert leader is not None
    bad = next(node for node in world.brokers if node != leader.leader)
    world.hosts[bad].disk.fail_sync(f"/node-{bad}/{name}", 1)  # type: ignore[attr-defined]
    append(world, name, leader.leader)
    assert world.run_until(lambda: is_offline(world, bad), 10_000)
    assert world.run_until(lambda: leader.high_watermark == 1, 10_000)
    assert bad not in leader.isr


@pytest.mark.parametrize("what", ["append", "create", "checkpoint", "delete records"])
def test_d7_a_full_disk_halts_nobody(what: str) -> None:
    """Wherever the disk says no, the directory goes offline; a broker never ends itself over it."""
    world = running(3, brokers=1)
    (name,) = create(world, 1, 1)
    leader = world.replica(1, name)
    assert leader is not None
    append(world, name, 1)
    assert world.run_until(lambda: leader.high_watermark == 1, 1_000)
    disk = world.hosts[1].disk
    disk.set_full(True)  # type: ignore[attr-defined]
    if what == "append":
        with pytest.raises(Rejected, match="no storage space"):
            append(world, name, 1)
    elif what == "create":
        create_without_waiting(world)
    elif what == "delete records":
        with pytest.raises(Rejected, match="no storage space"):
            leader.delete_records(-1)
    world.run_until(lambda: is_offline(world, 1), LONG_MS)
    assert is_offline(world, 1)
    assert world.hosts[1].halted is None


def create_without_waiting(world: World) -> None:
    from minikafka.wire.messages import create_topics

    from tests.simulation.test_stale_news import ask_controller

    topic = create_topics.CreatableTopic(name="another", num_partitions=1, replication_factor=1)
    ask_controller(world, create_topics.CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 7)


def test_d7_nothing_succeeds_on_a_disk_that_failed_once() -> None:
    """Room comes back, the directory does not: until the broker is started again, which recovers and serves."""
    world = running(4, brokers=1)
    (name,) = create(world, 1, 1)
    disk = world.hosts[1].disk
    disk.set_full(True)  # type: ignore[attr-defined]
    with pytest.raises(Rejected, match="no storage space"):
        append(world, name, 1)
    disk.set_full(False)  # type: ignore[attr-defined]
    with pytest.raises(Rejected) as refused:
        append(world, name, 1)
    assert refused.value.code is ErrorCode.KAFKA_STORAGE_ERROR
    world.hosts[1].stop()
    assert world.run_until(lambda: not world.hosts[1].is_up, 10_000)
    assert disk.read_file(f"/node-1/{CLEAN_SHUTDOWN}") is None, "nobody may trust these files unseen"
    world.hosts[1].start()
    assert world.run_until(lambda: leader_of(world, TopicPartition(TOPIC, 0)) is not None, 20_000)
    append(world, name, 1)
