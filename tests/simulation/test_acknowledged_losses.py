"""What it takes to lose an acknowledged record (D5), and how a cut log lowers its checkpoint (D2)."""

from __future__ import annotations

import pytest
from minikafka.history import Event
from minikafka.sim.world import World

from tests.simulation.test_replication_events import events, traced
from tests.simulation.test_stale_news import TOPIC, append, create, leader_of, produce

BROKERS = (1, 2, 3)


def of_topic(world: World, kind: str, rule: str) -> list[Event]:
    return [event for event in events(world, kind, rule) if event.topic == TOPIC]


def restarted(world: World, *nodes: int) -> None:
    for node in nodes:
        world.hosts[node].start()
    assert world.run_until(world.all_running, 30_000)


def test_d2_a_lowered_checkpoint_is_told() -> None:
    """A follower that has more than the leader elected without it cuts its log, and says so in the checkpoint first."""
    world = traced(4, brokers=2)
    (name,) = create(world, 1, 2)
    leader = leader_of(world, name)
    assert leader is not None
    follower = 3 - leader.leader
    replica = world.replica(follower, name)
    broker = world.broker(follower)
    assert replica is not None
    assert broker is not None
    append(world, name, 3 - follower)
    assert world.run_until(lambda: replica.log.log_end_offset == 1, 5_000)
    replica.log.truncate_to(0)
    world.hosts[follower].ask(lambda now: broker.replicas.changed(replica))
    assert of_topic(world, "checkpoint", "D2")[-1].get("recovery_point") == 0


@pytest.mark.parametrize("durability", ["page-cache", "fsync"])
@pytest.mark.parametrize("death", ["kill", "power loss"])
@pytest.mark.parametrize("who", ["one", "all"])
def test_d5_only_a_power_loss_of_the_whole_isr_without_fsync_loses(
    durability: str, death: str, who: str
) -> None:
    """Two records acknowledged by acks=all with three in sync: every replica has to lose them, and only a power loss
    of all at once, before anything was flushed, makes that happen."""
    world = traced(5, brokers=3, durability=durability, config={"min.insync.replicas": 2})
    (name,) = create(world, 1, 3)
    produce(world, name, b"one", b"two")
    leader = leader_of(world, name)
    assert leader is not None
    struck = BROKERS if who == "all" else (leader.leader,)
    for node in struck:
        if death == "kill":
            world.hosts[node].kill()
        else:
            world.hosts[node].power_loss(None)
    restarted(world, *struck)
    assert world.run_until(lambda: leader_of(world, name) is not None, 30_000)
    again = leader_of(world, name)
    assert again is not None
    is_lost = (durability, death, who) == ("page-cache", "power loss", "all")
    assert again.log.log_end_offset == (0 if is_lost else 2)


def test_d5_a_replica_that_lost_what_was_committed_says_so() -> None:
    """Its checkpoint says that records were committed which its log no longer holds."""
    world = traced(6, brokers=1)
    (name,) = create(world, 1, 1)
    produce(world, name, b"one", b"two")
    assert world.run_until(lambda: False, 6_000) is False, "the high watermark is checkpointed every 5 s"
    world.hosts[1].power_loss(None)
    restarted(world, 1)
    lost = of_topic(world, "recovery", "D5")[-1]
    assert (lost.get("log_end_offset"), lost.get("committed_up_to")) == (0, 2)
