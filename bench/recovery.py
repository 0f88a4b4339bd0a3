"""How long a broker needs to recover a large log it did not close, and how much memory: `python -m bench.recovery`.

One partition of 1 GiB in one segment, 16,384 batches of 10,000 producer ids, written once by our own log (the files are
Kafka's format, byte for byte what both read). Each broker is started on a directory with an empty topic, stopped, given
those files in the topic's place without index, snapshot, recovery point or sign of a clean shutdown, and started again:
it has to read everything, rebuild the indexes and the producers' state (D2, I9). Counted is the time from the start of
the process until the partition's end offset is answered; the same with the empty log is the baseline. The broker is
stopped rather than killed because a controller makes one that was killed wait out its old session, and recovery would
hide in that wait.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition
from minikafka._core import Disk
from minikafka.broker.checkpoints import CLEAN_SHUTDOWN
from minikafka.log.batch import build_batch
from minikafka.log.port import LogConfig

from bench import machine
from conformance import build
from conformance.targets.apache_kafka import DEFAULT_HEAP, ApacheKafka
from conformance.targets.minikafka import MiniKafka
from conformance.view import ClusterView

TOPIC: Final = "recovered"
PRODUCERS: Final = 10_000
BATCH_RECORDS: Final = 64
RECORD_BYTES: Final = 1_013
"""With its record and batch headers a batch is 64 KiB."""
FIRST_TIMESTAMP_MS: Final = 1_700_000_000_000
READY_WITHIN_S: Final = 300.0
LOOK_EVERY_S: Final = 0.02
ROUNDS: Final = 3
GONE: Final = ("*.log", "*.index", "*.timeindex", "*.txnindex", "*.snapshot", "leader-epoch-checkpoint")
POINTS: Final = "recovery-point-offset-checkpoint"


class Measured(NamedTuple):
    """From the start of the process to the first answer; the process's peak of resident memory."""

    seconds: float
    peak_bytes: int


class Patient(ABC):
    """A broker that can be killed, and started again on its directory."""

    name: str

    @abstractmethod
    def start(self) -> None:
        """Returns at the latest when it is ready."""

    @abstractmethod
    def rest(self) -> None:
        """Stop it cleanly: its registration ends with it."""

    @property
    @abstractmethod
    def bootstrap_servers(self) -> str: ...
    @property
    @abstractmethod
    def pid(self) -> int: ...
    @property
    @abstractmethod
    def directory(self) -> Path: ...

    def partition(self) -> Path:
        """The log's directory."""
        return next(self.directory.rglob(f"{TOPIC}-0"))

    def measure(self, end_offset: int) -> Measured:
        """Start it, and wait until it answers that end offset."""
        began = time.monotonic()
        self.start()
        wait_for_end(self.bootstrap_servers, end_offset)
        return Measured(time.monotonic() - began, peak_bytes(self.pid))


class OurPatient(Patient):
    name = "minikafka"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._broker = self._new()

    def _new(self) -> MiniKafka:
        return MiniKafka(1, arguments=("--data-dir", str(self._directory)))

    def start(self) -> None:
        self._broker = self._new()
        self._broker.open()

    def rest(self) -> None:
        self._broker.stop()

    @property
    def bootstrap_servers(self) -> str:
        return self._broker.bootstrap_servers

    @property
    def pid(self) -> int:
        return self._broker.pids[0]

    @property
    def directory(self) -> Path:
        return self._directory


class ApachePatient(Patient):
    name = "Apache Kafka"

    def __init__(self) -> None:
        self._kafka = ApacheKafka(1, jvm=DEFAULT_HEAP)
        self._is_open = False

    def start(self) -> None:
        if self._is_open:
            self._kafka.start(1)
        else:
            self._kafka.open()
            self._is_open = True

    def rest(self) -> None:
        self._kafka.rest(1)

    def stop(self) -> None:
        self._kafka.stop()

    @property
    def bootstrap_servers(self) -> str:
        return self._kafka.bootstrap_servers

    @property
    def pid(self) -> int:
        return self._kafka.pids[0]

    @property
    def directory(self) -> Path:
        return self._kafka.directory_of(1)


