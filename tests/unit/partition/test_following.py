"""A follower (R3, R11, L12; fsync mode: its fetch offset is its durability claim)."""

from __future__ import annotations

import pytest
from minikafka.partition.acks import ALL, LEADER
from minikafka.partition.follower import FetchPosition
from minikafka.partition.partition import Isolation

from tests.unit.partition.kit import World, at, records

FSYNC = "fsync"


def deliver(
    follower: World,
    leader: World,
    *,
    high_watermark: int | None = None,
    max_bytes: int = 1 << 20,
) -> None:
    """One fetch of the follower, answered by the leader."""
    position = follower.partition.fetch_position()
    assert position is not None
    read = leader.read(
        position.offset, Isolation.REPLICA, last_epoch=position.last_fetched_epoch, max_bytes=max_bytes
    )
    follower.partition.fetched(
        read.records,
        read.high_watermark if high_watermark is None else high_watermark,
        read.log_start_offset,
        read.diverging,
        at(),
    )


def test_r3_the_followers_high_watermark_trails_the_leaders() -> None:
    """The lower of the leader's, as told, and our own log end; it may go down."""
    leader = World().lead((1, 2))
    for _ in range(3):
        leader.append()
    follower = World().follow()
    deliver(follower, leader, high_watermark=99)
    assert follower.high_watermark == 3
    deliver(follower, leader, high_watermark=1)
    assert follower.high_watermark == 1


def test_r11_a_follower_fetches_from_its_log_end_with_its_last_epoch() -> None:
    """And in the leader epoch it was told."""
    follower = World().follow(epoch=4)
    assert follower.partition.fetch_position() == FetchPosition(0, -1, 4, 0)
    leader = World().lead((1, 2), epoch=4)
    leader.append(records(b"a", b"b"))
    deliver(follower, leader)
    assert follower.partition.fetch_position() == FetchPosition(2, 4, 4, 0)
    assert follower.log.epochs.start_of(4) == 0


def test_r11_while_nobody_leads_nothing_is_fetched() -> None:
    """Leader -1."""
    assert World().follow(-1).partition.fetch_position() is None
    assert World().lead().partition.fetch_position() is None


def diverged() -> tuple[World, World]:
    """Offsets 0-1 are common (epoch 1). Ours then has 2-4 of epoch 2, the leader's 2 of epoch 3."""
    leader, ours = World().lead((1, 2), epoch=1), World().lead((1, 2), epoch=1)
    for world in (leader, ours):
        world.append(records(b"0"))
        world.append(records(b"1"))
    ours.lead((1, 2), epoch=2)
    for _ in range(3):
        ours.append(records(b"lost"))
    leader.lead((1, 2), epoch=3)
    leader.append(records(b"kept"))
    ours.follow(2, epoch=3)
    return ours, leader


def test_r11_a_diverging_log_is_cut_back_and_repaired() -> None:
    """The leader says where the logs part; after truncation both hold the same bytes."""
    ours, leader = diverged()
    deliver(ours, leader)
    assert ours.log.log_end_offset == 2
    deliver(ours, leader)
    assert ours.log.port.read(0, max_bytes=1 << 20, upper_bound=9, at_least_one_batch=True).data == (
        leader.log.port.read(0, max_bytes=1 << 20, upper_bound=9, at_least_one_batch=True).data
    )
    assert ours.log.epochs.entries() == leader.log.epochs.entries()
    assert ours.log.truncations == 1


def test_r11_an_epoch_unknown_here_takes_two_steps() -> None:
    """Told of an epoch we never had, we cut to the end of the next smaller one and ask again."""
    ours = World().lead((1, 2), epoch=1)
    ours.append(records(b"0"))
    ours.lead((1, 2), epoch=4)
    ours.append(records(b"1"))
    ours.follow(2, epoch=6)
    assert ours.partition.fetch_position() is not None
    ours.partition.fetched(b"", 0, 0, (3, 5), at())
    assert ours.log.log_end_offset == 1
    ours.partition.fetch_position()
    ours.partition.fetched(b"", 0, 0, (1, 0), at())
    assert ours.log.log_end_offset == 0


def test_r11_truncation_may_go_below_the_high_watermark() -> None:
    """The leader's log is the truth (an unclean election); our high watermark comes down with the log end."""
    ours = World().lead(epoch=1)
    for _ in range(3):
        ours.append()
    assert ours.high_watermark == 3
    ours.follow(2, epoch=2)
    ours.partition.fetch_position()
    ours.partition.fetched(b"", 0, 0, (1, 1), at())
    assert (ours.log.log_end_offset, ours.high_watermark) == (1, 1)


def test_r11_out_of_range_above_the_leader_is_cut() -> None:
    """The leader's log ends below ours."""
    ours, _ = diverged()
    ours.partition.out_of_range(0, 3, at())
    assert ours.log.log_end_offset == 3


