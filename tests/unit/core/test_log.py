"""One replica's log: append, read, roll, truncate, retain, look up by time (L3, L9, L12, L13, F3, F5, R11)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from minikafka._core import BatchError, Disk, Log, inspect_batches, read_records
from minikafka.log.port import LogConfig

from tests.unit.core.logs import DIRECTORY, append, batch, open_log, read


@pytest.fixture
def disk() -> Disk:
    return Disk.simulated(1)


@pytest.fixture
def log(disk: Disk) -> Iterator[Log]:
    log = open_log(disk)
    yield log
    log.close()


def test_l3_the_leader_stamps_offset_and_epoch_outside_the_crc(log: Log) -> None:
    """Two fields change, the CRC does not, and what is read back is what was stamped."""
    append(log, b"a", b"b")
    sent = batch(b"c")
    header = log.append_as_leader(sent, leader_epoch=9)
    assert (header.base_offset, header.partition_leader_epoch) == (2, 9)
    assert header.crc == inspect_batches(sent)[0].crc
    assert inspect_batches(read(log, 2)) == [header]


def test_l3_log_append_time_is_stamped_into_the_batch(log: Log) -> None:
    """Flag, max timestamp and CRC are rewritten; every record then reads with the broker's time (L6)."""
    header = log.append_as_leader(batch(b"a", b"b", timestamp=5), leader_epoch=1, max_timestamp=777)
    assert (header.is_log_append_time, header.max_timestamp) == (True, 777)
    assert inspect_batches(read(log, 0)) == [header]
    assert [record.timestamp for record in read_records(read(log, 0))] == [777, 777]


def test_l1_a_leader_appends_exactly_one_batch(log: Log) -> None:
    """Two batches, or half of one, change nothing."""
    for data in (batch(b"a") + batch(b"b"), batch(b"a")[:-1], b""):
        with pytest.raises(BatchError):
            log.append_as_leader(data, leader_epoch=1)
    assert (log.log_end_offset, log.size_bytes, log.failed) == (0, 0, False)


def test_r11_a_follower_takes_ascending_offsets_with_gaps_all_or_nothing(disk: Disk, log: Log) -> None:
    """Batches as the leader wrote them; one bad batch and none is appended."""
    for value in (b"a", b"b", b"c"):
        append(log, value)
    batches = [read(log, offset, max_bytes=1) for offset in range(3)]
    follower = open_log(disk, directory="/data/topic-1")
    assert [header.base_offset for header in follower.append_as_follower(batches[0] + batches[2])] == [0, 2]
    assert follower.log_end_offset == 3
    with pytest.raises(BatchError, match="below 3"):
        follower.append_as_follower(batches[1])
    damaged = bytearray(read(log, 2))
    damaged[7], damaged[-1] = 9, damaged[-1] ^ 1
    with pytest.raises(BatchError) as caught:
        follower.append_as_follower(damaged)
    assert caught.value.kind == "corrupt"
    assert follower.log_end_offset == 3


def test_f3_a_read_begins_with_the_batch_that_contains_the_offset(log: Log) -> None:
    """Offset 1 lies within the batch 0-2, which comes whole."""
    append(log, b"a", b"b", b"c")
    append(log, b"d")
    part = log.read(1, max_bytes=1 << 20, upper_bound=4, at_least_one_batch=True)
    assert (part.base_offset, part.next_offset) == (0, 4)


def test_f3_a_read_never_shows_a_batch_at_or_above_the_bound(log: Log) -> None:
    """The bound is exclusive and cuts between batches."""
    for value in (b"a", b"b", b"c"):
        append(log, value)
    part = log.read(0, max_bytes=1 << 20, upper_bound=2, at_least_one_batch=True)
    assert (part.next_offset, len(inspect_batches(part.data))) == (2, 2)
    nothing = log.read(2, max_bytes=1 << 20, upper_bound=2, at_least_one_batch=True)
    assert (nothing.data, nothing.base_offset, nothing.next_offset) == (b"", 2, 2)


