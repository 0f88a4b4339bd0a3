"""KIP-848 members at the coordinator: joining, reconciling, fencing, leaving (G12-G17)."""

from __future__ import annotations

import pytest
from minikafka.config import BrokerSettings
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer.member import MemberState
from minikafka.types import TopicPartition

from tests.unit.group.consumer_kit import (
    REVOKE_MS,
    SESSION_MS,
    Client,
    ConsumerWorld,
    joining,
    saying,
    settle,
    slots,
    topic,
)
from tests.unit.group.kit import GROUP


@pytest.fixture
def world() -> ConsumerWorld:
    return ConsumerWorld()


# G12: the request.


def test_g12_the_first_member_gets_everything_at_once(world: ConsumerWorld) -> None:
    """Epoch 0 joins; the answer has epoch 1, the broker's heartbeat interval and all partitions."""
    answer = world.beat(joining("a"))
    assert answer == ("a", 1, 5_000, slots("orders", 0, 1, 2, 3))
    assert world.group.state.value == "Stable"


def test_g12_a_keep_alive_hears_no_assignment_and_writes_nothing(world: ConsumerWorld) -> None:
    """Null fields mean "as before", both ways."""
    world.beat(joining("a"))
    written = len(world.log.entries)
    assert world.beat(saying("a", 1)).assignment is None
    assert len(world.log.entries) == written


def test_g12_a_full_request_hears_the_assignment_again(world: ConsumerWorld) -> None:
    """A client that lost its way says everything, and is told everything."""
    world.beat(joining("a"))
    full = joining("a", member_epoch=1, owned=slots("orders", 0))
    assert world.beat(full).assignment == slots("orders", 0, 1, 2, 3)


def test_g12_version_0_members_are_given_an_id(world: ConsumerWorld) -> None:
    """From version 1 on, no id is INVALID_REQUEST [42]."""
    assert world.beat(joining("", makes_its_own_id=False)).member_id == "client-1"
    assert world.code(joining("")) is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "changes",
    [
        {"group_id": ""},
        {"instance_id": ""},
        {"rack_id": ""},
        {"rebalance_timeout_ms": -1},
        {"owned": None},
        {"owned": slots("orders", 0)},
        {"topics": None},
        {"topics": ()},
        {"member_epoch": -3},
        {"member_epoch": -2},
    ],
)
def test_g12_malformed_requests_change_nothing(world: ConsumerWorld, changes: dict[str, object]) -> None:
    """INVALID_REQUEST [42]."""
    assert world.code(joining("a", **changes)) is ErrorCode.INVALID_REQUEST
    assert not world.log.entries


def test_g12_leaving_frees_everything(world: ConsumerWorld) -> None:
    """-1: gone at once, and the group epoch rises."""
    world.beat(joining("a"))
    assert world.beat(saying("a", -1)).member_epoch == -1
    assert world.group.state.value == "Empty"
    assert world.group.epoch == 2


def test_g12_a_regular_expression_subscribes_to_what_matches(world: ConsumerWorld) -> None:
    """Also to topics created later."""
    a = Client(world, "a", topics=None, regex="ord.*|pay")
    assert a.owned == slots("orders", 0, 1, 2, 3)
    world.topics = world.topics | {"pay": topic("pay", 1), "payments": topic("payments", 1)}
    settle(a)
    assert a.owned == slots("orders", 0, 1, 2, 3) | slots("pay", 0)


def test_g12_an_unused_regular_expression_is_forgotten(world: ConsumerWorld) -> None:
    """With its last subscriber."""
    a = Client(world, "a", topics=None, regex="ord.*")
    a.beat(topics=("orders",), regex="")
    assert not world.group.resolved
    assert a.owned == slots("orders", 0, 1, 2, 3)


# G13: epochs.


def test_g13_the_group_epoch_follows_members_subscriptions_and_topics(world: ConsumerWorld) -> None:
    """Each of them, by one; the assignment epoch follows."""
    a = Client(world, "a")
    assert world.group.epoch == 1
    Client(world, "b")
    assert world.group.epoch == 2
    settle(a)
    a.beat(topics=("orders", "pay"))
    assert world.group.epoch == 3
    world.topics = world.topics | {"pay": topic("pay", 2)}
    a.beat()
    assert (world.group.epoch, world.group.assignment_epoch) == (4, 4)
    world.topics = world.topics | {"unrelated": topic("unrelated", 2)}
    a.beat()
    assert world.group.epoch == 4


