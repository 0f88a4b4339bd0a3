"""Apache Kafka's own `kafka-dump-log` reads what our log writes, and finds nothing wrong (L10).

It walks every record of every segment, checks each checksum, and holds every index entry against the log beside it.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path
from typing import cast

import pytest
from minikafka._core import Disk, Log, build_batch, build_end_transaction_marker, inspect_batches
from minikafka.cli.main import main
from minikafka.log.model import ModelDisk
from minikafka.log.port import LogConfig

from conformance.build import build, is_available
from conformance.paths import JVM_LIBRARIES
from tests.unit.partition.kit import WALL_MS, World
from tests.unit.partition.test_cleaning import clean_now
from tools.kafka_jars import jars

TOOLS_VERSION = "4.3.1"
"""The newest one whose tools jar is published; it needs the client library of its own version before any other."""
OWN_JARS = ("kafka-clients", "kafka-tools", "kafka-storage", "kafka-server-common")
NOT_AN_ERROR = re.compile(r"Non-consecutive offsets in .*/(\d{20})\.log\n {2}-1 is followed by (\d+)\n")
"""The tool counts from -1 in every segment, so it says this of each that does not begin at offset 0."""
HOLES = re.compile(r"Non-consecutive offsets in .*/\d{20}\.log\n(?: {2}-?\d+ is followed by \d+\n)+")
"""What it says of every log whose offsets have holes, Kafka's own compacted ones as well."""
BATCHES = 200


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A partition with three segments: every compression, odd timestamps, leader epochs, a marker, a truncation."""
    directory = tmp_path_factory.mktemp("data") / "topic-0"
    log = Disk.os().open_log(
        str(directory),
        config=LogConfig(index_interval_bytes=300),
        recovery_point=0,
        log_start_offset=0,
        clean=False,
    )
    _fill(log)
    log.flush()
    log.close()
    return directory


def _fill(log: Log) -> None:
    chance = random.Random(1)
    for number in range(BATCHES + 10):
        if number == BATCHES:
            log.truncate_to(log.log_end_offset - 30)
        if number % 70 == 69:
            log.roll()
        records = [
            (1000 + 3 * number - chance.randrange(20), b"key", b"v" * chance.randrange(200), [("name", b"x")])
            for _ in range(3)
        ]
        batch = build_batch(
            records,
            compression=number % 5,
            producer_id=number % 3,
            producer_epoch=0,
            base_sequence=number,
            transactional=number % 2 == 0,
        )
        append_time = 1000 + 3 * number if number % 7 == 0 else None
        log.append_as_leader(batch, leader_epoch=number // 50, max_timestamp=append_time)
    marker = build_end_transaction_marker(
        producer_id=1, producer_epoch=0, commit=True, coordinator_epoch=3, timestamp=2000
    )
    log.append_as_leader(marker, leader_epoch=4)


def dump(files: list[Path]) -> subprocess.CompletedProcess[str]:
    """Run the tool as `kafka-dump-log.sh` does."""
    if not is_available("java"):
        pytest.skip("kafka-dump-log needs java, javac and mvn on PATH")
    build("java")
    class_path = [*map(str, jars(*OWN_JARS, version=TOOLS_VERSION)), f"{JVM_LIBRARIES}/*"]
    return subprocess.run(
        [
            *("java", "-cp", ":".join(class_path), "org.apache.kafka.tools.DumpLogSegments"),
            *("--deep-iteration", "--print-data-log", "--files", ",".join(map(str, files))),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def complaints(result: subprocess.CompletedProcess[str]) -> str:
    """What the tool found wrong."""
    return NOT_AN_ERROR.sub(
        lambda match: "" if int(match[1]) == int(match[2]) else match[0], result.stderr
    ).strip()


def test_l10_kafka_dump_log_finds_nothing_wrong(directory: Path) -> None:
    """Segments, offset indexes and time indexes; every batch valid, every record there."""
    result = dump(
        sorted(path for path in directory.iterdir() if path.suffix in {".log", ".index", ".timeindex"})
    )
    assert (result.returncode, complaints(result)) == (0, "")
    headers = [
        header for path in sorted(directory.glob("*.log")) for header in inspect_batches(path.read_bytes())
    ]
    assert len(headers) == BATCHES + 1
    assert result.stdout.count("isvalid: true") == len(headers)
    assert "isvalid: false" not in result.stdout
    assert result.stdout.count("| offset:") == sum(header.record_count for header in headers)
    assert "endTxnMarker: COMMIT coordinatorEpoch: 3" in result.stdout
    assert result.stdout.count("timestamp: ") > 20


def test_l10_kafka_dump_log_notices_a_wrong_index_entry(directory: Path, tmp_path: Path) -> None:
    """The check above can fail: one index entry moved by a byte is reported."""
    log = next(iter(sorted(directory.glob("*.log"))))
    (tmp_path / log.name).write_bytes(log.read_bytes())
    index = bytearray(log.with_suffix(".index").read_bytes())
    index[15] ^= 1
    bad = tmp_path / f"{log.stem}.index"
    bad.write_bytes(index)
    result = dump([bad])
    assert result.returncode != 0 or complaints(result) != ""


def test_l16_kafka_dump_log_reads_a_cleaned_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holes, empty batches, delete horizons, merged segments and their indexes: nothing but the holes is reported."""
    monkeypatch.chdir(tmp_path)
    settings: dict[str, str | int] = {"cleanup.policy": "compact", "index.interval.bytes": 100}
    world = World(settings, disk=cast("ModelDisk", Disk.os())).lead()
    chance = random.Random(2)
    for number in range(BATCHES):
        if number % 50 == 49:
            world.log._roll()
        key = b"%d" % chance.randrange(9)
        is_transactional = number % 4 == 0
        value = None if number % 11 == 0 else b"v" * chance.randrange(90)
        batch = build_batch(
            [(WALL_MS + number, key, value, [("h", b"x")]), (WALL_MS, b"%d" % number, b"v", [])],
            compression=number % 5,
            producer_id=7 + number % 4,
            producer_epoch=0,
            base_sequence=number // 4 * 2,
            transactional=is_transactional,
        )
        world.append(batch)
        if is_transactional:
            world.end(7, 0, commit=number % 8 == 0)
    clean_now(world)
    world.log.cleaned_offset = 0
    clean_now(world, ms=1)
    world.log.close_cleanly()

    found = tmp_path / "data" / "orders-0"
    suffixes = {".log", ".index", ".timeindex", ".txnindex"}
    result = dump(sorted(path for path in found.iterdir() if path.suffix in suffixes))
    assert (result.returncode, HOLES.sub("", result.stderr).strip()) == (0, "")
    headers = [
        header for path in sorted(found.glob("*.log")) for header in inspect_batches(path.read_bytes())
    ]
    assert any(header.record_count == 0 for header in headers)
    assert any(header.has_delete_horizon for header in headers)
    assert sum(header.record_count for header in headers) < 2 * BATCHES
    assert result.stdout.count("isvalid: true") == len(headers)
    assert "isvalid: false" not in result.stdout


