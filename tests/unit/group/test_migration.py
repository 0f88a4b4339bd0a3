"""Groups that change their protocol while members are in them (G17)."""

from __future__ import annotations

import pytest
from minikafka.config import BrokerSettings
from minikafka.coordinator.runtime import LoggedRecord
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.requests import JoinAnswer, LeavingMember, Protocol
from minikafka.group.consumer.member import MemberState
from minikafka.group.migration.embedded import (
    Malformed,
    read_assignment,
    read_subscription,
    write_assignment,
)
from minikafka.wire.codec import decode_coordinator_key, decode_record
from minikafka.wire.records.consumer_group_member_metadata import (
    ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue,
)

from tests.unit.group.consumer_kit import Client, ConsumerWorld, joining, saying, slots
from tests.unit.group.kit import GROUP, REBALANCE_MS, SESSION_MS, Heard

EXPLICIT_NULL = b"\1\0\1\0"
"""One tagged field, number 0, one byte long: null."""
NONE, REJOIN = ErrorCode.NONE, ErrorCode.REBALANCE_IN_PROGRESS


@pytest.fixture
def world() -> ConsumerWorld:
    return ConsumerWorld()


def with_policy(policy: str, **more: int) -> ConsumerWorld:
    return ConsumerWorld(
        BrokerSettings(
            group_consumer_assignment_interval_ms=0,
            group_initial_rebalance_delay_ms=0,
            group_consumer_migration_policy=policy,
            **more,
        )
    )


def cooperative(*owned: int, rack: str | None = None) -> Protocol:
    """ConsumerProtocolSubscription v3 to "orders", owning some of its partitions."""
    name = b"\0\6orders"
    indexes = b"".join(index.to_bytes(4, "big") for index in owned)
    rows = b"\0\0\0\1" + name + len(owned).to_bytes(4, "big") + indexes if owned else b"\0\0\0\0"
    last = b"\xff\xff" if rack is None else len(rack).to_bytes(2, "big") + rack.encode()
    metadata = b"\0\3" + b"\0\0\0\1" + name + b"\xff\xff\xff\xff" + rows + b"\xff\xff\xff\xff" + last
    return Protocol("cooperative-sticky", metadata)


class Classic:
    """A classic consumer as the cooperative Java client behaves: it keeps what it has through a rebalance."""

    def __init__(self, world: ConsumerWorld, instance_id: str | None = None) -> None:
        self.world = world
        self.instance_id = instance_id
        self.owned: tuple[int, ...] = ()
        self.member_id = ""
        self.generation = -1
        if instance_id is None:
            self.member_id = world.join(protocols=(cooperative(),)).only.member_id
        self.waiting: Heard[JoinAnswer] | None = None

    def join(self) -> Heard[JoinAnswer]:
        heard = self.world.join(
            self.member_id, instance_id=self.instance_id, protocols=(cooperative(*self.owned),)
        )
        self.waiting = heard
        return heard

    def joined(self) -> JoinAnswer:
        """Takes its answer over."""
        assert self.waiting is not None
        answer = self.waiting.only
        self.member_id, self.generation = answer.member_id, answer.generation_id
        return answer

    def sync(self, plan: dict[str, bytes] | None = None) -> ErrorCode:
        """Takes over what it is given; revokes the rest."""
        answer = JoinAnswer(NONE, self.member_id, self.generation)
        told = self.world.sync(answer, plan, instance_id=self.instance_id).only
        if told.error is NONE:
            self.owned = read_assignment(told.assignment).partitions.get("orders", ())
        return told.error

    def heartbeat(self) -> ErrorCode:
        return self.world.heartbeat(self.member_id, self.generation, self.instance_id)

    def keep_up(self) -> None:
        """One poll: a heartbeat, and whatever follows from it in a consumer group."""
        if self.heartbeat() is REJOIN:
            self.join()
            if self.joined().error is NONE:
                before = set(self.owned)
                if self.sync() is NONE and not before <= set(self.owned):
                    self.join()
                    self.joined()
                    self.sync()


def together(*members: Client | Classic, rounds: int = 5) -> None:
    for _ in range(rounds):
        for member in members:
            if isinstance(member, Client):
                member.beat()
            else:
                member.keep_up()


