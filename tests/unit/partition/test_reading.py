"""Who may read what (F1-F3, F5-F9, T10, T11, L12)."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import inspect_batches, read_records
from minikafka.partition.partition import Isolation, Read
from minikafka.types import Buffer

from tests.unit.partition.kit import WALL_MS, World, at, records

REPLICA, UNCOMMITTED, COMMITTED = Isolation.REPLICA, Isolation.READ_UNCOMMITTED, Isolation.READ_COMMITTED


def offsets(read: Read | Buffer) -> list[int]:
    data = read.records if isinstance(read, Read) else read
    return [record.offset for record in read_records(data)]


def two_replicas() -> World:
    """Three records, of which the follower has one."""
    world = World().lead((1, 2))
    for value in (b"0", b"1", b"2"):
        world.append(records(value))
    world.ack(2, 1)
    return world


def refused(world: World, offset: int, **how: int) -> ErrorCode:
    with pytest.raises(Rejected) as error:
        world.read(offset, **how)  # type: ignore[arg-type]
    return error.value.code


def test_f1_each_reader_has_its_bound() -> None:
    """Replicas read to the log end, read_uncommitted to the high watermark, read_committed to the LSO."""
    world = World().lead()
    world.append(records(b"0"))
    world.append(records(b"1", producer_id=7, epoch=0, sequence=0, transactional=True))
    world.append(records(b"2"))
    assert offsets(world.read(0, COMMITTED)) == [0]
    assert offsets(world.read(0, UNCOMMITTED)) == [0, 1, 2]
    assert offsets(two_replicas().read(0, UNCOMMITTED)) == [0]
    assert offsets(two_replicas().read(0, REPLICA)) == [0, 1, 2]


def test_f2_past_the_bound_but_in_the_log_is_empty() -> None:
    """An empty success, with all three offsets in it."""
    read = two_replicas().read(2)
    assert (read.records, read.high_watermark, read.last_stable_offset, read.log_start_offset) == (
        b"",
        1,
        1,
        0,
    )
    assert two_replicas().read(3).records == b""


def test_f2_outside_the_log_is_out_of_range() -> None:
    """Below the log start, above the log end."""
    world = two_replicas()
    assert refused(world, 4) is ErrorCode.OFFSET_OUT_OF_RANGE
    world.partition.delete_records(1)
    assert refused(world, 0) is ErrorCode.OFFSET_OUT_OF_RANGE
    assert refused(world, -1) is ErrorCode.OFFSET_OUT_OF_RANGE


def test_f3_an_offset_inside_a_batch_brings_the_whole_batch() -> None:
    """The answer starts at the batch that contains the offset."""
    world = World().lead()
    world.append(records(b"0", b"1", b"2"))
    assert offsets(world.read(2)) == [0, 1, 2]


def test_f3_the_first_batch_comes_whole_above_max_bytes() -> None:
    """One byte is enough to get one batch, and only one."""
    assert offsets(two_replicas().read(0, REPLICA, max_bytes=1)) == [0]


def test_f8_epochs_fence() -> None:
    """An older epoch than ours is fenced, a newer one unknown, -1 not looked at."""
    world = World().lead(epoch=5)
    world.append()
    assert refused(world, 0, epoch=4) is ErrorCode.FENCED_LEADER_EPOCH
    assert refused(world, 0, epoch=6) is ErrorCode.UNKNOWN_LEADER_EPOCH
    assert offsets(world.read(0, epoch=5)) == offsets(world.read(0)) == [0]


def test_f8_a_follower_serves_nobody() -> None:
    """NOT_LEADER_OR_FOLLOWER; but who knows less or more of the epoch hears of that first."""
    world = World().follow(2, epoch=3)
    assert refused(world, 0) is ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert refused(world, 0, epoch=2) is ErrorCode.FENCED_LEADER_EPOCH


def epochs() -> World:
    """Offsets 0-1 in epoch 1, 2-3 in epoch 4."""
    world = World().lead(epoch=1)
    world.append(records(b"0", b"1"))
    world.lead(epoch=4)
    world.append(records(b"2", b"3"))
    return world


def test_f9_a_log_that_parts_from_ours_hears_where() -> None:
    """Its last epoch ended earlier here, or is not known here: the diverging epoch and its end, no records."""
    world = epochs()
    assert world.read(3, last_epoch=1).diverging == (1, 2)
    assert world.read(3, last_epoch=3).diverging == (1, 2)
    assert world.read(9, last_epoch=4).diverging == (4, 4)
    assert world.read(9, last_epoch=4).records == b""
    assert world.read(2, last_epoch=1).diverging is None
    assert offsets(world.read(3, last_epoch=4)) == [2, 3]


def test_f9_an_epoch_above_all_is_out_of_range() -> None:
    """We cannot tell where it ended."""
    assert refused(epochs(), 2, last_epoch=5) is ErrorCode.OFFSET_OUT_OF_RANGE


def test_f7_the_end_of_an_epoch() -> None:
    """Largest known epoch not above it, and its end."""
    partition = epochs().partition
    assert partition.end_offset_for_epoch(1) == (1, 2)
    assert partition.end_offset_for_epoch(4) == (4, 4)
    assert partition.end_offset_for_epoch(5) == (-1, -1)


def test_f5_list_offsets() -> None:
    """Latest is the reader's bound, earliest the log start; a time finds the first record at or after it."""
    world = World().lead((1, 2), epoch=3)
    for position in range(4):
        world.append(records(timestamp=WALL_MS + 10 * position))
    world.ack(2, 3)
    ask = world.partition.list_offset
    assert ask(-1, UNCOMMITTED, -1) == (3, -1, 3)
    assert ask(-1, REPLICA, -1) == (4, -1, 3)
    assert ask(-2, UNCOMMITTED, -1) == (0, -1, 3)
    assert ask(-4, UNCOMMITTED, -1) == (0, -1, 3)
    assert ask(-5, UNCOMMITTED, -1) == (-1, -1, -1)
    assert ask(-3, UNCOMMITTED, -1) == (2, WALL_MS + 20, 3)
    assert ask(WALL_MS + 11, UNCOMMITTED, -1) == (2, WALL_MS + 20, 3)
    assert ask(WALL_MS + 21, UNCOMMITTED, -1) == (-1, -1, -1)