def test_g13_a_new_target_waits_for_the_assignment_interval() -> None:
    """Many members joining at once are assigned together."""
    world = ConsumerWorld(BrokerSettings(group_consumer_assignment_interval_ms=1_000))
    a = Client(world, "a")
    b = Client(world, "b")
    assert (world.group.epoch, world.group.assignment_epoch) == (2, 1)
    assert world.group.state.value == "Assigning"
    world.advance(1_000)
    settle(a, b)
    assert (len(a.owned), len(b.owned), world.group.assignment_epoch) == (2, 2, 2)


# G14: reconciliation.


def test_g14_revoke_then_assign(world: ConsumerWorld) -> None:
    """The newcomer waits (UNRELEASED) until the owner, told to give up (UNREVOKED), stops reporting."""
    world.beat(joining("a"))
    answer = world.beat(joining("b"))
    assert (answer.member_epoch, answer.assignment) == (2, frozenset())
    assert world.group.members["b"].state is MemberState.UNRELEASED
    everything = slots("orders", 0, 1, 2, 3)
    told = world.beat(saying("a", 1, everything))
    assert told.member_epoch == 1
    assert told.assignment is not None
    kept = told.assignment
    assert len(kept) == 2
    assert world.group.members["a"].state is MemberState.UNREVOKED
    assert world.beat(saying("b", 2, frozenset())).assignment is None
    assert world.beat(saying("a", 1, everything)).member_epoch == 1
    assert world.beat(saying("a", 1, kept)).member_epoch == 2
    assert world.beat(saying("b", 2, frozenset())).assignment == everything - kept
    assert {member.state for member in world.group.members.values()} == {MemberState.STABLE}