def classic_group(world: ConsumerWorld, count: int = 1, **options: str) -> list[Classic]:
    """A Stable classic group; the leader gives everyone its share of 4 partitions."""
    members = [Classic(world, **options) for _ in range(count)]
    for member in members:
        member.join()
    world.advance(0)
    answers = [member.joined() for member in members]
    share = 4 // count
    plan = {
        member.member_id: write_assignment(3, [("orders", range(at * share, (at + 1) * share))])
        for at, member in enumerate(members)
    }
    leader = answers[0].leader_id
    for member in sorted(members, key=lambda each: each.member_id != leader):
        assert member.sync(plan if member.member_id == leader else None) is NONE
    return members


# Up.


def test_g17_a_classic_group_becomes_a_consumer_group_with_its_members(world: ConsumerWorld) -> None:
    """Nobody loses what it has; the classic member hears of the newcomer by its heartbeat."""
    (old,) = classic_group(world)
    assert old.owned == (0, 1, 2, 3)
    new = Client(world, "new")
    assert world.group.epoch == 2
    assert new.owned == frozenset()
    assert world.group.members[old.member_id].classic is not None
    assert old.heartbeat() is REJOIN
    together(old, new)
    assert sorted(old.owned) != [0, 1, 2, 3]
    assert frozenset(slots("orders", *old.owned)) | new.owned == slots("orders", 0, 1, 2, 3)
    assert not frozenset(slots("orders", *old.owned)) & new.owned
    assert old.heartbeat() is NONE
    assert world.group.state.value == "Stable"


def test_g17_the_generation_becomes_the_epoch_and_the_assignment_the_target(world: ConsumerWorld) -> None:
    """All of it is in the log: the next coordinator goes on with both protocols in one group."""
    first, second = classic_group(world, 2)
    world.beat(joining("new"))
    for _ in range(2):
        member = world.group.members[first.member_id]
        assert (member.epoch, member.state) == (1, MemberState.STABLE)
        assert frozenset(member.assigned) == slots("orders", 0, 1)
        assert member.classic is not None
        assert member.classic.session_timeout_ms == SESSION_MS
        assert world.group.epoch == 2
        world.fail_over()
    assert second.heartbeat() is REJOIN


def test_g17_who_waits_in_a_rebalance_is_sent_back(world: ConsumerWorld) -> None:
    """REBALANCE_IN_PROGRESS [27], once the change is committed; then it joins the consumer group."""
    (old,) = classic_group(world)
    late = Classic(world)
    parked = late.join()
    assert parked.is_parked
    world.log.holds = True
    world.runtime.write(
        0, lambda shard, now: shard.consumer_heartbeat(joining("new"), now), _nobody, _nobody, world.now
    )
    assert parked.is_parked
    world.replicate()
    assert parked.only.error is REJOIN
    late.join()
    assert late.joined().protocol_name == "cooperative-sticky"
    assert set(world.group.members) == {old.member_id, "new", late.member_id}


def test_g17_who_waits_when_the_coordinator_goes_is_sent_back_too(world: ConsumerWorld) -> None:
    """The change was decided and is not known to be committed; nobody is left waiting."""
    classic_group(world)
    parked = Classic(world).join()
    world.log.holds = True
    world.runtime.write(
        0, lambda shard, now: shard.consumer_heartbeat(joining("new"), now), _nobody, _nobody, world.now
    )
    world.fail_over()
    assert parked.only.error is REJOIN


@pytest.mark.parametrize("policy", ["downgrade", "disabled"])
def test_g17_no_upgrade_without_the_policy(policy: str) -> None:
    """GROUP_ID_NOT_FOUND [69]; the classic group goes on."""
    world = with_policy(policy)
    (old,) = classic_group(world)
    assert world.code(joining("new")) is ErrorCode.GROUP_ID_NOT_FOUND
    assert (old.heartbeat(), world.state()) == (NONE, "Stable")


@pytest.mark.parametrize("case", ["other protocol type", "unreadable", "user data", "too large"])
def test_g17_groups_that_cannot_be_upgraded(case: str) -> None:
    """GROUP_ID_NOT_FOUND [69], whatever the reason, and nothing is written."""
    world = with_policy("bidirectional", group_consumer_max_size=1)
    if case == "other protocol type":
        world.admit(protocol_type="connect")
    elif case == "unreadable":
        world.admit(protocols=(Protocol("range", b"?"),))
    elif case == "too large":
        classic_group(world, 2)
    else:
        (joined,) = world.stable()
        world.shard.groups.by_id[GROUP].members[joined.member_id].assignment = (
            write_assignment(1, [])[:-4] + b"\0\0\0\1!"
        )
    world.advance()
    written = len(world.log.entries)
    assert world.code(joining("new")) is ErrorCode.GROUP_ID_NOT_FOUND
    assert len(world.log.entries) == written