def test_r11_out_of_range_below_the_leader_starts_over() -> None:
    """The leader's log starts above our end: drop everything and start there."""
    ours, _ = diverged()
    ours.partition.out_of_range(50, 60, at())
    assert (ours.log.log_start_offset, ours.log.log_end_offset, ours.high_watermark) == (50, 50, 50)
    assert ours.log.epochs.entries() == []
    assert ours.partition.fetch_position() == FetchPosition(50, -1, 3, 50)


def test_r11_batches_of_a_newer_epoch_are_left_out() -> None:
    """They come from a leader we have not been told about (KAFKA-18723)."""
    leader = World().lead((1, 2), epoch=1)
    leader.append(records(b"0"))
    leader.lead((1, 2), epoch=2)
    leader.append(records(b"1"))
    follower = World().follow(2, epoch=1)
    deliver(follower, leader)
    assert follower.log.log_end_offset == 1


def test_r11_a_stale_answer_is_ignored() -> None:
    """The answer to a fetch from before a new leader epoch, or from elsewhere than our log's end, changes nothing."""
    leader = World().lead((1, 2))
    leader.append()
    follower = World().follow()
    follower.partition.fetch_position()
    read = leader.read(0, Isolation.REPLICA)
    follower.follow(2, epoch=1)
    follower.partition.fetched(read.records, 1, 0, None, at())
    assert follower.log.log_end_offset == 0
    deliver(follower, leader)
    follower.partition.fetched(read.records, 1, 0, (0, 0), at())
    assert follower.log.log_end_offset == 1


def test_i1_a_follower_rebuilds_producer_state_without_checking() -> None:
    """Whatever the leader wrote is remembered, so that the follower can lead next."""
    leader = World().lead((1, 2))
    batch = records(producer_id=7, epoch=0, sequence=0, transactional=True)
    leader.append(batch)
    follower = World().follow()
    deliver(follower, leader)
    assert follower.partition.has_transaction(7, 0)
    follower.lead((1, 2), epoch=1)
    assert follower.append(batch).duplicate


def test_l12_a_follower_raises_its_log_start_with_the_leaders() -> None:
    """As far as its own high watermark allows."""
    leader = World().lead()
    for _ in range(3):
        leader.append()
    leader.partition.delete_records(2)
    follower = World().follow()
    follower.partition.out_of_range(2, 3, at())
    deliver(follower, leader)
    assert (follower.log.log_start_offset, follower.log.log_end_offset) == (2, 3)
    leader.partition.delete_records(3)
    deliver(follower, leader)
    assert follower.log.log_start_offset == 3


def test_l9_a_follower_rolls_too() -> None:
    """Segments of a follower end where its own rules say."""
    leader, follower = World().lead((1, 2)), World({"segment.bytes": 100}).follow()
    for _ in range(3):
        leader.append(records(b"x" * 30))
    for _ in range(3):
        deliver(follower, leader, max_bytes=1)
    assert follower.log.port.segment_count == 3
    assert follower.partition.wants_flush
    follower.log.port.flush()
    follower.partition.flush_completed(3, at())
    assert not follower.partition.wants_flush


def test_fsync_a_follower_claims_only_what_is_on_disk() -> None:
    """It fetches again only once everything it has was flushed, so its fetch offset is its durability claim."""
    leader = World().lead((1, 2))
    leader.append()
    follower = World(durability=FSYNC).follow()
    deliver(follower, leader)
    assert follower.partition.wants_flush
    assert follower.partition.fetch_position() is None
    follower.log.port.flush()
    follower.partition.flush_completed(1, at())
    position = follower.partition.fetch_position()
    assert position is not None
    assert position.offset == 1


@pytest.mark.parametrize("acks", [LEADER, ALL])
def test_fsync_an_acknowledgement_waits_for_the_leaders_disk(acks: int) -> None:
    """acks=1, acks=all and duplicates alike; the high watermark counts the leader up to its recovery point."""
    world = World(durability=FSYNC).lead()
    batch = records(producer_id=7, epoch=0, sequence=0)
    first = world.append(batch, acks=acks)
    again = world.append(batch, acks=acks)
    assert world.partition.wants_flush
    assert [world.acked(one, acks) for one in (first, again)] == [None, None]
    assert world.high_watermark == 0
    world.log.port.flush()
    world.partition.flush_completed(1, at())
    assert [world.acked(one, acks) for one in (first, again)] == [0, 0]
    assert world.high_watermark == 1


def test_fsync_a_replicated_record_still_waits_for_the_leaders_disk() -> None:
    """Followers' claims do not stand in for the leader's own."""
    world = World(durability=FSYNC).lead((1, 2))
    appended = world.append(acks=ALL)
    world.ack(2, 1)
    assert (world.high_watermark, world.acked(appended)) == (0, None)
    world.log.port.flush()
    world.partition.flush_completed(1, at())
    assert (world.high_watermark, world.acked(appended)) == (1, 0)
