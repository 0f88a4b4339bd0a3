"""How offsets and groups go away (G10, G11)."""

from __future__ import annotations

from minikafka.config import BrokerSettings
from minikafka.errors import ErrorCode
from minikafka.types import TopicPartition

from tests.unit.group.kit import GROUP, ORDERS, World

RETENTION_MS = 60_000
SWEEP_MS = 1_000
PAYMENTS = TopicPartition("payments", 0)


def swept_world() -> World:
    """Offsets are kept for a minute, swept every second."""
    return World(
        BrokerSettings(
            group_initial_rebalance_delay_ms=0,
            offsets_retention_minutes=1,
            offsets_retention_check_interval_ms=SWEEP_MS,
        )
    )


def keep_alive(world: World, member_id: str, ms: int) -> None:
    for _ in range(ms // 5_000):
        world.heartbeat(member_id, 1)
        world.advance(5_000)


def delete_group(world: World, group_id: str = GROUP) -> ErrorCode:
    return world.write(lambda shard, now: shard.delete_group(group_id, now), lambda code: code).only


def delete_offset(world: World, partition: TopicPartition) -> ErrorCode:
    return world.write(
        lambda shard, now: shard.delete_offsets(GROUP, [partition], now), lambda code: [code]
    ).only[0]


def test_g10_a_standalone_offset_expires_after_its_last_commit() -> None:
    """Nobody joined the group: the retention counts from the commit, and the group goes with its last offset."""
    world = swept_world()
    world.commit(1)
    world.advance(RETENTION_MS - SWEEP_MS)
    world.commit(2)
    world.advance(RETENTION_MS - SWEEP_MS)
    assert world.committed() == 2
    world.advance(2 * SWEEP_MS)
    assert (world.committed(), world.state()) == (-1, "Dead")


def test_g10_a_groups_offsets_expire_after_it_became_empty() -> None:
    """However old the commit, the retention counts from when the last member went."""
    world = swept_world()
    (member,) = world.stable()
    world.commit(1, member.member_id, 1)
    keep_alive(world, member.member_id, 2 * RETENTION_MS)
    world.leave(member.member_id)
    world.advance(RETENTION_MS - SWEEP_MS)
    assert world.committed() == 1
    world.advance(2 * SWEEP_MS)
    assert (world.committed(), world.state()) == (-1, "Dead")


def test_g10_subscribed_topics_do_not_expire_others_do() -> None:
    """In a live group an offset goes only when no member reads its topic any more."""
    world = swept_world()
    (member,) = world.stable()
    world.commit(1, member.member_id, 1)
    world.commit(7, member.member_id, 1, partition=PAYMENTS)
    keep_alive(world, member.member_id, 2 * RETENTION_MS)
    assert (world.committed(ORDERS), world.committed(PAYMENTS)) == (1, -1)


def test_g10_pending_offsets_do_not_expire() -> None:
    """Nothing goes while an open transaction has written it."""
    world = swept_world()
    world.commit(1)
    world.commit(2, producer_id=7)
    world.advance(2 * RETENTION_MS)
    assert world.committed() == 1
    world.end_transaction(7, committed=False)
    world.advance(SWEEP_MS)
    assert world.committed() == -1


def test_g10_an_empty_group_without_offsets_goes() -> None:
    """There is nothing left to remember; a group whose newcomer is on its way stays."""
    world = swept_world()
    world.join()
    world.advance(SWEEP_MS)
    assert world.state() == "Empty"
    world.advance(20_000)
    assert world.state() == "Dead"


def test_g10_what_expired_is_gone_for_the_next_coordinator_too() -> None:
    """Expiry is written down as tombstones."""
    world = swept_world()
    world.commit(1)
    world.advance(RETENTION_MS + SWEEP_MS)
    world.fail_over()
    assert (world.committed(), world.state()) == (-1, "Dead")


def test_g11_only_an_empty_group_can_be_deleted() -> None:
    """NON_EMPTY_GROUP while it has members, GROUP_ID_NOT_FOUND when there is none; offsets go with it."""
    world = World()
    assert delete_group(world) == ErrorCode.GROUP_ID_NOT_FOUND
    (member,) = world.stable()
    world.commit(1, member.member_id, 1)
    assert delete_group(world) == ErrorCode.NON_EMPTY_GROUP
    world.leave(member.member_id)
    assert delete_group(world) == ErrorCode.NONE
    assert (world.committed(), world.state()) == (-1, "Dead")
    world.fail_over()
    assert (world.committed(), world.state()) == (-1, "Dead")


def test_g11_deleting_a_group_drops_its_pending_offsets() -> None:
    """A marker that comes later finds nothing to commit."""
    world = World()
    world.commit(1, producer_id=7)
    assert delete_group(world) == ErrorCode.NONE
    world.end_transaction(7, committed=True)
    assert world.committed() == -1


def test_g11_offsets_of_subscribed_topics_cannot_be_deleted() -> None:
    """GROUP_SUBSCRIBED_TO_TOPIC while a member reads the topic; others go, and what never was is NONE as well."""
    world = World()
    (member,) = world.stable()
    world.commit(1, member.member_id, 1)
    world.commit(7, member.member_id, 1, partition=PAYMENTS)
    assert delete_offset(world, ORDERS) == ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
    assert delete_offset(world, PAYMENTS) == ErrorCode.NONE
    assert delete_offset(world, TopicPartition("other", 0)) == ErrorCode.NONE
    assert (world.committed(ORDERS), world.committed(PAYMENTS)) == (1, -1)


def test_g11_offsets_of_an_unreadable_live_group_cannot_be_deleted() -> None:
    """Members of another protocol type have subscriptions the broker cannot read: NON_EMPTY_GROUP."""
    world = World()
    joined = world.join(version=3, protocol_type="connect")
    world.advance()
    world.assign([joined.only])
    assert delete_offset(world, ORDERS) == ErrorCode.NON_EMPTY_GROUP


def test_g11_offsets_of_no_group() -> None:
    """GROUP_ID_NOT_FOUND."""
    assert delete_offset(World(), ORDERS) == ErrorCode.GROUP_ID_NOT_FOUND


def test_g10_a_deleted_topics_offsets_go() -> None:
    """Those committed for a later topic of the same name stay."""
    world = World()
    old, new = b"o" * 16, b"n" * 16
    world.commit(1, topic_id=old)
    world.commit(2, partition=TopicPartition("orders", 1), topic_id=new)
    world.write(lambda shard, now: shard.forget_topic("orders", old, now), lambda _: None)
    assert (world.committed(), world.committed(TopicPartition("orders", 1))) == (-1, 2)