def write_log(directory: Path, size_bytes: int) -> int:
    """One segment of that size; returns the end offset."""
    config = LogConfig(segment_bytes=2**31 - 1)
    log = Disk.os().open_log(str(directory), config=config, recovery_point=0, log_start_offset=0, clean=True)
    sequences = [0] * PRODUCERS
    number = 0
    while log.size_bytes < size_bytes:
        producer = number % PRODUCERS
        records = [
            (
                1_700_000_000_000 + number,
                None,
                b"%016d" % (number * BATCH_RECORDS + each) + bytes(RECORD_BYTES - 26),
                (),
            )
            for each in range(BATCH_RECORDS)
        ]
        batch = build_batch(
            records, producer_id=producer, producer_epoch=0, base_sequence=sequences[producer]
        )
        log.append_as_leader(batch, leader_epoch=0)
        sequences[producer] += BATCH_RECORDS
        number += 1
    end = log.log_end_offset
    log.close()
    return end


def give(patient: Patient, source: Path) -> None:
    """Put the written log in the place of the topic's."""
    partition = patient.partition()
    for pattern in GONE:
        for path in partition.glob(pattern):
            path.unlink()
    for path in source.glob("*.log"):
        shutil.copy(path, partition / path.name)
    forget(patient)


def forget(patient: Patient) -> None:
    """As a broker that died leaves it: nothing says what was flushed."""
    for name in (POINTS, CLEAN_SHUTDOWN):
        (patient.partition().parent / name).unlink(missing_ok=True)


def wait_for_end(bootstrap_servers: str, end_offset: int) -> None:
    """Raises TimeoutError."""
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "bench", "log_level": 0})
    deadline = time.monotonic() + READY_WITHIN_S
    try:
        while time.monotonic() < deadline:
            try:
                if consumer.get_watermark_offsets(TopicPartition(TOPIC, 0), timeout=1)[1] == end_offset:
                    return
            except KafkaException:
                pass  # not there yet
            time.sleep(LOOK_EVERY_S)
    finally:
        consumer.close()
    raise TimeoutError(f"{TOPIC}-0 did not end at {end_offset} within {READY_WITHIN_S:g} s")


def peak_bytes(pid: int) -> int:
    """Of resident memory, over the life of the process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def run(
    source: Path, end_offset: int, patient: Patient, rounds: int
) -> tuple[list[Measured], list[Measured]]:
    """(with the empty log, with the large one), one of each a round."""
    patient.start()
    ClusterView(patient.bootstrap_servers).create_topic(TOPIC, 1, 1, {"segment.bytes": str(2**31 - 1)})
    patient.rest()
    empty, recovered = [], []
    for _ in range(rounds):
        forget(patient)
        empty.append(patient.measure(0))
        patient.rest()
    for _ in range(rounds):
        give(patient, source)
        recovered.append(patient.measure(end_offset))
        patient.rest()
    return empty, recovered


@contextmanager
def patients(directory: Path) -> Iterator[list[Patient]]:
    apache = ApachePatient()
    try:
        yield [OurPatient(directory / "minikafka"), apache]
    finally:
        apache.stop()


def report(rows: list[tuple[str, list[Measured], list[Measured]]]) -> str:
    """A Markdown table of medians."""
    lines = [
        "| broker | start with the empty log s | with the large one s | recovery s | peak memory MB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, empty, recovered in rows:
        base, full = (statistics.median(one.seconds for one in runs) for runs in (empty, recovered))
        peak = statistics.median(one.peak_bytes for one in recovered) / 1e6
        lines.append(f"| {name} | {base:.2f} | {full:.2f} | {full - base:.2f} | {peak:,.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.recovery", description=__doc__)
    parser.add_argument("--mib", type=int, default=1024, help="size of the log")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="starts of each kind")
    options = parser.parse_args()
    build.build("java")
    with tempfile.TemporaryDirectory(prefix="minikafka-recovery-") as name:
        directory = Path(name)
        end_offset = write_log(directory / "source", options.mib << 20)
        with patients(directory) as taking_part:
            rows = [
                (one.name, *run(directory / "source", end_offset, one, options.rounds)) for one in taking_part
            ]
    print(machine.describe())
    print(f"\n{options.mib} MiB, {PRODUCERS:,} producer ids, {end_offset:,} records\n")
    print(report(rows))


if __name__ == "__main__":
    main()
