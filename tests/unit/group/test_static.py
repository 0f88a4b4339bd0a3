"""Static members: places that survive a restart, and who is fenced from them (G8)."""

from __future__ import annotations

from minikafka.errors import ErrorCode
from minikafka.group.classic.requests import JoinAnswer, LeavingMember, Protocol

from tests.unit.group.kit import SESSION_MS, World


def static_pair(world: World) -> tuple[JoinAnswer, JoinAnswer]:
    """A Stable group of two static members, the leader first."""
    first, second = world.join(instance_id="i1"), world.join(instance_id="i2")
    world.advance()
    world.assign([first.only, second.only])
    return first.only, second.only


def test_g8_a_static_newcomer_joins_at_once() -> None:
    """An instance id makes MEMBER_ID_REQUIRED needless; the member id starts with it."""
    world = World()
    joined = world.join(instance_id="i1")
    world.advance()
    assert (joined.only.error, joined.only.member_id) == (ErrorCode.NONE, "i1-1")


def test_g8_a_restarted_member_takes_its_place_without_a_rebalance() -> None:
    """A join with the instance id and no member id hears the current generation under a new id, and keeps the
    assignment of the old one."""
    world = World()
    leader, follower = static_pair(world)
    again = world.join(instance_id="i2").only
    assert (again.error, again.generation_id, again.leader_id) == (ErrorCode.NONE, 1, leader.member_id)
    assert again.member_id != follower.member_id
    assert world.state() == "Stable"
    assert world.sync(again, instance_id="i2").only.assignment == follower.member_id.encode()


def test_g8_the_old_member_id_is_fenced() -> None:
    """Whoever still runs under the replaced member id hears FENCED_INSTANCE_ID, whatever it asks."""
    world = World()
    _, follower = static_pair(world)
    world.join(instance_id="i2")
    assert world.heartbeat(follower.member_id, 1, "i2") == ErrorCode.FENCED_INSTANCE_ID
    assert world.sync(follower, instance_id="i2").only.error == ErrorCode.FENCED_INSTANCE_ID
    assert world.join(follower.member_id, instance_id="i2").only.error == ErrorCode.FENCED_INSTANCE_ID
    assert world.commit(1, follower.member_id, 1, instance_id="i2").only == ErrorCode.FENCED_INSTANCE_ID


def test_g8_a_restarted_leader_is_told_to_skip_the_assignment() -> None:
    """v9: it leads again, hears everyone's metadata, and leaves the assignment as it is (KIP-814)."""
    world = World()
    leader, follower = static_pair(world)
    again = world.join(instance_id="i1").only
    assert again.skip_assignment
    assert again.leader_id == again.member_id != leader.member_id
    assert [member.member_id for member in again.members] == [again.member_id, follower.member_id]


def test_g8_an_old_restarted_leader_takes_itself_for_a_follower() -> None:
    """Before v9 it is shown its old id as the leader, so that it does not assign."""
    world = World()
    leader, _ = static_pair(world)
    again = world.join(instance_id="i1", version=8).only
    assert (again.leader_id, again.members, again.skip_assignment) == (leader.member_id, (), False)
    assert world.shard.groups.by_id["g"].leader_id == again.member_id


def test_g8_a_changed_protocol_choice_rebalances() -> None:
    """When the group would now choose another protocol, the restarted member's join starts a rebalance."""
    world = World()
    a, b = Protocol("a", b""), Protocol("b", b"")
    first = world.join(instance_id="i1", protocols=(a, b))
    world.advance()
    world.assign([first.only])
    assert world.join(instance_id="i1", protocols=(b,)).only.protocol_name == "b"
    assert world.generation() == 2


def test_g8_taking_over_fences_a_parked_request() -> None:
    """The old process waits in a JoinGroup when the new one comes: the old hears FENCED_INSTANCE_ID."""
    world = World()
    leader, follower = static_pair(world)
    waiting = world.join(leader.member_id, instance_id="i1")
    again = world.join(instance_id="i1")
    assert waiting.only.error == ErrorCode.FENCED_INSTANCE_ID
    world.join(follower.member_id, instance_id="i2")
    assert again.only.generation_id == 2


def test_g8_taking_over_before_the_assignment_rebalances_again() -> None:
    """In CompletingRebalance the leader may be assigning to the old id, so the rebalance starts over."""
    world = World()
    first, second = world.join(instance_id="i1"), world.join(instance_id="i2")
    world.advance()
    waiting = world.sync(second.only, instance_id="i2")
    world.join(instance_id="i2")
    assert waiting.only.error == ErrorCode.FENCED_INSTANCE_ID
    assert world.state() == "PreparingRebalance"
    assert first.only.generation_id == 1


def test_g8_a_missed_rebalance_does_not_cost_the_place() -> None:
    """Static members that did not rejoin in time stay in the generation; dynamic ones would not."""
    world = World()
    leader, follower = static_pair(world)
    rejoined = world.join(leader.member_id, instance_id="i1")
    for _ in range(12):
        world.advance(5_000)
        world.heartbeat(follower.member_id, 1, "i2")
    assert rejoined.only.generation_id == 2
    assert follower.member_id in world.members()


def test_g8_the_place_is_lost_with_the_session() -> None:
    """A static member that stays away longer than its session is removed like any other."""
    world = World()
    leader, _ = static_pair(world)
    world.advance(SESSION_MS - 1)
    world.heartbeat(leader.member_id, 1, "i1")
    world.advance(1)
    assert world.members() == [leader.member_id]


def test_g8_an_administrator_removes_a_static_member_by_its_instance_id() -> None:
    """LeaveGroup v3 with an instance id and no member id removes the member; an unknown one hears [25]."""
    world = World()
    leader, _ = static_pair(world)
    answers = world.leave(LeavingMember("", "i2"), LeavingMember("", "i9"))
    assert [answer.error for answer in answers] == [ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID]
    assert world.members() == [leader.member_id]


def test_g8_leaving_under_a_replaced_id_is_fenced() -> None:
    """LeaveGroup with both ids checks that they belong together."""
    world = World()
    _, follower = static_pair(world)
    world.join(instance_id="i2")
    assert world.leave(LeavingMember(follower.member_id, "i2"))[0].error == ErrorCode.FENCED_INSTANCE_ID


def test_g8_the_new_id_survives_a_failover() -> None:
    """Taking a place over is written down: the next coordinator knows the new member id, and fences the old."""
    world = World()
    _, follower = static_pair(world)
    again = world.join(instance_id="i2").only
    world.fail_over()
    assert world.heartbeat(again.member_id, 1, "i2") == ErrorCode.NONE
    assert world.heartbeat(follower.member_id, 1, "i2") == ErrorCode.FENCED_INSTANCE_ID


def test_g8_the_new_id_has_a_session_of_its_own() -> None:
    """A process that took its place over and falls silent loses it, one session after it joined."""
    world = World()
    leader, _ = static_pair(world)
    again = world.join(instance_id="i2").only
    world.advance(SESSION_MS - 1)
    world.heartbeat(leader.member_id, 1, "i1")
    assert again.member_id in world.members()
    world.advance(1)
    assert world.members() == [leader.member_id]
