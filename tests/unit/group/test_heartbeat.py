"""Heartbeats and sessions: who counts as alive (G6)."""

from __future__ import annotations

from minikafka.errors import ErrorCode

from tests.unit.group.kit import SESSION_MS, World


def test_g6_a_heartbeat_in_stable_is_answered_none() -> None:
    """Nothing to report."""
    world = World()
    (member,) = world.stable()
    assert world.heartbeat(member.member_id, 1) == ErrorCode.NONE


def test_g6_a_heartbeat_during_a_rebalance_tells_of_it_and_counts() -> None:
    """In PreparingRebalance the answer is REBALANCE_IN_PROGRESS, and the session is renewed all the same."""
    world = World()
    first, second = world.stable(2)
    world.join(first.member_id)
    world.advance(SESSION_MS - 1)
    assert world.heartbeat(second.member_id, 1) == ErrorCode.REBALANCE_IN_PROGRESS
    world.advance(SESSION_MS - 1)
    assert second.member_id in world.members()


def test_g6_a_heartbeat_before_the_assignment_is_answered_none() -> None:
    """In CompletingRebalance members already belong to the new generation."""
    world = World()
    joined = world.admit()
    world.advance()
    assert world.heartbeat(joined.only.member_id, 1) == ErrorCode.NONE


def test_g6_a_session_ends_without_heartbeats() -> None:
    """A silent member is out exactly one session timeout after its last sign of life; the others rebalance."""
    world = World()
    first, second = world.stable(2)
    world.advance(SESSION_MS - 1)
    world.heartbeat(first.member_id, 1)
    assert world.members() == [first.member_id, second.member_id]
    world.advance(1)
    assert world.members() == [first.member_id]
    assert world.state() == "PreparingRebalance"


def test_g6_the_last_session_to_end_leaves_the_group_empty() -> None:
    """Without members a group is Empty, at a new generation, and the log says so."""
    world = World()
    world.stable()
    world.advance(SESSION_MS)
    assert (world.state(), world.generation()) == ("Empty", 2)
    world.fail_over()
    assert (world.state(), world.generation()) == ("Empty", 2)


def test_g6_a_parked_member_needs_no_heartbeat() -> None:
    """Whoever waits for a rebalance or for its assignment is alive: its connection shows it."""
    world = World()
    first, second = world.stable(2)
    rejoined = world.join(first.member_id)
    for _ in range(5):
        world.advance(SESSION_MS - 1)
        world.heartbeat(second.member_id, 1)
    assert first.member_id in world.members()
    assert rejoined.is_parked


def test_g6_a_session_is_renewed_on_arrival_not_on_reply() -> None:
    """A heartbeat whose answer waits for replication counts from when it came."""
    world = World()
    (member,) = world.stable()
    world.log.holds = True
    world.commit(1, member.member_id, 1)
    world.advance(SESSION_MS - 1)
    world.commit(2, member.member_id, 1)
    world.advance(SESSION_MS - 1)
    assert world.members() == [member.member_id]


def test_g6_strangers_and_old_generations_are_told() -> None:
    """UNKNOWN_MEMBER_ID for who is not in the group (or no such group), ILLEGAL_GENERATION for another generation."""
    world = World()
    assert world.heartbeat("stranger", 1) == ErrorCode.UNKNOWN_MEMBER_ID
    (member,) = world.stable()
    assert world.heartbeat("stranger", 1) == ErrorCode.UNKNOWN_MEMBER_ID
    assert world.heartbeat(member.member_id, 2) == ErrorCode.ILLEGAL_GENERATION


def test_g6_a_member_sent_back_has_a_whole_session_to_rejoin() -> None:
    """It waited for the assignment longer than its session; a new rebalance must not drop it at once, nor ever
    forget to expect a heartbeat from it again."""
    world = World()
    heard = [world.admit(), world.admit()]
    world.advance()
    leader, follower = (each.only for each in heard)
    waiting = world.sync(follower)
    for _ in range(4):
        world.heartbeat(leader.member_id, 1)
        world.advance(SESSION_MS - 1)
    world.admit()
    assert waiting.only.error == ErrorCode.REBALANCE_IN_PROGRESS
    world.advance(SESSION_MS - 1)
    assert follower.member_id in world.members()
    world.advance(1)
    assert follower.member_id not in world.members()