def test_f3_the_first_batch_comes_whole_above_max_bytes_when_asked(log: Log) -> None:
    """Otherwise a reader with a small buffer would stand still for ever."""
    append(log, b"x" * 1000)
    assert len(read(log, 0, max_bytes=1)) > 1000
    assert log.read(0, max_bytes=1, upper_bound=1, at_least_one_batch=False).data == b""


def test_f2_reads_outside_of_the_log_are_value_errors(log: Log) -> None:
    """Below the log start and above the log end; at the log end there is nothing yet."""
    append(log, b"a", b"b")
    log.advance_log_start_offset(1)
    for offset in (0, 3):
        with pytest.raises(ValueError, match="outside"):
            read(log, offset)
    assert read(log, 2) == b""
    assert not log.failed


def test_l9_a_segment_rolls_by_size_time_and_full_index(disk: Disk) -> None:
    """Asked before an append; by record time, measured from the segment's first batch."""
    log = open_log(disk, config=LogConfig(segment_bytes=300, segment_ms=500))
    assert not log.should_roll(size_bytes=10_000, max_timestamp=10**12, last_offset=0), (
        "an empty segment never rolls"
    )
    append(log, b"a" * 100, timestamp=1000)
    assert not log.should_roll(size_bytes=100, max_timestamp=1500, last_offset=1)
    assert log.should_roll(size_bytes=100, max_timestamp=1501, last_offset=1)
    assert log.should_roll(size_bytes=200, max_timestamp=1000, last_offset=1)
    log.reconfigure(LogConfig(segment_index_bytes=0))
    assert log.should_roll(size_bytes=1, max_timestamp=1000, last_offset=1)


def test_l9_a_new_segment_begins_at_the_log_end(log: Log, disk: Disk) -> None:
    """Files are named after the base offset; rolling an empty segment does nothing."""
    assert log.roll() == 0
    append(log, b"a", b"b")
    assert log.roll() == 2 == log.active_segment_base_offset
    assert log.segment_count == 2
    assert f"{2:020}.log" in disk.list_directory(DIRECTORY)
    assert f"{0:020}.timeindex" in disk.list_directory(DIRECTORY)


def test_r11_truncation_drops_whole_batches_and_lowers_the_recovery_point(log: Log) -> None:
    """A batch that the offset falls into goes as a whole; nothing happens above the log end."""
    append(log, b"a")
    append(log, b"b", b"c")
    assert log.flush() == 3
    log.truncate_to(9)
    assert log.log_end_offset == 3
    log.truncate_to(2)
    assert (log.log_end_offset, log.recovery_point) == (1, 1)
    assert append(log, b"d") == 1


def test_r11_truncation_across_segments_removes_their_files_and_snapshots(log: Log, disk: Disk) -> None:
    """Producer snapshots above the new end speak of batches that are gone (I9)."""
    for value in (b"a", b"b", b"c"):
        append(log, value)
        base = log.roll()
        disk.write_file(f"{DIRECTORY}/{base:020}.snapshot", b"producers")
    log.truncate_to(1)
    names = disk.list_directory(DIRECTORY)
    assert [name for name in names if name.endswith(".snapshot")] == [f"{1:020}.snapshot"]
    assert [name for name in names if name.endswith(".log")] == [f"{0:020}.log", f"{1:020}.log"]
    assert log.log_end_offset == 1


def test_r11_starting_over_leaves_an_empty_log_at_the_offset(log: Log) -> None:
    """Log start, log end and recovery point are the leader's log start."""
    append(log, b"a")
    log.truncate_fully_and_start_at(50)
    assert (log.log_start_offset, log.log_end_offset, log.recovery_point, log.size_bytes) == (50, 50, 50, 0)
    assert append(log, b"b") == 50


def test_l12_the_log_start_only_rises_and_never_passes_the_log_end(log: Log) -> None:
    """The batch that contains the new start stays and is read whole."""
    append(log, b"a", b"b", b"c")
    log.advance_log_start_offset(2)
    log.advance_log_start_offset(1)
    assert log.log_start_offset == 2
    assert inspect_batches(read(log, 2))[0].base_offset == 0
    with pytest.raises(ValueError, match="pass the log end"):
        log.advance_log_start_offset(4)