THEIR_BATCH = re.compile(
    r"^baseOffset: (\d+) lastOffset: (\d+) count: (\d+) baseSequence: (-?\d+) lastSequence: (-?\d+) "
    r"producerId: (-?\d+) producerEpoch: (-?\d+) partitionLeaderEpoch: (\d+) isTransactional: (\w+) "
    r"isControl: (\w+) .*position: (\d+) \w+: (-?\d+) size: (\d+) magic: 2 compresscodec: (\w+) crc: (\d+) "
    r"isvalid: true$",
    re.MULTILINE,
)
THEIR_ORDER = (
    *(
        "base_offset",
        "last_offset",
        "records",
        "base_sequence",
        "last_sequence",
        "producer_id",
        "producer_epoch",
    ),
    *(
        "leader_epoch",
        "transactional",
        "control",
        "position",
        "max_timestamp_ms",
        "size_bytes",
        "compression",
        "crc",
    ),
)
LEFT_OUT = {
    **dict.fromkeys(("base_sequence", "last_sequence", "producer_id", "producer_epoch"), "-1"),
    **dict.fromkeys(("transactional", "control"), "False"),
}
"""What our lines leave out where it is nothing."""
THEIR_RECORD = re.compile(r"^\| offset: (\d+) ", re.MULTILINE)
THEIR_TIME = re.compile(r"^timestamp: (\d+) offset: (\d+)$", re.MULTILINE)
THEIR_INDEX = re.compile(r"^offset: (\d+) position: (\d+)$", re.MULTILINE)


def test_our_dump_says_what_kafka_dump_log_says(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every batch, record and index entry of the directory, number for number."""
    theirs = dump(
        sorted(path for path in directory.iterdir() if path.suffix in {".log", ".index", ".timeindex"})
    ).stdout
    assert main(["dump", "-J", str(directory)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    def ours(kind: str, *names: str) -> list[tuple[str, ...]]:
        found = [row for row in rows if row["kind"] == kind]
        return [tuple(str(row.get(name, LEFT_OUT.get(name))) for name in names) for row in found]

    assert sorted(ours("batch", *THEIR_ORDER)) == sorted(
        tuple(cell.capitalize() if cell in {"true", "false"} else cell for cell in found)
        for found in THEIR_BATCH.findall(theirs)
    )
    records = [row["offset"] for row in rows if row["kind"] in {"record", "control"}]
    assert sorted(records) == sorted(map(int, THEIR_RECORD.findall(theirs)))
    assert sorted(ours("time_index_entry", "timestamp_ms", "offset")) == sorted(THEIR_TIME.findall(theirs))
    assert sorted(ours("index_entry", "offset", "position")) == sorted(THEIR_INDEX.findall(theirs))
