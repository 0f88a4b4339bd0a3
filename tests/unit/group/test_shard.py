"""The shard as a whole: what survives a failover, what parked requests hear, what the log holds (G1)."""

from __future__ import annotations

from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.errors import ErrorCode
from minikafka.group.classic.states import HEARS, VALID_PREVIOUS_STATES, ClassicGroupState
from minikafka.types import TopicPartition
from minikafka.wire.codec import decode_coordinator_key, decode_record
from minikafka.wire.records.group_metadata import GroupMetadataKey, GroupMetadataValue
from minikafka.wire.records.offset_commit import OffsetCommitKey, OffsetCommitValue

from tests.unit.group.kit import GROUP, RANGE, REBALANCE_MS, SESSION_MS, WALL_MS, World


def records(world: World) -> list[CoordinatorRecord]:
    return [entry.record for entry in world.log.entries]  # type: ignore[union-attr]


def test_g1_a_stable_group_survives_a_failover() -> None:
    """Members, generation, leader and assignments are in the log; heartbeats and commits go on."""
    world = World()
    leader, follower = world.stable(2)
    world.fail_over()
    assert (world.state(), world.generation()) == ("Stable", 1)
    assert world.heartbeat(follower.member_id, 1) == ErrorCode.NONE
    assert world.commit(1, leader.member_id, 1).only == ErrorCode.NONE
    assert world.sync(follower).only.assignment == follower.member_id.encode()


def test_g1_sessions_start_anew_after_a_failover() -> None:
    """Every remembered member has a whole session to show that it is alive."""
    world = World()
    (member,) = world.stable()
    world.advance(SESSION_MS - 1)
    world.fail_over()
    world.advance(SESSION_MS - 1)
    assert world.members() == [member.member_id]
    world.advance(1)
    assert world.state() == "Empty"


def test_g1_a_rebalance_under_way_is_forgotten() -> None:
    """The next coordinator finds the last resting state; the rebalance starts over when someone asks for it."""
    world = World()
    first, second = world.stable(2)
    world.join(first.member_id)
    world.fail_over()
    assert (world.state(), world.generation()) == ("Stable", 1)
    waiting = world.join(first.member_id)
    world.join(second.member_id)
    assert waiting.only.generation_id == 2


def test_g1_a_follower_with_the_same_metadata_is_recognised_after_a_failover() -> None:
    """The log keeps the chosen protocol's metadata, so an unchanged member with one protocol does not rebalance."""
    world = World()
    _, follower = world.stable(2)
    world.fail_over()
    assert world.join(follower.member_id).only.generation_id == 1


def test_g1_parked_requests_hear_that_the_coordinator_moved() -> None:
    """JoinGroup and SyncGroup alike: NOT_COORDINATOR."""
    world = World()
    world.stable()
    joining = world.admit()
    world.fail_over()
    assert joining.only.error == ErrorCode.NOT_COORDINATOR
    world = World()
    waiting = [world.admit(), world.admit()]
    world.advance()
    syncing = world.sync(waiting[1].only)
    world.fail_over()
    assert syncing.only.error == ErrorCode.NOT_COORDINATOR


def test_g1_decided_but_uncommitted_answers_hear_that_the_coordinator_moved() -> None:
    """A rebalance completed behind an uncommitted record: its members never heard of it, and are told to look again."""
    world = World()
    (member,) = world.stable()
    world.log.holds = True
    world.commit(1, member.member_id, 1)
    rejoined = world.join(member.member_id)
    assert rejoined.is_parked
    world.fail_over()
    assert rejoined.only.error == ErrorCode.NOT_COORDINATOR


def test_g1_timers_of_a_lost_partition_do_nothing() -> None:
    """Sessions of the old coordinator do not end on the new one."""
    world = World()
    world.stable()
    world.runtime.unload(0, world.now)
    world.advance(SESSION_MS)
    assert not world.timers.due


def test_g1_a_group_too_large_after_a_failover_rebalances() -> None:
    """group.max.size was lowered meanwhile: members rejoin, and those above the limit are turned away."""
    world = World()
    first, second = world.stable(2)
    world.settings = world.settings.__class__(group_initial_rebalance_delay_ms=0, group_max_size=1)
    world.fail_over()
    assert world.state() == "PreparingRebalance"
    rejoined = world.join(first.member_id)
    assert world.join(second.member_id).only.error == ErrorCode.GROUP_MAX_SIZE_REACHED
    assert rejoined.is_parked or rejoined.only.generation_id == 2