def test_f5_latest_for_read_committed_is_the_last_stable_offset() -> None:
    """An open transaction holds it."""
    world = World().lead()
    world.append()
    world.append(records(producer_id=7, epoch=0, sequence=0, transactional=True))
    assert world.partition.list_offset(-1, COMMITTED, -1)[0] == 1
    assert world.partition.list_offset(-1, UNCOMMITTED, -1)[0] == 2


def test_f6_right_after_an_election_latest_is_not_available() -> None:
    """Until the high watermark reaches the start of the new epoch; what is found below it is told anyway."""
    world = two_replicas().lead((1, 2), epoch=1)
    ask = world.partition.list_offset
    for timestamp in (-1, WALL_MS + 99):
        with pytest.raises(Rejected) as error:
            ask(timestamp, UNCOMMITTED, -1)
        assert error.value.code is ErrorCode.OFFSET_NOT_AVAILABLE
    assert ask(WALL_MS, UNCOMMITTED, -1)[0] == 0
    assert ask(-2, UNCOMMITTED, -1)[0] == 0
    assert ask(-1, REPLICA, -1)[0] == 3
    world.ack(2, 3)
    assert ask(-1, UNCOMMITTED, -1)[0] == 3


def transactions() -> World:
    """0: a (aborted), 1: b (committed), 2: abort of a, 3: commit of b."""
    world = World().lead()
    world.append(records(b"a", producer_id=1, epoch=0, sequence=0, transactional=True))
    world.append(records(b"b", producer_id=2, epoch=0, sequence=0, transactional=True))
    world.end(1, 0, commit=False)
    world.end(2, 0, commit=True)
    return world


def test_t10_read_committed_waits_for_the_oldest_transaction() -> None:
    """The LSO stays at its first offset until its marker is below the high watermark."""
    world = World().lead((1, 2))
    world.append(records(producer_id=1, epoch=0, sequence=0, transactional=True))
    world.append()
    world.ack(2, 2)
    assert world.partition.last_stable_offset == 0
    world.end(1, 0, commit=True)
    assert world.partition.last_stable_offset == 0
    world.ack(2, 3)
    assert world.partition.last_stable_offset == 3


def test_t11_read_committed_names_the_aborted() -> None:
    """Those that overlap what was read, by first offset; other readers are told none."""
    world = transactions()
    assert world.read(0, COMMITTED).aborted == [(1, 0)]
    assert world.read(3, COMMITTED).aborted == []
    assert world.read(0, UNCOMMITTED).aborted == []


def test_t9_a_markers_offset_counts() -> None:
    """Two records and two markers: the log ends at 4."""
    world = transactions()
    assert world.log.log_end_offset == world.high_watermark == 4
    assert [header.is_control for header in inspect_batches(world.read(0).records)] == [
        False,
        False,
        True,
        True,
    ]


def test_l12_delete_records_raises_the_log_start() -> None:
    """Up to the high watermark (-1); above it OFFSET_OUT_OF_RANGE; the low watermark waits for followers."""
    world = two_replicas()
    with pytest.raises(Rejected) as error:
        world.partition.delete_records(2)
    assert error.value.code is ErrorCode.OFFSET_OUT_OF_RANGE
    assert world.partition.delete_records(-1) == 1
    assert world.partition.low_watermark() == 0
    world.partition.follower_fetched(2, 102, 3, 1, at())
    assert world.partition.low_watermark() == 1


def test_l12_records_of_a_compacted_topic_are_not_deleted() -> None:
    """POLICY_VIOLATION, unless it deletes as well."""
    with pytest.raises(Rejected) as error:
        World({"cleanup.policy": "compact"}).lead().partition.delete_records(0)
    assert error.value.code is ErrorCode.POLICY_VIOLATION
    assert World({"cleanup.policy": "compact,delete"}).lead().partition.delete_records(0) == 0