def test_g14_who_does_not_give_up_in_its_rebalance_timeout_is_removed(world: ConsumerWorld) -> None:
    """Though it heartbeats; the other gets everything."""
    world.beat(joining("a"))
    b = Client(world, "b")
    everything = slots("orders", 0, 1, 2, 3)
    for _ in range(4):
        world.beat(saying("a", 1, everything))
        b.beat()
        world.advance(REVOKE_MS // 4)
    assert world.code(saying("a", 1, everything)) is ErrorCode.UNKNOWN_MEMBER_ID
    settle(b)
    assert b.owned == everything


def test_g14_a_failover_in_the_middle_changes_nothing(world: ConsumerWorld) -> None:
    """Every step is in the log."""
    a = Client(world, "a")
    b = Client(world, "b")
    for _ in range(4):
        world.fail_over()
        a.beat()
        world.fail_over()
        b.beat()
        assert not a.owned & b.owned
    assert (len(a.owned), len(b.owned)) == (2, 2)
    assert world.group.epoch == 2


# G15: fencing.


def test_g15_an_epoch_ahead_is_fenced(world: ConsumerWorld) -> None:
    """FENCED_MEMBER_EPOCH [110]."""
    world.beat(joining("a"))
    assert world.code(saying("a", 2)) is ErrorCode.FENCED_MEMBER_EPOCH


def test_g15_a_lost_answer_is_given_again(world: ConsumerWorld) -> None:
    """The previous epoch is fine, if it owns nothing but what it was assigned."""
    a = Client(world, "a")
    world.beat(joining("b"))
    a.beat()
    before = a.epoch
    a.beat()
    assert a.epoch == before + 1
    assert world.beat(saying("a", before, a.owned)).member_epoch == a.epoch
    assert world.code(saying("a", before)) is ErrorCode.FENCED_MEMBER_EPOCH
    assert world.code(saying("a", before, slots("orders", 0, 1, 2, 3))) is ErrorCode.FENCED_MEMBER_EPOCH


def test_g15_unknown_members_and_groups(world: ConsumerWorld) -> None:
    """[25]; no group at all is GROUP_ID_NOT_FOUND [69]."""
    assert world.code(saying("a", 1)) is ErrorCode.GROUP_ID_NOT_FOUND
    world.beat(joining("a"))
    assert world.code(saying("x", 1)) is ErrorCode.UNKNOWN_MEMBER_ID
    assert world.code(saying("x", -1)) is ErrorCode.UNKNOWN_MEMBER_ID


def test_g15_a_static_member_comes_back_without_a_new_epoch(world: ConsumerWorld) -> None:
    """After -2 a new process with the instance id has the old place and partitions; the old one hears [82]."""
    a = Client(world, "a", instance_id="i")
    assert world.code(joining("a2", instance_id="i")) is ErrorCode.UNRELEASED_INSTANCE_ID
    assert world.beat(saying("a", -2, instance_id="i")).member_epoch == -2
    back = Client(world, "a2", instance_id="i")
    assert (back.epoch, back.owned, world.group.epoch) == (1, a.owned, 1)
    assert list(world.group.members) == ["a2"]
    assert world.code(saying("a", 1, instance_id="i")) is ErrorCode.FENCED_INSTANCE_ID
    assert world.code(saying("a", 1, instance_id="j")) is ErrorCode.UNKNOWN_MEMBER_ID


def test_g15_a_heartbeat_need_not_repeat_the_instance_id(world: ConsumerWorld) -> None:
    """Null means: as before. librdkafka says it once, and is static all the same."""
    world.beat(joining("a", instance_id="i"))
    world.beat(saying("a", 1))
    assert world.group.members["a"].instance_id == "i"
    world.beat(saying("a", -2, instance_id="i"))
    assert world.group.members["a"].is_away


def test_timers_of_members_are_found_by_member(world: ConsumerWorld) -> None:
    """Their sessions and what a rebalance waits for: all that is timed of them, and nothing of others."""
    world.beat(joining("a"))
    world.beat(joining("b"))
    keys = world.shard.timers_of(lambda _, member: member == "a")
    assert ("consumer-session", world.group.group_id, "a") in keys
    assert {key[2] for key in keys} == {"a"}


def test_g15_a_static_member_that_stays_away_is_removed(world: ConsumerWorld) -> None:
    """After its session."""
    world.beat(joining("a", instance_id="i"))
    b = Client(world, "b")
    world.beat(saying("a", -2, instance_id="i"))
    for _ in range(3):
        world.advance(SESSION_MS // 3)
        settle(b, rounds=1)
    assert list(world.group.members) == ["b"]
    settle(b)
    assert len(b.owned) == 4


def test_g15_unsupported_assignors_and_bad_patterns(world: ConsumerWorld) -> None:
    """[112] and [128]."""
    assert world.code(joining("a", assignor="mine")) is ErrorCode.UNSUPPORTED_ASSIGNOR
    assert world.code(joining("a", regex="(")) is ErrorCode.INVALID_REGULAR_EXPRESSION
    assert not world.log.entries


# G16: sessions, sizes, commits.


def test_g16_silence_ends_a_session(world: ConsumerWorld) -> None:
    """45 s by default, also under a new coordinator."""
    world.beat(joining("a"))
    world.advance(SESSION_MS - 1)
    world.beat(saying("a", 1))
    world.fail_over()
    world.advance(SESSION_MS - 1)
    assert list(world.group.members) == ["a"]
    world.advance(1)
    assert not world.group.members


def test_g16_a_group_may_have_its_own_pace(world: ConsumerWorld) -> None:
    """Told in the answer, and kept by the timer, from the next heartbeat on."""
    world.beat(joining("a"))
    world.configs[GROUP] = {"consumer.heartbeat.interval.ms": "6000", "consumer.session.timeout.ms": "50000"}
    assert world.beat(saying("a", 1)).heartbeat_interval_ms == 6_000
    world.advance(49_999)
    assert list(world.group.members) == ["a"]
    world.advance(1)
    assert not world.group.members


def test_g16_a_full_group_turns_newcomers_away() -> None:
    """GROUP_MAX_SIZE_REACHED [81]."""
    world = ConsumerWorld(BrokerSettings(group_consumer_max_size=1))
    world.beat(joining("a"))
    assert world.code(joining("b")) is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert world.code(joining("a")) is ErrorCode.NONE


def commit(world: ConsumerWorld, epoch: int, partition: int, **options: object) -> ErrorCode:
    (asked,) = slots("orders", partition)
    where = TopicPartition("orders", partition)
    heard = world.commit(7, "a", epoch, partition=where, topic_id=asked.topic_id, **options)
    return heard.only


def test_g16_commits_prove_themselves_by_the_member_epoch(world: ConsumerWorld) -> None:
    """Newer [113]; older only for partitions held since then; no epoch at all only in an empty group [25]."""
    a = Client(world, "a")
    world.beat(joining("b"))
    settle(a)
    assert a.epoch == 2
    (kept, *_), (lost, *_) = sorted(a.owned), sorted(slots("orders", 0, 1, 2, 3) - a.owned)
    assert commit(world, 2, kept.partition) is ErrorCode.NONE
    assert commit(world, 3, kept.partition) is ErrorCode.STALE_MEMBER_EPOCH
    assert commit(world, 1, kept.partition) is ErrorCode.NONE
    assert commit(world, 0, kept.partition) is ErrorCode.STALE_MEMBER_EPOCH
    assert commit(world, 1, lost.partition) is ErrorCode.STALE_MEMBER_EPOCH
    assert world.commit(7).only is ErrorCode.UNKNOWN_MEMBER_ID
    old_version = commit(world, 2, kept.partition, unknown_group=ErrorCode.ILLEGAL_GENERATION)
    assert old_version is ErrorCode.UNSUPPORTED_VERSION


def test_g16_an_empty_group_takes_anyones_commit(world: ConsumerWorld) -> None:
    """As an administrator's."""
    world.beat(joining("a"))
    world.beat(saying("a", -1))
    assert world.commit(7).only is ErrorCode.NONE
    assert world.committed() == 7


def test_g16_a_fetch_may_say_who_asks(world: ConsumerWorld) -> None:
    """[25] and [113]; nobody in particular may always ask."""
    world.beat(joining("a"))
    for member_id, epoch, code in (
        ("x", 1, ErrorCode.UNKNOWN_MEMBER_ID),
        ("a", 2, ErrorCode.STALE_MEMBER_EPOCH),
    ):
        with pytest.raises(Rejected) as refused:
            world.shard.fetch_offsets(
                GROUP, [], require_stable=False, member_id=member_id, member_epoch=epoch
            )
        assert refused.value.code is code
    assert world.shard.fetch_offsets(GROUP, [], require_stable=False, member_id="a", member_epoch=1) == []
    assert world.shard.fetch_offsets(GROUP, [], require_stable=False) == []


# G17: both kinds of group.


def test_g17_an_empty_classic_group_becomes_a_consumer_group(world: ConsumerWorld) -> None:
    """Its offsets stay; while it has members the broker cannot read: GROUP_ID_NOT_FOUND [69]."""
    (joined,) = world.stable()
    world.commit(7, joined.member_id, joined.generation_id)
    assert world.code(joining("a")) is ErrorCode.GROUP_ID_NOT_FOUND
    world.leave(joined.member_id)
    world.advance(0)
    world.beat(joining("a"))
    for _ in range(2):
        assert [(each.state, each.group_type) for each in world.shard.list_groups((), ())] == [
            ("Stable", "consumer")
        ]
        assert world.committed() == 7
        assert world.state() == "Dead"
        world.fail_over()


def test_g17_an_empty_consumer_group_becomes_a_classic_group(world: ConsumerWorld) -> None:
    """Its offsets stay; while it has members, one that is no consumer hears INCONSISTENT_GROUP_PROTOCOL [23]."""
    world.beat(joining("a"))
    assert commit(world, 1, 0) is ErrorCode.NONE
    assert world.join(protocol_type="connect").only.error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    world.beat(saying("a", -1))
    world.stable()
    for _ in range(2):
        assert [each.group_type for each in world.shard.list_groups((), ())] == ["classic"]
        assert world.committed() == 7
        world.fail_over()


def test_g11_only_an_empty_consumer_group_is_deleted(world: ConsumerWorld) -> None:
    """NON_EMPTY_GROUP [68]; with the group go its offsets."""
    world.beat(joining("a"))
    commit(world, 1, 0)
    delete = lambda: world.write(lambda shard, now: shard.delete_group(GROUP, now), lambda code: code).only  # noqa: E731
    assert delete() is ErrorCode.NON_EMPTY_GROUP
    world.beat(saying("a", -1))
    assert delete() is ErrorCode.NONE
    world.fail_over()
    assert (world.committed(), world.shard.list_groups((), ())) == (-1, [])


def test_g10_offsets_of_subscribed_topics_do_not_expire(world: ConsumerWorld) -> None:
    """They go, and the group with them, after the members."""
    a = Client(world, "a")
    commit(world, 1, 0)
    week_ms = world.settings.offsets_retention_minutes * 60_000
    for _ in range(week_ms // 40_000 + 1):
        world.elapsed_ms += 40_000
        a.beat()
    world.advance(600_000 - SESSION_MS)
    assert world.committed() == 7
    world.advance(1_200_000)
    assert world.committed() == -1
    assert world.shard.list_groups((), ()) == []
