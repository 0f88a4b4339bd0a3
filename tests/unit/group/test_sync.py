"""SyncGroup: from the leader's plan to everyone's part of it (G5)."""

from __future__ import annotations

from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.requests import JoinAnswer, Protocol

from tests.unit.group.kit import REBALANCE_MS, SESSION_MS, World


def two_joined(world: World) -> tuple[JoinAnswer, JoinAnswer]:
    """Leader and follower in CompletingRebalance."""
    leader, follower = world.admit(), world.admit()
    world.advance()
    return leader.only, follower.only


def test_g5_followers_wait_for_the_leaders_assignment() -> None:
    """A follower's SyncGroup is parked until the leader's came; then each hears its own part."""
    world = World()
    leader, follower = two_joined(world)
    waiting = world.sync(follower)
    assert waiting.is_parked
    led = world.sync(leader, {leader.member_id: b"p0", follower.member_id: b"p1"})
    assert (led.only.assignment, waiting.only.assignment) == (b"p0", b"p1")
    assert waiting.only.protocol_name == "range"
    assert world.state() == "Stable"


def test_g5_a_late_follower_hears_its_part() -> None:
    """SyncGroup in Stable answers the assignment at once."""
    world = World()
    leader, follower = two_joined(world)
    world.sync(leader, {follower.member_id: b"p1"})
    assert world.sync(follower).only.assignment == b"p1"


def test_g5_a_member_the_leader_forgot_gets_nothing_to_do() -> None:
    """Members missing from the plan get an empty assignment, not an error."""
    world = World()
    leader, follower = two_joined(world)
    world.sync(leader, {leader.member_id: b"p0"})
    heard = world.sync(follower).only
    assert (heard.error, heard.assignment) == (ErrorCode.NONE, b"")


def test_g5_the_assignment_is_in_the_log_before_anyone_hears_it() -> None:
    """Neither leader nor followers are answered before the record is committed."""
    world = World()
    leader, follower = two_joined(world)
    waiting = world.sync(follower)
    world.log.holds = True
    led = world.sync(leader, {follower.member_id: b"p1"})
    late = world.sync(follower)
    assert led.is_parked
    assert waiting.is_parked
    assert late.is_parked
    world.replicate()
    assert (led.only.error, waiting.only.assignment, late.only.assignment) == (ErrorCode.NONE, b"p1", b"p1")


def test_g5_a_refused_write_leaves_followers_waiting_for_the_leaders_retry() -> None:
    """When the log refuses the assignment, the leader hears [15] and may sync again; nobody got a part of it."""
    world = World()
    leader, follower = two_joined(world)
    waiting = world.sync(follower)
    world.log.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert world.sync(leader, {}).only.error == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert world.state() == "CompletingRebalance"
    world.log.refusal = None
    world.sync(leader, {follower.member_id: b"p1"})
    assert waiting.only.assignment == b"p1"


def test_g5_during_the_next_rebalance_sync_is_sent_back() -> None:
    """SyncGroup in PreparingRebalance hears REBALANCE_IN_PROGRESS."""
    world = World()
    leader, _ = world.stable(2)
    world.join(leader.member_id)
    assert world.sync(leader).only.error == ErrorCode.REBALANCE_IN_PROGRESS


def test_g5_a_new_rebalance_sends_waiting_members_back() -> None:
    """Someone joins before the leader's plan came: those waiting for it hear REBALANCE_IN_PROGRESS."""
    world = World()
    _, follower = two_joined(world)
    waiting = world.sync(follower)
    world.admit()
    assert waiting.only.error == ErrorCode.REBALANCE_IN_PROGRESS


def test_g5_a_rebalance_during_replication_sends_waiting_members_back() -> None:
    """The plan is written but not committed when the next rebalance begins: who waits hears of the rebalance."""
    world = World()
    leader, follower = two_joined(world)
    waiting = world.sync(follower)
    world.log.holds = True
    world.sync(leader, {follower.member_id: b"p1"})
    world.join(leader.member_id)
    world.replicate()
    assert waiting.only.error == ErrorCode.REBALANCE_IN_PROGRESS


def test_g5_the_generation_must_match() -> None:
    """SyncGroup of another generation hears ILLEGAL_GENERATION."""
    world = World()
    leader, _ = two_joined(world)
    assert world.sync(leader, generation_id=0).only.error == ErrorCode.ILLEGAL_GENERATION


def test_g5_the_protocol_must_match_when_it_is_named() -> None:
    """v5 names the protocol; a member that believes in another hears INCONSISTENT_GROUP_PROTOCOL (KIP-559)."""
    world = World()
    leader, _ = two_joined(world)
    assert world.sync(leader, protocol_name="sticky").only.error == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert world.sync(leader, {}, protocol_name="range").only.error == ErrorCode.NONE


def test_g5_strangers_and_empty_groups() -> None:
    """A member id that is not in the group, an unknown group and an empty one all mean UNKNOWN_MEMBER_ID."""
    world = World()
    (leader,) = world.stable()
    assert world.sync(leader._replace(member_id="stranger")).only.error == ErrorCode.UNKNOWN_MEMBER_ID
    world.leave(leader.member_id)
    assert world.state() == "Empty"
    assert world.sync(leader).only.error == ErrorCode.UNKNOWN_MEMBER_ID
    assert World().sync(leader).only.error == ErrorCode.UNKNOWN_MEMBER_ID


def test_g5_members_who_do_not_sync_are_dropped() -> None:
    """Whoever joined the generation but sent no SyncGroup within the rebalance timeout is out; the rest rebalance."""
    world = World()
    leader, follower = two_joined(world)
    world.sync(leader, {})
    for _ in range(REBALANCE_MS // 5_000):
        world.heartbeat(leader.member_id, 1)
        world.heartbeat(follower.member_id, 1)
        world.advance(5_000)
    assert world.members() == [leader.member_id]
    assert world.state() == "PreparingRebalance"


def test_g5_the_clock_stops_when_all_have_synced() -> None:
    """Nobody is dropped from a generation in which everyone synced."""
    world = World()
    first, second = world.stable(2)
    for _ in range(2 * REBALANCE_MS // 5_000):
        world.heartbeat(first.member_id, 1)
        world.heartbeat(second.member_id, 1)
        world.advance(5_000)
    assert (world.state(), world.generation()) == ("Stable", 1)


def test_g9_the_broker_only_carries_bytes() -> None:
    """Metadata and assignments are opaque: what no consumer could parse is passed on as it is."""
    world = World()
    protocol = Protocol("cooperative-sticky", b"\xff\x00 not a subscription")
    joined = world.join(version=3, protocols=(protocol,))
    world.advance()
    assert joined.only.members[0].metadata == protocol.metadata
    assert world.sync(joined.only, {joined.only.member_id: b"\x00\xff"}).only.assignment == b"\x00\xff"


def test_g5_sessions_count_from_the_assignment() -> None:
    """Waiting for the leader's plan is no silence: each member has a whole session from when it got its part."""
    world = World()
    leader, follower = two_joined(world)
    world.advance(SESSION_MS - 1)
    world.sync(follower)
    world.heartbeat(leader.member_id, 1)
    world.advance(SESSION_MS - 1)
    world.sync(leader, {})
    world.advance(SESSION_MS - 1)
    assert world.members() == [leader.member_id, follower.member_id]
    world.advance(1)
    assert world.state() == "Empty"
