"""JoinGroup: who is let in, and who waits for whom (G2-G4)."""

from __future__ import annotations

from minikafka.config import BrokerSettings
from minikafka.errors import ErrorCode
from minikafka.group.classic.requests import Protocol

from tests.unit.group.kit import GROUP, RANGE, SESSION_MS, World


def test_g1_the_empty_group_id_has_no_members() -> None:
    """JoinGroup with an empty group id hears INVALID_GROUP_ID."""
    assert World().join(group_id="").only.error == ErrorCode.INVALID_GROUP_ID


def test_g2_a_newcomer_is_given_an_id_first() -> None:
    """From v4 on a join without a member id hears MEMBER_ID_REQUIRED and an id; the join with it is accepted."""
    world = World()
    told = world.join().only
    assert (told.error, told.member_id) == (ErrorCode.MEMBER_ID_REQUIRED, "client-1")
    joined = world.join(told.member_id)
    world.advance()
    assert (joined.only.error, joined.only.generation_id) == (ErrorCode.NONE, 1)


def test_g2_before_v4_a_newcomer_joins_at_once() -> None:
    """v0-v3 clients do not know MEMBER_ID_REQUIRED: they are admitted with their first request."""
    world = World()
    joined = world.join(version=3)
    world.advance()
    assert joined.only.error == ErrorCode.NONE
    assert joined.only.member_id == joined.only.leader_id == "client-1"


def test_g2_an_id_given_out_is_held_for_a_session() -> None:
    """A pending id holds a rebalance up, until its session timeout has passed."""
    world = World()
    (first,) = world.stable()
    world.join()
    rejoined = world.join(first.member_id)
    world.advance(SESSION_MS - 1)
    assert rejoined.is_parked
    world.advance(1)
    assert rejoined.only.generation_id == 2


def test_g2_a_member_id_nobody_gave_out_is_unknown() -> None:
    """A join with an id hears UNKNOWN_MEMBER_ID when there is no such group, and when the group has no such member."""
    world = World()
    assert world.join("stranger").only.error == ErrorCode.UNKNOWN_MEMBER_ID
    assert GROUP not in world.shard.groups.by_id
    world.stable()
    assert world.join("stranger").only.error == ErrorCode.UNKNOWN_MEMBER_ID


def test_g2_session_timeouts_have_limits() -> None:
    """A session timeout outside group.min..max.session.timeout.ms hears INVALID_SESSION_TIMEOUT; the limits are in."""
    world = World()
    assert world.join(session_ms=5_999).only.error == ErrorCode.INVALID_SESSION_TIMEOUT
    assert world.join(session_ms=1_800_001).only.error == ErrorCode.INVALID_SESSION_TIMEOUT
    assert world.join(session_ms=6_000).only.error == ErrorCode.MEMBER_ID_REQUIRED
    assert world.join(session_ms=1_800_000).only.error == ErrorCode.MEMBER_ID_REQUIRED


def test_g2_members_must_share_a_protocol() -> None:
    """Another protocol type, or no protocol in common with all members, hears INCONSISTENT_GROUP_PROTOCOL."""
    world = World()
    world.stable()
    sticky = Protocol("sticky", b"")
    assert world.join(protocol_type="connect").only.error == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert world.join(protocols=(sticky,)).only.error == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert world.join(protocols=(sticky, RANGE)).only.error == ErrorCode.MEMBER_ID_REQUIRED
    assert world.state() == "Stable"


def test_g2_an_empty_group_takes_any_protocol_but_none() -> None:
    """The first member decides; it must name at least one protocol and a type."""
    world = World()
    assert world.join(protocols=()).only.error == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert world.join(protocol_type="").only.error == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert GROUP not in world.shard.groups.by_id


def test_g2_a_full_group_turns_newcomers_away() -> None:
    """With group.max.size members, one more hears GROUP_MAX_SIZE_REACHED; members may still rejoin."""
    world = World(BrokerSettings(group_initial_rebalance_delay_ms=0, group_max_size=1))
    (first,) = world.stable()
    assert world.join().only.error == ErrorCode.GROUP_MAX_SIZE_REACHED
    assert world.join(first.member_id).only.generation_id == 2


def test_g2_a_new_group_exists_once_its_record_does() -> None:
    """When the log refuses the first record, the join hears COORDINATOR_NOT_AVAILABLE and no group is left behind."""
    from minikafka.errors import Rejected

    world = World()
    world.log.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert world.join(version=3).only.error == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert world.state() == "Dead"
    world.log.refusal = None
    joined = world.join(version=3)
    world.advance()
    assert (joined.only.generation_id, len(joined.only.members)) == (1, 1)


def test_g2_a_new_groups_first_answer_waits_for_its_record() -> None:
    """MEMBER_ID_REQUIRED for a new group is told once the group's record is committed, or [15] at the deadline."""
    world = World()
    world.log.holds = True
    told, late = world.join(), world.join()
    assert told.is_parked
    world.advance(5_000)
    assert late.only.error == told.only.error == ErrorCode.COORDINATOR_NOT_AVAILABLE
    third = world.join()
    world.replicate()
    assert third.only.error == ErrorCode.MEMBER_ID_REQUIRED


