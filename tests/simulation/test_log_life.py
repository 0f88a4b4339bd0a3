"""Logs that lose their oldest records, in a whole cluster: by request (L12), by age (L13); and flush.ms (L15)."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode
from minikafka.sim.client import Connection, Producer
from minikafka.sim.world import World
from minikafka.types import Buffer, Offset, TopicPartition
from minikafka.wire import codec
from minikafka.wire.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopic,
)

NAME = TopicPartition("orders", 0)
SWEEPS = {"log.retention.check.interval.ms": 500}
KEY, VERSION = 21, 2
Outcome = tuple[ErrorCode, Offset]


def produced(world: World, count: int, name: str = "p") -> None:
    """So many acknowledged records in `orders-0`."""
    if world.controller() is None:
        world.start()
        assert world.run_until(world.all_running, 20_000)
        broker = world.broker(1)
        assert broker is not None
        world.hosts[1].ask(lambda now: broker.auto_create.create([NAME.topic], now))
    values = [str(number).encode() for number in range(count)]
    producer = Producer(world, name, NAME, values, world.fork(name))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 60_000)
    assert len(producer.acknowledged) == count


def leader_of(world: World) -> int:
    return next(
        node for node in world.brokers if (found := world.replica(node, NAME)) is not None and found.is_leader
    )


def starts(world: World) -> list[Offset]:
    """The log start offset of every replica alive."""
    replicas = [world.replica(node, NAME) for node in world.brokers]
    return [replica.log.log_start_offset for replica in replicas if replica is not None]


def delete(world: World, offset: Offset, answers: list[Outcome], *, timeout_ms: int = 5_000) -> None:
    """Ask the leader to delete what is below `offset`; its answer is appended to `answers`."""
    request = DeleteRecordsRequest(
        topics=[
            DeleteRecordsTopic(
                name=NAME.topic, partitions=[DeleteRecordsPartition(partition_index=0, offset=offset)]
            )
        ],
        timeout_ms=timeout_ms,
    )

    def received(frame: Buffer | None) -> None:
        assert frame is not None
        _, body = codec.decode_response(KEY, VERSION, frame)
        assert isinstance(body, DeleteRecordsResponse)
        result = body.topics[0].partitions[0]
        answers.append((ErrorCode(result.error_code), result.low_watermark))

    frame = codec.encode_request(KEY, VERSION, 1, "admin", request)
    Connection(world, leader_of(world)).ask(frame, received)


def test_l12_delete_records_answers_when_every_live_replica_has_followed() -> None:
    """Not before: a leader elected later must not bring the records back."""
    world = World(1)
    produced(world, 4)
    answers: list[Outcome] = []
    delete(world, 3, answers)
    assert world.run_until(lambda: bool(answers), 5_000)
    assert answers == [(ErrorCode.NONE, 3)]
    assert starts(world) == [3, 3, 3]


def test_l12_delete_records_times_out_while_a_live_replica_does_not_follow() -> None:
    """REQUEST_TIMED_OUT [7] with the low watermark there is; the log start stays raised and spreads later."""
    world = World(2, config={"broker.session.timeout.ms": 60_000})
    produced(world, 4)
    leader = leader_of(world)
    follower = next(node for node in world.brokers if node != leader)
    world.network.cut([(leader, follower)])
    answers: list[Outcome] = []
    delete(world, -1, answers, timeout_ms=1_000)
    assert world.run_until(lambda: bool(answers), 5_000)
    assert answers == [(ErrorCode.REQUEST_TIMED_OUT, 0)]
    assert sorted(starts(world)) == [0, 4, 4]
    world.network.heal()
    assert world.run_until(lambda: starts(world) == [4, 4, 4], 10_000)


def test_l12_delete_records_does_not_wait_for_the_dead() -> None:
    """Replicas of fenced brokers are left out; they follow when they are back."""
    world = World(3)
    produced(world, 4)
    leader = leader_of(world)
    dead = next(node for node in world.brokers if node != leader)
    world.hosts[dead].kill()
    broker = world.broker(leader)
    assert broker is not None
    assert world.run_until(lambda: broker.image.is_fenced(dead), 10_000)
    answers: list[Outcome] = []
    delete(world, 2, answers)
    assert world.run_until(lambda: bool(answers), 5_000)
    assert answers == [(ErrorCode.NONE, 2)]
    world.hosts[dead].start()
    assert world.run_until(lambda: starts(world) == [2, 2, 2], 20_000)


def test_l12_a_leader_that_resigns_meanwhile_answers_not_leader() -> None:
    """NOT_LEADER_OR_FOLLOWER [6]: the client asks the next one."""
    world = World(4)
    produced(world, 4)
    leader = leader_of(world)
    world.network.cut([(leader, node) for node in world.brokers if node != leader])
    answers: list[Outcome] = []
    delete(world, 2, answers, timeout_ms=30_000)
    assert not world.run_until(lambda: bool(answers), 100)
    world.hosts[leader].stop()
    assert world.run_until(lambda: bool(answers), 1_900)
    assert answers == [(ErrorCode.NOT_LEADER_OR_FOLLOWER, -1)]


@pytest.mark.parametrize("durability", ["page-cache", "fsync"])
def test_l13_records_older_than_retention_ms_are_gone_from_every_replica(durability: str) -> None:
    """Even the active segment; the log goes on at its old end, also after a power loss right behind the sweep."""
    world = World(5, config={**SWEEPS, "log.retention.ms": 3_000}, durability=durability)
    produced(world, 3)
    assert world.run_until(lambda: starts(world) == [3, 3, 3], 10_000)
    for node in world.brokers:
        world.hosts[node].power_loss(node)
    for node in world.brokers:
        world.hosts[node].start()
    assert world.run_until(world.all_running, 20_000)
    assert world.run_until(lambda: starts(world) == [3, 3, 3], 10_000)
    produced(world, 1, "again")
    replica = world.replica(leader_of(world), NAME)
    assert replica is not None
    assert replica.log.log_end_offset == 4


def test_l13_a_follower_that_was_away_starts_where_its_leaders_log_starts() -> None:
    """What it missed is gone by then: its fetch is out of range, and it starts over (R11)."""
    world = World(6, config={**SWEEPS, "log.retention.ms": 2_000})
    produced(world, 1)
    away = next(node for node in world.brokers if node != leader_of(world))
    world.hosts[away].kill()
    produced(world, 5, "meanwhile")
    assert world.run_until(lambda: starts(world) == [6, 6], 20_000)
    world.hosts[away].start()
    assert world.run_until(lambda: starts(world) == [6, 6, 6], 20_000)


def test_l15_flush_ms_is_looked_at_only_by_its_scheduler() -> None:
    """Whose own interval is never, by default: then nothing is flushed by time."""
    for config, flushed in (
        ({"log.flush.interval.ms": 100}, 0),
        ({"log.flush.interval.ms": 100, "log.flush.scheduler.interval.ms": 200}, 1),
    ):
        world = World(7, brokers=1, config=config)
        produced(world, 1)
        replica = world.replica(1, NAME)
        assert replica is not None
        world.run_until(lambda: False, 2_000)
        assert replica.log.recovery_point == flushed
