"""A broker whose disk failed lives on and leads nothing; the cluster goes on without it (D7)."""

from __future__ import annotations

from minikafka.broker.handlers import k03_metadata, k35_describe_log_dirs
from minikafka.errors import ErrorCode
from minikafka.sim.client import Producer
from minikafka.sim.world import World
from minikafka.types import CLIENT_LISTENER, BrokerId, Now, TopicPartition
from minikafka.wire.messages import describe_log_dirs, metadata

from tests.simulation.test_stale_news import create, leader_of, running

RECORDS = 20


class Asked:
    """A request, as a handler sees it, that keeps its answer."""

    api_version = 4
    listener = CLIENT_LISTENER

    def __init__(self, body: object) -> None:
        self.body = body
        self.answer: object = None

    def reply(self, answer: object) -> None:
        self.answer = answer


def log_dirs(world: World, node: BrokerId) -> describe_log_dirs.DescribeLogDirsResult:
    asked = Asked(describe_log_dirs.DescribeLogDirsRequest(topics=None))
    k35_describe_log_dirs.handle(world.broker(node), asked, Now(0, 0))  # type: ignore[arg-type]
    assert isinstance(asked.answer, describe_log_dirs.DescribeLogDirsResponse)
    (result,) = asked.answer.results
    return result


def offline_replicas(world: World, node: BrokerId, name: TopicPartition) -> list[int]:
    asked = Asked(metadata.MetadataRequest(topics=[metadata.MetadataRequestTopic(name=name.topic)]))
    k03_metadata.handle(world.broker(node), asked, Now(0, 0))  # type: ignore[arg-type]
    assert isinstance(asked.answer, metadata.MetadataResponse)
    return asked.answer.topics[0].partitions[name.partition].offline_replicas


def test_d7_leadership_moves_from_a_failed_disk_and_nothing_is_lost() -> None:
    """D7: the leader's disk fails under a producer. It says so, another leads, the producer finishes; the broker keeps
    its session, names its directory with [56], and joins again once it was restarted on a healed disk."""
    world = running(5, brokers=3, durability="fsync", config={"min.insync.replicas": 2})
    name = create(world, 1, 3)[0]
    old = leader_of(world, name)
    assert old is not None
    bad = old.leader
    values = [f"value-{number}".encode() for number in range(RECORDS)]
    producer = Producer(world, "p", name, values, world.fork("p"))
    producer.run()
    assert world.run_until(lambda: old.log.log_end_offset > 2, 10_000)
    session_epoch = world.broker(bad).broker_epoch  # type: ignore[union-attr]
    world.hosts[bad].disk.fail_sync(f"/node-{bad}/{name}", 1)  # type: ignore[attr-defined]
    assert world.run_until(lambda: producer.is_done, 60_000)
    new = leader_of(world, name)
    assert new is not None
    assert new.leader != bad
    assert new.log.log_end_offset == RECORDS
    assert bad not in new.isr
    assert log_dirs(world, bad).error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert (log_dirs(world, new.leader).error_code, len(log_dirs(world, new.leader).topics)) == (0, 1)
    assert offline_replicas(world, new.leader, name) == [bad]
    broker = world.broker(bad)
    assert broker is not None
    assert (broker.is_running, broker.broker_epoch) == (True, session_epoch)
    world.hosts[bad].kill()
    world.hosts[bad].start()
    assert world.run_until(lambda: bad in new.isr, 60_000)
    assert offline_replicas(world, new.leader, name) == []
