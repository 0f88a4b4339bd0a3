"""The same on real files: plain, and tracked so that power can be cut (design 2.8)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from minikafka._core import Disk, LogError, inspect_batches
from minikafka.log.port import LogConfig

from tests.unit.core.logs import append, open_log, read


@pytest.mark.parametrize("make", [Disk.os, Disk.tracked], ids=["os", "tracked"])
def test_l10_files_are_named_and_laid_out_as_kafka_does(make: type[Disk], tmp_path: Path) -> None:
    """Twenty digits; index entries of 8 and 12 bytes."""
    log = open_log(make(), directory=str(tmp_path / "t-0"), config=LogConfig(index_interval_bytes=100))
    for index in range(10):
        append(log, b"x" * 200, timestamp=1000 + index)
    log.flush()
    names = sorted(path.name for path in (tmp_path / "t-0").iterdir() if "unsynced" not in path.name)
    assert names == [f"{0:020}.{suffix}" for suffix in ("index", "log", "timeindex")]
    assert (tmp_path / "t-0" / names[0]).stat().st_size % 8 == 0
    assert (tmp_path / "t-0" / names[2]).stat().st_size % 12 == 0


def test_more_logs_than_open_files(tmp_path: Path) -> None:
    """Descriptors are a pool: six hundred logs stay usable with 512 open files."""
    disk = Disk.os()
    logs = [open_log(disk, directory=str(tmp_path / f"t-{index}")) for index in range(600)]
    for log in logs + logs:
        append(log, b"a")
    assert all(len(inspect_batches(read(log, 0))) == 2 for log in logs)
    assert len(list(Path("/proc/self/fd").iterdir())) < 600


def test_d1_tracked_files_lose_what_was_not_synced(tmp_path: Path) -> None:
    """One directory loses power, its neighbour does not."""
    disk = Disk.tracked(real_sync=False)
    one, two = (open_log(disk, directory=str(tmp_path / name / "t-0")) for name in ("one", "two"))
    for log in (one, two):
        append(log, b"synced")
        log.flush()
        append(log, b"not synced")
    disk.write_file(str(tmp_path / "one" / "note"), b"x")
    disk.power_loss(str(tmp_path / "one"))
    with pytest.raises(LogError):
        append(one, b"dead")
    assert append(two, b"alive") == 2
    assert open_log(disk, directory=str(tmp_path / "one" / "t-0"), recovery_point=1).log_end_offset == 1
    assert disk.list_directory(str(tmp_path / "one")) == ["t-0"]


def test_d4_a_truncation_that_was_not_synced_comes_back(tmp_path: Path) -> None:
    """The cut bytes were on disk; without a sync nothing says they are not any more."""
    disk = Disk.tracked(real_sync=False)
    log = open_log(disk, directory=str(tmp_path / "t-0"))
    for value in (b"a", b"b", b"c"):
        append(log, value)
    log.flush()
    log.truncate_to(1)
    append(log, b"other")
    disk.power_loss(str(tmp_path))
    assert open_log(disk, directory=str(tmp_path / "t-0"), recovery_point=1).log_end_offset == 3


def test_d6_a_rename_that_was_not_synced_is_undone(tmp_path: Path) -> None:
    """A removed file comes back, a replaced one has its old content."""
    disk = Disk.tracked(real_sync=False)
    path = str(tmp_path / "file")
    disk.write_file_atomically(path, b"old")
    disk.write_file(path, b"new")
    disk.power_loss(str(tmp_path))
    assert disk.read_file(path) == b"old"
    disk.remove_file(path)
    assert disk.read_file(path) is None
    disk.power_loss(str(tmp_path))
    assert disk.read_file(path) == b"old"


@pytest.mark.parametrize("make", [Disk.os, Disk.tracked], ids=["os", "tracked"])
def test_d6_two_who_replace_one_file_do_not_disturb_each_other(make: type[Disk], tmp_path: Path) -> None:
    """The periodic checkpoints of high watermarks and of recovery points meet once a minute, on two threads."""
    disk = make()
    path = str(tmp_path / "checkpoint")

    def replace(content: bytes) -> None:
        for _ in range(8):
            disk.write_file_atomically(path, content)

    with ThreadPoolExecutor(4) as threads:
        for replacing in [threads.submit(replace, bytes([number]) * 1000) for number in range(4)]:
            replacing.result()
    content = disk.read_file(path)
    assert content is not None
    assert (len(content), len(set(content))) == (1000, 1)
