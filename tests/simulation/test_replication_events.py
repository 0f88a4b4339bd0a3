"""What a cluster tells of its replication: every rule of R in an event that says what was, what is, and why."""

from __future__ import annotations

from minikafka.history import Event
from minikafka.sim.world import World
from minikafka.types import CONTROLLER_ID
from minikafka.wire.messages import elect_leaders

from tests.simulation.test_reassignment import is_at, move
from tests.simulation.test_stale_news import append, ask_controller, create, leader_of, produce, running

FAST = {"min.insync.replicas": 2, "replica.lag.time.max.ms": 500}


def traced(seed: int, **options: object) -> World:
    return running(seed, trace=True, **options)


def events(world: World, kind: str, rule: str) -> list[Event]:
    return [event for event in world.history.events() if (event.kind, event.rule) == (kind, rule)]


def test_r1_r3_r4_r5_r18_a_produce_is_told_from_the_append_to_the_followers_high_watermark() -> None:
    """R18 the leadership, R1 what a fetch acknowledged, R2 who is level, R4 what is committed, R3 what followers make
    of it; R5 where min ISR means less than it says."""
    world = traced(1, brokers=2, config={"min.insync.replicas": 3})
    name = create(world, 1, 2)[0]
    produce(world, name, b"one")
    leader = leader_of(world, name)
    assert leader is not None
    assert world.run_until(lambda: bool(events(world, "high_watermark", "R3")), 5_000)
    (began,) = [event for event in events(world, "leader_epoch", "R18") if event.topic == name.topic]
    assert (began.broker, began.get("leader_epoch"), began.get("start_offset")) == (leader.leader, 0, 0)
    (capped,) = [event for event in events(world, "isr", "R5") if event.topic == name.topic]
    assert (capped.get("min_insync_replicas"), capped.get("configured")) == (2, 3)
    acknowledged = [event.get("offset") for event in events(world, "caught_up", "R1")]
    assert acknowledged[-1] == 1
    assert [event.get("level") for event in events(world, "caught_up", "R2")][-1] is True
    committed = events(world, "high_watermark", "R4")[-1]
    assert (committed.get("before"), committed.get("offset")) == (0, 1)
    followed = events(world, "high_watermark", "R3")[-1]
    assert (followed.broker != leader.leader, followed.get("offset")) == (True, 1)
    replicated = [event for event in events(world, "append", "R11") if event.topic == name.topic]
    assert [(event.get("base_offset"), event.get("last_offset")) for event in replicated] == [(0, 0)]


def test_r6_r8_r9_r10_r12_a_follower_that_goes_and_comes_back_is_told() -> None:
    """R8 dropped for being late, R10 decided and answered, R6 what is held back, R12 fenced and back, R9 let in."""
    world = traced(2, brokers=2, config={**FAST, "broker.session.timeout.ms": 5_000})
    name = create(world, 1, 2)[0]
    leader = leader_of(world, name)
    assert leader is not None
    gone = 3 - leader.leader
    world.hosts[gone].pause()
    append(world, name, leader.leader)
    assert world.run_until(lambda: leader.isr == [leader.leader], 3_000)
    late = [event for event in events(world, "isr", "R8") if event.topic == name.topic][-1]
    assert (late.get("what"), late.get("dropped"), late.get("why")) == (
        "proposed",
        [gone],
        "not caught up for 500 ms",
    )
    decided = next(event for event in events(world, "isr", "R14") if event.topic == name.topic)
    assert (decided.broker, decided.get("isr"), decided.get("elr")) == (
        CONTROLLER_ID,
        (leader.leader,),
        (gone,),
    )
    answered = events(world, "isr", "R10")[-1]
    assert (answered.get("what"), answered.get("isr")) == ("committed", (leader.leader,))
    held = [event for event in events(world, "high_watermark", "R6") if event.topic == name.topic]
    assert [(event.get("offset"), event.get("would_be")) for event in held] == [(0, 1)]
    assert world.run_until(
        lambda: any(e.get("what") == "fenced" for e in events(world, "broker", "R12")), 8_000
    )
    world.hosts[gone].resume()
    assert world.run_until(lambda: leader.isr == [1, 2], 20_000)
    joined = [event for event in events(world, "isr", "R9") if event.topic == name.topic][-1]
    assert joined.get("joining") == (gone,)
    assert events(world, "high_watermark", "R4")[-1].get("offset") == 1


def test_r11_r13_r15_r16_elections_and_truncations_are_told() -> None:
    """R13 who leads at first, R16 whom an admin prefers, R15 an unclean election, R11 what it cuts off."""
    world = traced(
        3, brokers=2, config={"unclean.leader.election.enable": True, "replica.lag.time.max.ms": 500}
    )
    name = create(world, 1, 2)[0]
    first = leader_of(world, name)
    assert first is not None
    one, other = first.leader, 3 - first.leader
    produce(world, name, b"both have it")
    world.hosts[other].kill()
    assert world.run_until(lambda: first.isr == [one], 5_000)
    append(world, name, one)
    assert world.run_until(lambda: first.high_watermark == 2, 1_000)
    world.hosts[one].kill()
    world.hosts[other].start()
    assert world.run_until(lambda: leader_of(world, name) is not None, 20_000)
    unclean = [event for event in events(world, "election", "R15") if event.topic == name.topic][-1]
    assert (unclean.get("leader"), unclean.get("clean"), unclean.get("isr")) == (other, False, (other,))
    append(world, name, other)
    world.hosts[one].start()
    assert world.run_until(lambda: bool(events(world, "truncate", "R11")), 20_000)
    cut = events(world, "truncate", "R11")[0]
    assert (cut.broker, cut.get("before"), cut.get("offset")) == (one, 2, 1)
    second = leader_of(world, name)
    assert second is not None
    assert world.run_until(lambda: second.isr == [1, 2], 20_000)
    request = elect_leaders.ElectLeadersRequest(election_type=0, topic_partitions=None)
    ask_controller(world, request, 2)
    preferred = [event for event in events(world, "election", "R16") if event.topic == name.topic]
    assert [(event.get("before"), event.get("leader")) for event in preferred] == [(other, one)]
    assert preferred[0].get("why") == "an admin asked for an election"
    elected = [event for event in events(world, "election", "R13") if event.topic == name.topic]
    assert [(event.get("before"), event.get("leader")) for event in elected] == [(-1, one)]


def test_r17_a_move_is_told_when_it_begins_and_when_it_is_done() -> None:
    """R17: and a refusal of the controller's says which rule refused."""
    world = traced(4, brokers=3)
    name = create(world, 1, 1)[0]
    leader = leader_of(world, name)
    assert leader is not None
    old, target = leader.leader, leader.leader % 3 + 1
    move(world, name, [target])
    assert world.run_until(lambda: is_at(world, name, target), 10_000)
    begun, done = events(world, "reassignment", "R17")
    assert (begun.get("replicas"), begun.get("adding"), begun.get("removing")) == (
        (target, old),
        (target,),
        (old,),
    )
    assert (done.get("replicas"), done.get("done"), done.get("leader_epoch")) == ((target,), True, 1)
    move(world, name, None)
    refused = [
        event
        for event in events(world, "refused", "R17")
        if event.get("api") == "AlterPartitionReassignments"
    ]
    assert [event.get("code") for event in refused] == ["NO_REASSIGNMENT_IN_PROGRESS"]
