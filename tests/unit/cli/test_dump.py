"""`minikafka dump`, on what a cluster left behind and on the same damaged."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from minikafka import Cluster
from minikafka.cli.dumping.files import BY_ENDING, BY_NAME
from minikafka.cli.main import main

from tests.unit.cli.kit import Verbs, lines

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster's directory after a clean stop: transactions of both ends, a group, a compressed batch."""
    directory = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch, Cluster(brokers=1, data_dir=directory) as kafka:
        capture = _Nothing()
        verbs = Verbs(kafka.bootstrap_servers, capture, patch, tmp_path_factory.mktemp("input"))  # type: ignore[arg-type]
        verbs.run("topic", "create", "orders:1", "-c", "index.interval.bytes=1")
        verbs.run("produce", "-t", "orders", "-z", "lz4", "-H", "a=b", stdin=lines(["one", "two"]))
        verbs.run("produce", "-t", "orders", "--transactional-id", "t", "--abort", stdin=lines(["three"]))
        verbs.run("produce", "-t", "orders", "--transactional-id", "t", stdin=lines(["four"]))
        verbs.run("consume", "-t", "orders", "-G", "readers", "-e")
    return directory


class _Nothing:
    """Takes the place of a capture where a module-wide fixture has none."""

    def readouterr(self) -> tuple[str, str]:
        return "", ""