def test_g5_the_group_record_is_kafkas() -> None:
    """GroupMetadata, key type 2, value version 3: generation, leader, members with subscription and assignment."""
    world = World()
    (member,) = world.stable()
    record = records(world)[-1]
    assert record.key[:2] == b"\0\2"
    assert record.value is not None
    assert record.value[:2] == b"\0\3"
    assert decode_coordinator_key(record.key, "__consumer_offsets") == GroupMetadataKey(group=GROUP)
    value = decode_record(GroupMetadataValue, record.value)
    assert (value.generation, value.protocol, value.leader) == (1, "range", member.member_id)
    (remembered,) = value.members
    assert (remembered.session_timeout, remembered.rebalance_timeout) == (SESSION_MS, REBALANCE_MS)
    assert (bytes(remembered.subscription), bytes(remembered.assignment)) == (
        RANGE.metadata,
        member.member_id.encode(),
    )


def test_g7_the_offset_record_is_kafkas() -> None:
    """OffsetCommit, key type 1, value version 4; version 1 when the offset has a date of its own to expire at."""
    world = World()
    world.commit(42, metadata="note", topic_id=b"t" * 16)
    world.commit(43, retention_ms=5)
    plain, expiring = records(world)
    assert plain.key[:2] == b"\0\1"
    key = decode_coordinator_key(plain.key, "__consumer_offsets")
    assert key == OffsetCommitKey(group=GROUP, topic="orders", partition=0)
    assert plain.value is not None
    assert expiring.value is not None
    assert (plain.value[:2], expiring.value[:2]) == (b"\0\4", b"\0\1")
    value = decode_record(OffsetCommitValue, plain.value)
    assert (value.offset, value.leader_epoch, value.metadata) == (42, 1, "note")
    assert (value.commit_timestamp, value.topic_id) == (WALL_MS, b"t" * 16)
    assert decode_record(OffsetCommitValue, expiring.value).expire_timestamp == WALL_MS + 5


def test_g1_unknown_records_are_skipped() -> None:
    """A record of a type from a later version does not stop the load."""
    world = World()
    world.shard.replay(0, CoordinatorRecord(b"\x7f\x00", b"?"), -1, -1)
    world.commit(42)
    assert world.committed() == 42


def test_g1_groups_are_listed_by_state_and_type() -> None:
    """Filters compare without case; an empty filter passes all."""
    world = World()
    world.stable()
    world.commit(1, group_id="solo")

    def listed(states: list[str], types: list[str]) -> list[tuple[str, str, str]]:
        return [
            (each.group_id, each.state, each.protocol_type) for each in world.shard.list_groups(states, types)
        ]

    assert listed([], []) == [("g", "Stable", "consumer"), ("solo", "Empty", "")]
    assert listed(["stable"], ["Classic"]) == [("g", "Stable", "consumer")]
    assert listed([], ["consumer"]) == []


def test_g1_a_stable_group_is_described_with_its_metadata() -> None:
    """Members with metadata and assignment; during a rebalance without metadata and protocol."""
    world = World()
    (member,) = world.stable()
    described = world.shard.describe_group(GROUP)
    assert described is not None
    assert (described.state, described.protocol_name, described.protocol_type) == (
        "Stable",
        "range",
        "consumer",
    )
    (seen,) = described.members
    assert (seen.client_id, seen.client_host, seen.metadata) == ("client", "/127.0.0.1", RANGE.metadata)
    assert seen.assignment == member.member_id.encode()
    world.admit()
    rebalancing = world.shard.describe_group(GROUP)
    assert rebalancing is not None
    assert (rebalancing.protocol_name, rebalancing.members[0].metadata) == ("", b"")
    assert world.shard.describe_group("nobody") is None


def test_g1_the_whole_of_a_group_can_be_fetched() -> None:
    """OffsetFetch without topics answers everything committed, also what is unstable."""
    world = World()
    world.commit(1)
    world.commit(2, partition=TopicPartition("payments", 3))
    world.commit(9, producer_id=7)
    everything = world.shard.fetch_offsets(GROUP, None, require_stable=True)
    assert [(each.partition.topic, each.offset, each.error) for each in everything] == [
        ("orders", -1, ErrorCode.UNSTABLE_OFFSET_COMMIT),
        ("payments", 2, ErrorCode.NONE),
    ]


def test_g1_the_state_tables_are_complete() -> None:
    """Every state says where it may come from and what each request hears; nothing leaves Dead."""
    states = list(ClassicGroupState)
    assert list(VALID_PREVIOUS_STATES) == list(HEARS) == states
    reachable_from_dead = [
        state for state in states if ClassicGroupState.DEAD in VALID_PREVIOUS_STATES[state]
    ]
    assert reachable_from_dead == [ClassicGroupState.DEAD]