# Classic members inside.


def test_g17_a_classic_consumer_joins_a_consumer_group(world: ConsumerWorld) -> None:
    """One is told an id first [79]; no member leads; the SyncGroup gives what is free by now."""
    new = Client(world, "new")
    old = Classic(world)
    old.join()
    answer = old.joined()
    assert (answer.error, answer.generation_id, answer.leader_id, answer.members) == (NONE, 2, "", ())
    assert (old.sync(), old.owned) == (NONE, ())
    assert old.heartbeat() is NONE
    new.beat()
    new.beat()
    assert old.heartbeat() is REJOIN
    together(old, new)
    assert len(old.owned) == len(new.owned) == 2


def test_g17_a_cooperative_member_gives_up_before_others_get(world: ConsumerWorld) -> None:
    """It is UNREVOKED until it joins without the partitions, and keeps hearing [27] until then."""
    (old,) = classic_group(world)
    new = Client(world, "new")
    old.join()
    old.joined()
    assert world.group.members[old.member_id].state is MemberState.UNREVOKED
    assert (old.generation, old.sync()) == (1, NONE)
    assert len(old.owned) == 2
    assert not new.beat().assignment
    assert old.heartbeat() is REJOIN
    old.join()
    assert old.joined().generation_id == 2
    assert len(new.beat().assignment or ()) == 2


def test_g17_requests_of_classic_members_are_checked(world: ConsumerWorld) -> None:
    """[25] unknown or of the other protocol, [22] another epoch, [23] another protocol, [81] full."""
    world.beat(joining("new"))
    old = Classic(world)
    old.join()
    old.joined()
    assert world.heartbeat("nobody", 2) is ErrorCode.UNKNOWN_MEMBER_ID
    assert world.heartbeat("new", 1) is ErrorCode.UNKNOWN_MEMBER_ID
    assert world.heartbeat(old.member_id, 9) is ErrorCode.ILLEGAL_GENERATION
    answer = JoinAnswer(NONE, old.member_id, old.generation)
    assert world.sync(answer, protocol_name="range").only.error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert world.sync(answer, generation_id=1).only.error is ErrorCode.ILLEGAL_GENERATION
    other = world.join("x", protocols=(Protocol("range", cooperative().metadata),)).only
    assert other.error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    broken = world.join("x", protocols=(Protocol("cooperative-sticky", b"\0\3\x7f\xff\xff\xff"),)).only
    assert broken.error is ErrorCode.UNKNOWN_SERVER_ERROR
    assert world.leave("nobody")[0].error is ErrorCode.UNKNOWN_MEMBER_ID
    small = with_policy("bidirectional", group_consumer_max_size=1)
    small.beat(joining("new"))
    full = small.join("y", protocols=(cooperative(),)).only
    assert full.error is ErrorCode.GROUP_MAX_SIZE_REACHED


def test_g17_no_classic_member_under_the_policy_disabled() -> None:
    """INCONSISTENT_GROUP_PROTOCOL [23]; under every other policy it may join."""
    world = with_policy("disabled")
    world.beat(joining("new"))
    assert world.join("x", protocols=(cooperative(),)).only.error is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    for policy in ("upgrade", "downgrade", "bidirectional"):
        other = with_policy(policy)
        other.beat(joining("new"))
        assert other.join("x", protocols=(cooperative(),)).only.error is NONE


def test_g17_a_classic_members_session_is_its_own(world: ConsumerWorld) -> None:
    """Its session timeout comes from its JoinGroup; heartbeats renew it."""
    new = Client(world, "new")
    old = Classic(world)
    old.join()
    old.joined()
    old.sync()
    for _ in range(2):
        world.advance(SESSION_MS - 1)
        new.beat()
        old.heartbeat()
        assert old.member_id in world.group.members
    world.advance(SESSION_MS)
    assert set(world.group.members) == {"new"}