def dumped(capsys: Capture, *words: object, status: int = 0) -> list[dict[str, Any]]:
    capsys.readouterr()
    got = main(["dump", "-J", *map(str, words)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert got == status, [row for row in rows if row["kind"] == "problem"]
    return rows


@pytest.fixture
def partition(left_behind: Path, tmp_path: Path) -> Path:
    """A copy of `orders-0` to be damaged."""
    return Path(shutil.copytree(left_behind / "broker-1" / "orders-0", tmp_path / "orders-0"))


def test_everything_a_cluster_leaves_is_decoded_and_sound(left_behind: Path, capsys: Capture) -> None:
    """Every kind of file there is, and nothing wrong with any."""
    kinds = Counter(row["kind"] for row in dumped(capsys, left_behind))
    assert set(kinds) == {
        *("batch", "record", "control", "index_entry", "time_index_entry", "aborted_transaction"),
        *("producer", "leader_epoch", "offset", "properties", "note"),
    }


def test_a_segment_shows_batches_records_and_markers(partition: Path, capsys: Capture) -> None:
    """With flags, compression and sequence where there are any."""
    rows = dumped(capsys, *partition.glob("*.log"))
    batches = [row for row in rows if row["kind"] == "batch"]
    assert [(row["base_offset"], row["records"], row["compression"]) for row in batches] == [
        (0, 2, "lz4"), (2, 1, "none"), (3, 1, "none"), (4, 1, "none"), (5, 1, "none"),
    ]  # fmt: skip
    assert (batches[0]["base_sequence"], batches[0]["last_sequence"]) == (0, 1)
    assert [row.get("transactional", False) for row in batches] == [False, True, True, True, True]
    records = [row for row in rows if row["kind"] == "record"]
    assert [row["value"] for row in records] == ["one", "two", "three", "four"]
    assert records[0]["headers"] == [{"a": "b"}]
    assert [row["type"] for row in rows if row["kind"] == "control"] == ["ABORT", "COMMIT"]
    assert {
        row["kind"] for row in dumped(capsys, partition, "--batches", "-o", "5") if "base_offset" in row
    } == {"batch"}


def test_internal_topics_say_what_they_mean(left_behind: Path, capsys: Capture) -> None:
    """Groups, transactions and the cluster's metadata; `--as` where the directory has lost its name."""
    rows = dumped(capsys, left_behind)
    by_type: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["kind"] == "record" and "type" in row:
            by_type.setdefault(row["type"], []).append(row)
    assert by_type["OffsetCommit"][-1]["key"] == {"group": "readers", "topic": "orders", "partition": 0}
    assert by_type["OffsetCommit"][-1]["value"]["offset"] == 6
    members = [member for row in by_type["GroupMetadata"] for member in row["value"]["members"]]
    assert members[0]["subscription"] == {"topics": ["orders"]}
    assert members[0]["assignment"] == ["orders:0"]
    states = [row["value"]["transaction_status"] for row in by_type["TransactionLog"]]
    assert states[:4] == ["Empty", "Ongoing", "PrepareAbort", "CompleteAbort"]
    assert by_type["Topic"][0]["value"]["name"] == "orders"

    (log,) = ((left_behind / "broker-1").glob("__transaction_state-*/*.log"),)
    source = next(path for path in log if path.stat().st_size)
    copy = left_behind / "copied.log"
    copy.write_bytes(source.read_bytes())
    try:
        assert any("type" in row for row in dumped(capsys, copy, "--as", "__transaction_state"))
        assert not any("type" in row for row in dumped(capsys, copy) if row["kind"] == "record")
    finally:
        copy.unlink()


def damages(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "torn: the last 5 bytes", data + b"\0\0\0\0\0"
    yield "begin with zeros", data + bytes(4096)
    yield "of which", data[:-1]
    yield "is none", data + b"\xff" * 100
    yield "corrupt|crc|CRC", data[:70] + bytes([data[70] ^ 1]) + data[71:]
    yield "offsets go backwards", data + data


def test_damage_is_told_and_what_is_sound_still_shown(partition: Path, capsys: Capture) -> None:
    """Torn ends, zeros, a flipped bit, a repeated batch: status 1, each by name, and the batches beside it."""
    (log,) = partition.glob("*.log")
    sound = log.read_bytes()
    for said, data in damages(sound):
        log.write_bytes(data)
        rows = dumped(capsys, log, status=1)
        problems = [row["what"] for row in rows if row["kind"] == "problem"]
        assert any(word in problem for word in said.split("|") for problem in problems), (said, problems)
        assert sum(row["kind"] == "batch" for row in rows) >= 4


def test_an_index_is_held_against_its_segment(partition: Path, capsys: Capture) -> None:
    """A timestamp, a position, an offset moved by one are found; entries out of order, and half ones."""

    def wrong(name: str, at: int) -> list[str]:
        path = partition / f"00000000000000000000.{name}"
        sound = path.read_bytes()
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        rows = dumped(capsys, path, status=1)
        path.write_bytes(sound)
        return [row["what"] for row in rows if row["kind"] == "problem"]

    assert "the largest timestamp is" in wrong("timeindex", 7)[0]
    assert "no batch begins at position" in wrong("index", 7)[0]
    assert "ends at offset" in wrong("index", 3)[0]
    assert "entries must ascend" in wrong("index", 0)[-1]
    assert "no aborted transaction looks like this" in wrong("txnindex", 1)[0]
    torn = partition / "00000000000000000000.index"
    torn.write_bytes(torn.read_bytes()[:-1])
    assert "no whole number of entries" in dumped(capsys, torn, status=1)[0]["what"]


def test_no_bytes_whatever_make_it_crash(tmp_path: Path, capsys: Capture) -> None:
    """Random files under every name known; what a stranger's disk holds is not to be trusted."""
    chance = random.Random(5)
    names = [*BY_NAME, *(f"00000000000000000000{ending}" for ending in BY_ENDING)]
    for topic in ("orders-0", "__consumer_offsets-0", "__transaction_state-0", "__cluster_metadata-0"):
        (tmp_path / topic).mkdir()
        for name in names:
            (tmp_path / topic / name).write_bytes(chance.randbytes(chance.randrange(300)))
    dumped(capsys, tmp_path, status=1)


def test_records_that_only_look_like_an_internal_topics_stay_bytes(tmp_path: Path, capsys: Capture) -> None:
    """Anybody may copy any segment anywhere; keys of every wrong length, and control records of unknown types."""
    from minikafka.log.batch import build_batch

    chance = random.Random(6)
    for topic in ("__consumer_offsets-0", "__transaction_state-0", "__cluster_metadata-0"):
        (tmp_path / topic).mkdir()
        records = [
            (0, number.to_bytes(2, "big") + chance.randbytes(size), chance.randbytes(size), ())
            for number in range(25)
            for size in range(0, 40, 3)
        ]
        plain = build_batch([*records, (0, None, None, ())])
        control = build_batch(records, base_offset=len(records) + 1, control=True)
        (tmp_path / topic / "00000000000000000000.log").write_bytes(plain + control)
    rows = dumped(capsys, tmp_path)
    assert any("undecoded" in row for row in rows)


def test_text_is_one_line_each_and_quiet_is_only_damage(partition: Path, capsys: Capture) -> None:
    """What a person sees; nothing in quiet when all is well."""
    assert main(["dump", str(partition)]) == 0
    printed = capsys.readouterr().out
    assert "    record offset=0" in printed
    assert "value=one" in printed
    assert main(["dump", "-q", str(partition)]) == 0
    assert capsys.readouterr().out == ""
    (log,) = partition.glob("*.log")
    log.write_bytes(log.read_bytes()[:-1])
    assert main(["dump", "-q", str(log)]) == 1
    printed_now = capsys.readouterr()
    assert printed_now.out.startswith(f"{log}: problem")
    assert printed_now.err == "minikafka: 1 problem\n"


def test_a_reader_that_has_seen_enough_is_no_failure(partition: Path) -> None:
    """As `| head` is: status 0, and not a word."""
    (log,) = partition.glob("*.log")
    sound = log.read_bytes()
    log.write_bytes(sound * 2000)
    script = f"{sys.executable} -m minikafka dump -J {log} | head -1; exit ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr, ran.stdout.count("\n")) == (0, "", 1)


def test_what_is_no_such_file_is_a_mistake(tmp_path: Path, capsys: Capture) -> None:
    """Status 2: absent, or nothing of a log directory."""
    (tmp_path / "notes.txt").touch()
    for name, said in (("absent.log", "there is no file"), ("notes.txt", "is no file of a log directory")):
        assert main(["dump", str(tmp_path / name)]) == 2
        assert said in capsys.readouterr().err


def test_a_checkpoint_is_empty_until_it_is_first_written(tmp_path: Path, capsys: Capture) -> None:
    """As Kafka creates it; one that says less than it announces is damaged."""
    for name in ("leader-epoch-checkpoint", "recovery-point-offset-checkpoint"):
        (tmp_path / name).touch()
        assert dumped(capsys, tmp_path / name) == []
        (tmp_path / name).write_text("0\n2\n")
        assert "2 entries are announced, 0 are there" in dumped(capsys, tmp_path / name, status=1)[0]["what"]
        (tmp_path / name).write_text("0\n1\nwhat is this\n")
        assert "line 3 makes no sense" in dumped(capsys, tmp_path / name, status=1)[0]["what"]


def test_space_set_aside_is_no_entry_and_costs_nothing(partition: Path, capsys: Capture) -> None:
    """Apache Kafka makes the index of an active segment 10 MiB long from the start, a hundred times in a directory."""
    for name, size in (("index", 10_485_760), ("timeindex", 10_485_756)):
        path = partition / f"00000000000000000000.{name}"
        before = dumped(capsys, path)
        path.write_bytes(path.read_bytes() + bytes(240))
        assert dumped(capsys, path) == before
        path.write_bytes(bytes(size))
        assert dumped(capsys, path) == []
