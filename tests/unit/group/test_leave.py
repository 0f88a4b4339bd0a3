"""LeaveGroup: going now instead of when the session ends."""

from __future__ import annotations

from minikafka.errors import ErrorCode
from minikafka.group.classic.requests import LeavingMember

from tests.unit.group.kit import World


def test_g4_a_leaving_member_starts_a_rebalance() -> None:
    """The others hear of it with their next heartbeat."""
    world = World()
    first, second = world.stable(2)
    assert world.leave(second.member_id)[0].error == ErrorCode.NONE
    assert world.heartbeat(first.member_id, 1) == ErrorCode.REBALANCE_IN_PROGRESS


def test_g4_a_leaving_member_completes_the_join_it_held_up() -> None:
    """The last member that had not rejoined leaves: the rebalance completes at once."""
    world = World()
    first, second = world.stable(2)
    rejoined = world.join(first.member_id)
    world.leave(second.member_id)
    assert rejoined.only.generation_id == 2


def test_g4_a_leaving_leader_is_succeeded() -> None:
    """The oldest member left leads the next generation."""
    world = World()
    first, second = world.stable(2)
    world.leave(first.member_id)
    assert world.join(second.member_id).only.leader_id == second.member_id


def test_g2_a_pending_id_can_leave() -> None:
    """An id that was given out and never used does not hold the rebalance up any longer."""
    world = World()
    (first,) = world.stable()
    pending = world.join().only.member_id
    rejoined = world.join(first.member_id)
    assert rejoined.is_parked
    assert world.leave(pending)[0].error == ErrorCode.NONE
    assert rejoined.only.generation_id == 2


def test_g4_each_leaving_member_has_its_own_answer() -> None:
    """Strangers hear UNKNOWN_MEMBER_ID, the others go; one rebalance follows."""
    world = World()
    _, second = world.stable(2)
    answers = world.leave("stranger", second.member_id)
    assert [answer.error for answer in answers] == [ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NONE]


def test_g4_an_answer_names_the_member_as_it_was_asked() -> None:
    """The answer repeats both ids."""
    world = World()
    world.stable()
    answer = world.leave(LeavingMember("stranger", "i1"))[0]
    assert (answer.member_id, answer.instance_id) == ("stranger", "i1")


def test_g4_a_parked_join_of_a_leaving_member_is_answered() -> None:
    """Its JoinGroup hears UNKNOWN_MEMBER_ID: if the client lives it joins anew."""
    world = World()
    first, _ = world.stable(2)
    rejoined = world.join(first.member_id)
    world.leave(first.member_id)
    assert rejoined.only.error == ErrorCode.UNKNOWN_MEMBER_ID
