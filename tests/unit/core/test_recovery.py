"""Crashes: what is promised, what is cut, what goes offline (D1-D4, D6, D7)."""

from __future__ import annotations

import pytest
from minikafka._core import Disk, LogError, inspect_batches
from minikafka.log.port import LogConfig

from tests.unit.core.logs import DIRECTORY, append, open_log, read


def test_d1_a_kill_loses_nothing_and_a_power_loss_what_was_not_flushed() -> None:
    """The page cache survives the process, not the power."""
    disk = Disk.simulated(1)
    log = open_log(disk)
    append(log, b"a")
    recovery_point = log.flush()
    append(log, b"b")
    assert open_log(disk, recovery_point=recovery_point).log_end_offset == 2
    disk.power_loss("/data")
    assert open_log(disk, recovery_point=recovery_point).log_end_offset == 1


def test_d1_a_log_that_was_open_when_the_power_went_is_offline() -> None:
    """Its bytes are not what it believes; it must be opened again."""
    disk = Disk.simulated(1)
    log = open_log(disk)
    disk.power_loss("/data")
    with pytest.raises(LogError):
        append(log, b"a")
    assert log.failed


def test_d2_recovery_cuts_at_the_first_bad_byte_and_rebuilds_the_indexes() -> None:
    """A zeroed stretch looks like a bad batch; what stood before it is served again, through new indexes."""
    disk = Disk.simulated(1)
    log = open_log(disk, config=LogConfig(index_interval_bytes=100))
    for _ in range(20):
        append(log, b"x" * 50)
    path = f"{DIRECTORY}/{0:020}.log"
    content = bytearray(disk.read_file(path) or b"")
    size = len(content) // 20
    content[15 * size + 70 : 15 * size + 80] = bytes(10)
    disk.write_file(path, content)
    disk.write_file(f"{DIRECTORY}/{0:020}.index", b"nonsense")
    log = open_log(disk)
    assert log.log_end_offset == 15
    assert [header.base_offset for header in inspect_batches(read(log, 9))] == list(range(9, 15))


def test_d2_recovery_does_not_move_the_recovery_point() -> None:
    """Only a flush does."""
    disk = Disk.simulated(1)
    log = open_log(disk)
    append(log, b"a")
    log = open_log(disk)
    assert (log.log_end_offset, log.recovery_point) == (1, 0)
    assert log.flush() == 1 == log.recovery_point


def test_d3_a_clean_log_is_trusted_without_reading_it() -> None:
    """Damage in the middle goes unseen until somebody reads it; a missing index is rebuilt."""
    disk = Disk.simulated(1)
    log = open_log(disk)
    for value in (b"a", b"b", b"c"):
        append(log, value)
    log.flush()
    log.close()
    assert not log.failed, "closed is not failed"
    with pytest.raises(LogError, match="closed"):
        append(log, b"d")
    path = f"{DIRECTORY}/{0:020}.log"
    content = bytearray(disk.read_file(path) or b"")
    content[68] ^= 1
    disk.write_file(path, content)
    assert open_log(disk, recovery_point=3, clean=True).log_end_offset == 3
    disk.remove_file(f"{DIRECTORY}/{0:020}.index")
    assert open_log(disk, recovery_point=3, clean=True).log_end_offset == 0


def test_d3_an_empty_log_begins_at_its_checkpointed_start() -> None:
    """All records deleted, no file left: offsets are not given out twice."""
    log = open_log(Disk.simulated(1), log_start_offset=42)
    assert (log.log_start_offset, log.log_end_offset) == (42, 42)


def test_d4_two_power_losses_with_one_seed_leave_the_same_log() -> None:
    """A crash image is random and repeatable."""
    images = []
    for _ in range(2):
        disk = Disk.simulated(5)
        log = open_log(disk)
        for value in range(50):
            append(log, bytes([value]) * 99)
        disk.power_loss("/data", 7)
        images.append(disk.read_file(f"{DIRECTORY}/{0:020}.log"))
    assert images[0] == images[1]


def test_d6_a_small_file_is_replaced_as_a_whole() -> None:
    """Whatever the moment, the old content or the new one is there."""
    for seed in range(50):
        disk = Disk.simulated(seed)
        disk.make_directory("/data")
        disk.write_file_atomically("/data/checkpoint", b"old")
        disk.write_file_atomically("/data/checkpoint", b"new")
        disk.write_file("/data/other", b"lost")
        disk.power_loss("/data", seed)
        assert disk.read_file("/data/checkpoint") == b"new"
        disk.write_file("/data/lost", b"x")
        disk.power_loss("/data")
        assert disk.read_file("/data/lost") is None


def test_d7_a_failed_sync_is_for_ever() -> None:
    """The log goes offline, the recovery point stays, and no later flush claims success."""
    disk = Disk.simulated(1)
    log = open_log(disk)
    append(log, b"a")
    disk.fail_sync("/data")
    for _ in range(2):
        with pytest.raises(LogError):
            log.flush()
    assert (log.failed, log.recovery_point) == (True, 0)
    with pytest.raises(LogError, match="offline"):
        append(log, b"b")


def test_d7_a_full_disk_takes_the_log_offline() -> None:
    """Part of a batch may be in the file; room made later does not mend that."""
    disk = Disk.simulated(1)
    log = open_log(disk)
    disk.set_full(True)
    with pytest.raises(LogError):
        append(log, b"a")
    disk.set_full(False)
    with pytest.raises(LogError, match="offline"):
        append(log, b"a")


def test_a_real_disk_cannot_lose_power() -> None:
    """Nothing is known of what it had synced."""
    with pytest.raises(ValueError, match="cannot lose power"):
        Disk.os().power_loss("/tmp")
