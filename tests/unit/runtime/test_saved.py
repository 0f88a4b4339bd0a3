"""What is set aside of a node: which files are shared, which are copied, and which the next life makes anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from minikafka.broker.checkpoints import CLEAN_SHUTDOWN
from minikafka.runtime.saved import copy_node, log_directories, replace_node

CLOSED, LAST = "00000000000000000000", "00000000000000000007"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """One log of two segments, and what lies beside it."""
    log = tmp_path / "node" / "t-0"
    log.mkdir(parents=True)
    for segment in (CLOSED, LAST):
        for suffix in ("log", "index", "timeindex", "txnindex", "snapshot"):
            (log / f"{segment}.{suffix}").write_text(f"{segment} {suffix}")
    for name in ("leader-epoch-checkpoint", "partition.metadata", "9.unsynced"):
        (log / name).write_text(name)
    (tmp_path / "node" / "recovery-point-offset-checkpoint").write_text("0")
    return tmp_path / "node"


def test_d2_indexes_that_recovery_builds_anew_are_left_out(node: Path, tmp_path: Path) -> None:
    """After a kill those of the last segment are; whatever else grows is copied, and the rest is shared."""
    copy_node(str(node), str(tmp_path / "kept"))
    log, kept = node / "t-0", tmp_path / "kept" / "t-0"
    left_out = {f"{LAST}.index", f"{LAST}.timeindex", "9.unsynced"}
    assert {file.name for file in kept.iterdir()} == {file.name for file in log.iterdir()} - left_out
    assert {file.name for file in kept.iterdir() if not file.samefile(log / file.name)} == {
        f"{LAST}.log",
        f"{LAST}.txnindex",
    }
    assert all(file.read_bytes() == (log / file.name).read_bytes() for file in kept.iterdir())


def test_d3_after_a_clean_stop_they_are_copied_for_they_are_believed(node: Path, tmp_path: Path) -> None:
    """Whoever opens the log next appends to them where they are."""
    (node / CLEAN_SHUTDOWN).write_text("0")
    copy_node(str(node), str(tmp_path / "kept"))
    log, kept = node / "t-0", tmp_path / "kept" / "t-0"
    assert (tmp_path / "kept" / CLEAN_SHUTDOWN).samefile(node / CLEAN_SHUTDOWN)
    own = {file.name for file in kept.iterdir() if not file.samefile(log / file.name)}
    assert own == {f"{LAST}.{suffix}" for suffix in ("log", "index", "timeindex", "txnindex")}
    assert all(file.read_bytes() == (log / file.name).read_bytes() for file in kept.iterdir())


def test_what_is_put_back_takes_the_place_of_all_there_was(node: Path, tmp_path: Path) -> None:
    """Files and logs that are not part of it are gone; directories of its logs are the same ones, emptied before. While
    the disk forgets what it knew, nothing is there."""
    copy_node(str(node), str(tmp_path / "kept"))
    (node / "t-1").mkdir()
    (node / "t-1" / "0.log").write_text("created later")
    (node / "t-0" / f"{LAST}.log").write_text("grown")
    (node / "t-0" / "00000000000000000009.log").write_text("rolled later")
    (node / CLEAN_SHUTDOWN).write_text("0")
    (tmp_path / "node.old").mkdir()
    (tmp_path / "node.old" / "left").write_text("by a process that died")
    was, seen = (node / "t-0").stat().st_ino, []
    replace_node(str(node), str(tmp_path / "kept"), (), lambda path: seen.append((path, node.exists())))
    assert contents(node) == contents(tmp_path / "kept")
    assert (node / "t-0").stat().st_ino == was
    assert seen == [(str(node), False)]
    assert not (tmp_path / "node.old").exists()


def test_nothing_is_put_back_but_directories_for_the_logs_there_will_be(node: Path, tmp_path: Path) -> None:
    """Whatever was in them; a node that never was stays so."""
    (node / "t-1").mkdir()
    replace_node(str(node), None, log_directories(str(node))[:1], lambda _: None)
    assert [(path.name, list(path.iterdir())) for path in node.iterdir()] in (
        [("t-0", [])],
        [("t-1", [])],
    )
    replace_node(str(tmp_path / "never"), None, ["t-0"], lambda _: None)
    assert not (tmp_path / "never").exists()


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()
    }