def test_l13_retention_deletes_whole_segments_but_never_the_active_one(log: Log, disk: Disk) -> None:
    """What belongs to a segment goes with it; the log start follows."""
    for index in range(3):
        append(log, b"a", timestamp=1000 * index)
        disk.write_file(f"{DIRECTORY}/{index:020}.txnindex", b"")
        log.roll()
    oldest = log.segments()[0]
    assert (oldest.base_offset, oldest.next_offset, oldest.largest_timestamp) == (0, 1, 0)
    assert log.delete_segments_before(2) == 2
    assert log.log_start_offset == 2
    assert log.delete_segments_before(99) == 1, "the active segment stays"
    assert f"{0:020}.txnindex" not in disk.list_directory(DIRECTORY)
    assert log.segment_count == 1


def test_i9_headers_come_in_bounded_chunks_across_segments(log: Log) -> None:
    """A replay asks again from where the last chunk ended."""
    for _ in range(5):
        append(log, b"a", b"b")
        log.roll()
    seen: list[int] = []
    while chunk := log.headers(seen[-1] + 2 if seen else 0, max_batches=2):
        assert len(chunk) <= 2
        seen.extend(header.base_offset for header in chunk)
    assert seen == [0, 2, 4, 6, 8]


def test_f5_the_first_record_at_or_after_a_time(log: Log) -> None:
    """Record by record, below the bound; none is None."""
    append(log, b"a", b"b", b"c", timestamp=1000)
    log.roll()
    append(log, b"d", b"e", timestamp=500)
    append(log, b"f", timestamp=3000)
    assert log.offset_for_timestamp(0, upper_bound=6) == (0, 1000)
    assert log.offset_for_timestamp(1001, upper_bound=6) == (1, 1001)
    assert log.offset_for_timestamp(1500, upper_bound=6) == (5, 3000)
    assert log.offset_for_timestamp(1500, upper_bound=5) is None
    assert log.offset_for_timestamp(3001, upper_bound=6) is None


def test_f5_the_offset_of_the_largest_timestamp(log: Log) -> None:
    """The earliest record that has it, below the bound."""
    assert log.max_timestamp_offset(upper_bound=0) is None
    append(log, b"a", b"b", timestamp=1000)
    append(log, b"c", timestamp=1001)
    append(log, b"d", timestamp=9000)
    assert log.max_timestamp_offset(upper_bound=4) == (3, 9000)
    assert log.max_timestamp_offset(upper_bound=3) == (1, 1001)


def test_l9_jitter_takes_another_part_off_segment_ms_for_each_segment(disk: Disk) -> None:
    """Up to `segment.jitter.ms`, and for one segment always the same, in another life as well."""
    config = LogConfig(segment_ms=10_000, segment_jitter_ms=4_000)

    def ages(log: Log) -> list[int]:
        """The youngest age at which each of three segments is rolled."""
        found = []
        for _ in range(3):
            append(log, b"v", timestamp=0)
            due = (
                age
                for age in range(5_000, 10_002)
                if log.should_roll(size_bytes=1, max_timestamp=age, last_offset=9)
            )
            found.append(next(due))
            log.roll()
        return found

    one = ages(open_log(disk, config=config))
    assert len(set(one)) > 1
    assert all(6_000 < age <= 10_001 for age in one)
    assert ages(open_log(Disk.simulated(2), config=config)) == one
    assert ages(open_log(disk, directory="/data/topic-9", config=config)) != one


def test_l15_a_flush_asked_for_syncs_the_indexes_too(disk: Disk) -> None:
    """After a power cut that takes all that was not synced, `.log`, `.index` and `.timeindex` are there."""
    log = open_log(disk, config=LogConfig(index_interval_bytes=50))
    for number in range(5):
        append(log, b"v" * 60, timestamp=1000 + number)
    before = {name: disk.read_file(f"{DIRECTORY}/{name}") for name in disk.list_directory(DIRECTORY)}
    log.flush()
    disk.power_loss(DIRECTORY)
    for name, content in before.items():
        assert content
        assert (disk.read_file(f"{DIRECTORY}/{name}") or b"").startswith(content), name