def test_g3_the_first_rebalance_waits_and_newcomers_extend_it() -> None:
    """An empty group waits group.initial.rebalance.delay.ms; a newcomer meanwhile adds one more delay."""
    world = World(BrokerSettings(group_initial_rebalance_delay_ms=3_000))
    first = world.join(version=3)
    world.advance(2_999)
    second = world.join(version=3)
    world.advance(1)
    assert first.is_parked
    world.advance(2_999)
    assert first.is_parked
    world.advance(1)
    assert first.only.generation_id == second.only.generation_id == 1
    assert len(first.only.members) == 2


def test_g3_the_first_rebalance_waits_no_longer_than_the_rebalance_timeout() -> None:
    """Newcomers cannot extend the first rebalance beyond the largest rebalance timeout."""
    world = World(BrokerSettings(group_initial_rebalance_delay_ms=3_000))
    first = world.join(version=3, rebalance_ms=7_000)
    for _ in range(3):
        world.advance(2_000)
        world.join(version=3, rebalance_ms=7_000)
    world.advance(999)
    assert first.is_parked
    world.advance(1)
    assert first.only.generation_id == 1


def test_g3_a_later_rebalance_waits_for_every_known_member() -> None:
    """A newcomer's join is parked until the present members have rejoined."""
    world = World()
    first, second = world.stable(2)
    newcomer = world.admit()
    assert world.state() == "PreparingRebalance"
    world.join(first.member_id)
    assert newcomer.is_parked
    world.join(second.member_id)
    assert newcomer.only.generation_id == 2


def test_g3_members_who_do_not_rejoin_in_time_are_dropped() -> None:
    """After the largest rebalance timeout the generation is made of whoever has come."""
    world = World()
    first, second = world.stable(2)
    rejoined = world.join(first.member_id)
    for _ in range(12):
        world.heartbeat(second.member_id, 1)
        world.advance(5_000)
    assert rejoined.only.generation_id == 2
    assert world.members() == [first.member_id]
    assert world.heartbeat(second.member_id, 1) == ErrorCode.UNKNOWN_MEMBER_ID


def test_g3_a_leader_who_does_not_rejoin_is_replaced() -> None:
    """When the old leader misses the rebalance, a member who came leads."""
    world = World()
    first, second = world.stable(2)
    rejoined = world.join(second.member_id, protocols=(Protocol("range", b"changed"),))
    world.advance(60_000)
    assert rejoined.only.leader_id == second.member_id != first.member_id


def test_g4_only_the_leader_hears_everyones_metadata() -> None:
    """The first member leads; its answer lists all members with their metadata, the others' answers none."""
    world = World()
    first, second = world.stable(2)
    assert first.leader_id == second.leader_id == first.member_id
    assert [member.member_id for member in first.members] == [first.member_id, second.member_id]
    assert first.members[1].metadata == RANGE.metadata
    assert second.members == ()


def test_g4_the_protocol_is_voted_among_those_all_support() -> None:
    """Each member votes for its first protocol that everyone supports; most votes win."""
    world = World()
    a, b, c = (Protocol(name, name.encode()) for name in "abc")
    heard = [world.join(version=3, protocols=each) for each in ((a, b), (b, a), (c, b, a))]
    world.advance()
    assert {answer.only.protocol_name for answer in heard} == {"b"}


def test_g4_a_leader_who_rejoins_starts_a_rebalance() -> None:
    """In Stable the leader's join always rebalances: it may have seen new partitions."""
    world = World()
    leader, _ = world.stable(2)
    assert world.join(leader.member_id).is_parked
    assert world.state() == "PreparingRebalance"


def test_g4_an_unchanged_follower_hears_the_current_generation() -> None:
    """In Stable a follower with the same metadata only missed its answer: no rebalance."""
    world = World()
    _, follower = world.stable(2)
    assert world.join(follower.member_id).only == follower
    assert world.state() == "Stable"


def test_g4_a_follower_with_new_metadata_starts_a_rebalance() -> None:
    """A changed subscription needs a new assignment."""
    world = World()
    _, follower = world.stable(2)
    assert world.join(follower.member_id, protocols=(Protocol("range", b"other"),)).is_parked
    assert world.state() == "PreparingRebalance"


def test_g4_a_member_that_missed_its_answer_hears_it_again() -> None:
    """In CompletingRebalance an unchanged member hears the same generation; the leader with all members."""
    world = World()
    heard = world.join(version=3)
    world.advance()
    assert world.state() == "CompletingRebalance"
    assert world.join(heard.only.member_id).only == heard.only


def test_g4_a_newcomers_dead_connection_does_not_stay_for_ever() -> None:
    """A member parked in its first join is dropped after five minutes, and told, since it cannot heartbeat."""
    world = World()
    (first,) = world.stable()
    newcomer = world.join(version=3, rebalance_ms=1_000_000)
    for _ in range(60):
        world.heartbeat(first.member_id, 1)
        world.advance(5_000)
    assert newcomer.only.error == ErrorCode.UNKNOWN_MEMBER_ID
    assert world.members() == [first.member_id]


def test_g4_a_request_given_up_is_not_left_hanging() -> None:
    """A member that joins again while its earlier JoinGroup is parked: the earlier hears REBALANCE_IN_PROGRESS."""
    world = World()
    first, _ = world.stable(2)
    given_up = world.join(first.member_id)
    again = world.join(first.member_id)
    assert given_up.only.error == ErrorCode.REBALANCE_IN_PROGRESS
    assert again.is_parked