def test_g17_who_does_not_join_again_in_its_rebalance_timeout_is_removed(world: ConsumerWorld) -> None:
    """Heartbeats alone do not keep a member that was told to join; the clock starts at the first [27]."""
    (old,) = classic_group(world)
    new = Client(world, "new")
    for _ in range(REBALANCE_MS // 5_000):
        assert old.heartbeat() is REJOIN
        world.advance(5_000)
        new.beat()
    assert set(world.group.members) == {"new"}


def test_g17_who_does_not_sync_in_its_rebalance_timeout_is_removed(world: ConsumerWorld) -> None:
    """A JoinGroup starts the clock, a SyncGroup stops it."""
    new = Client(world, "new")
    old, quick = Classic(world), Classic(world)
    for each in (old, quick):
        each.join()
        each.joined()
    quick.sync()
    for _ in range(REBALANCE_MS // 5_000):
        world.advance(5_000)
        new.beat()
        for each in (old, quick):
            if each.heartbeat() is REJOIN and each is quick:
                each.keep_up()
    assert set(world.group.members) == {"new", quick.member_id}


def test_g17_commits_of_classic_members_name_their_generation(world: ConsumerWorld) -> None:
    """ILLEGAL_GENERATION [22], not a stale epoch; any version of OffsetCommit will do."""
    world.beat(joining("new"))
    old = Classic(world)
    old.join()
    old.joined()
    old_version = {"unknown_group": ErrorCode.ILLEGAL_GENERATION}
    assert world.commit(5, old.member_id, old.generation, **old_version).only is NONE
    assert world.commit(5, old.member_id, 1).only is ErrorCode.ILLEGAL_GENERATION
    with pytest.raises(Rejected) as refused:
        world.shard.fetch_offsets(GROUP, [], require_stable=True, member_id=old.member_id, member_epoch=1)
    assert refused.value.code is ErrorCode.ILLEGAL_GENERATION


def test_g17_leave_group_removes_members_of_either_protocol(world: ConsumerWorld) -> None:
    """By an administrator, by instance id as well; one new epoch for all of them."""
    world.beat(joining("new", instance_id="n"))
    world.beat(joining("other"))
    old = Classic(world)
    old.join()
    old.joined()
    epoch = world.group.epoch
    answers = world.leave(LeavingMember("", "n"), LeavingMember(old.member_id, None))
    assert [each.error for each in answers] == [NONE, NONE]
    assert (set(world.group.members), world.group.epoch) == ({"other"}, epoch + 1)


# Down.


def test_g17_the_last_consumer_member_leaves_and_the_group_is_classic_again(world: ConsumerWorld) -> None:
    """Everyone keeps its target as its assignment, and joins the rebalance that follows."""
    first, second = classic_group(world, 2)
    new = Client(world, "new")
    together(first, second, new)
    epoch = world.group.epoch
    world.beat(saying("new", -1))
    assert GROUP not in world.shard.groups.consumer
    assert (world.state(), world.generation()) == ("PreparingRebalance", epoch)
    assert first.heartbeat() is REJOIN
    for each in (first, second):
        each.join()
    leader = first.joined().leader_id
    second.joined()
    assert first.generation == second.generation == epoch + 1
    plan = {first.member_id: write_assignment(3, [("orders", range(4))])}
    for each in sorted((first, second), key=lambda member: member.member_id != leader):
        assert each.sync(plan if each.member_id == leader else None) is NONE
    assert sorted(first.owned) == [0, 1, 2, 3]


def test_g17_after_a_downgrade_the_next_coordinator_finds_a_classic_group(world: ConsumerWorld) -> None:
    """Stable, with the assignments of the last target; the rebalance begins anew with the next heartbeat or join."""
    (old,) = classic_group(world)
    new = Client(world, "new")
    together(old, new)
    kept = frozenset(slots("orders", *old.owned))
    world.beat(saying("new", -1))
    world.fail_over()
    assert (world.state(), world.members()) == ("Stable", [old.member_id])
    remembered = world.shard.groups.by_id[GROUP].members[old.member_id].assignment
    assert frozenset(slots("orders", *read_assignment(remembered).partitions["orders"])) == kept


def test_g17_silence_of_the_last_consumer_member_downgrades_as_well(world: ConsumerWorld) -> None:
    """However it goes."""
    (old,) = classic_group(world)
    new = Client(world, "new")
    together(old, new)
    for _ in range(10):
        world.advance(world.settings.group_consumer_session_timeout_ms // 9)
        old.heartbeat()
    assert world.state() == "PreparingRebalance"


@pytest.mark.parametrize("policy", ["upgrade", "bidirectional"])
def test_g17_a_downgrade_needs_the_policy_and_room(policy: str) -> None:
    """Otherwise the classic members stay in a consumer group, and it goes on working."""
    world = with_policy(policy, group_max_size=1)
    first, second = (Classic(world) for _ in range(2))
    new = Client(world, "new")
    for each in (first, second):
        each.join()
        each.joined()
        each.sync()
    together(first, second, new)
    world.beat(saying("new", -1))
    together(first, second)
    assert GROUP in world.shard.groups.consumer
    assert len(first.owned) == len(second.owned) == 2


def test_g17_a_static_member_comes_back_speaking_the_other_protocol(world: ConsumerWorld) -> None:
    """It takes its place over at once; the last one to go back makes the group classic, without a rebalance."""
    (old,) = classic_group(world, instance_id="i")
    new = Client(world, "new", instance_id="i")
    assert set(world.group.members) == {"new"}
    assert new.owned == slots("orders", 0, 1, 2, 3)
    world.beat(saying("new", -2, instance_id="i"))
    again = Classic(world, "i")
    again.join()
    answer = again.joined()
    assert (answer.error, world.state()) == (NONE, "Stable")
    assert (again.sync(), again.owned) == (NONE, (0, 1, 2, 3))
    old_request = world.heartbeat(old.member_id, old.generation, "i")
    assert old_request is ErrorCode.FENCED_INSTANCE_ID


# In the log.


def test_g17_members_of_the_new_protocol_are_written_without_a_classic_side(world: ConsumerWorld) -> None:
    """Left out, the field would mean an *empty* classic side, and Kafka would take the member for a classic one."""
    world.beat(joining("new"))
    (value,) = (
        decode_record(ConsumerGroupMemberMetadataValue, entry.record.value)
        for entry in world.log.entries
        if isinstance(entry, LoggedRecord)
        and entry.record.value is not None
        and isinstance(
            decode_coordinator_key(entry.record.key, "__consumer_offsets"), ConsumerGroupMemberMetadataKey
        )
    )
    assert value.classic_member_metadata is None


def test_g17_logs_that_left_the_classic_side_out_are_read_as_meant(world: ConsumerWorld) -> None:
    """Earlier versions of this broker wrote them; a classic member always has a protocol."""
    world.beat(joining("new"))
    entries = world.log.entries
    ((at, written),) = [
        (at, entry)
        for at, entry in enumerate(entries)
        if isinstance(entry, LoggedRecord) and (entry.record.value or b"").endswith(EXPLICIT_NULL)
    ]
    value = (written.record.value or b"").removesuffix(EXPLICIT_NULL) + b"\0"
    entries[at] = written._replace(record=written.record._replace(value=value))
    world.fail_over()
    assert world.group.members["new"].classic is None


# The embedded protocol.


def test_g17_subscriptions_of_every_version_are_read() -> None:
    """Owned partitions from v1, rack from v3; later versions are read as v3."""
    said = read_subscription(cooperative(1, 3, rack="r1").metadata)
    assert said == (3, ("orders",), {"orders": (1, 3)}, "r1")
    later = read_subscription(b"\0\x09" + cooperative().metadata[2:] + b"more")
    assert later == (3, ("orders",), {}, None)
    assert read_subscription(b"\0\0\0\0\0\0\xff\xff\xff\xff") == (0, (), {}, None)


@pytest.mark.parametrize("cut", range(len(cooperative(1, 3, rack="r1").metadata)))
def test_g17_a_cut_subscription_is_malformed(cut: int) -> None:
    """Whatever is missing."""
    with pytest.raises(Malformed):
        read_subscription(cooperative(1, 3, rack="r1").metadata[:cut])


def test_g17_assignments_survive_the_round_trip() -> None:
    """Also none at all."""
    written = write_assignment(3, [("a", [1, 2]), ("b", [])])
    assert read_assignment(written) == ({"a": (1, 2), "b": ()}, b"")
    assert read_assignment(b"") == ({}, b"")


def _nobody(_: object, __: object) -> None:
    """No one asked."""
