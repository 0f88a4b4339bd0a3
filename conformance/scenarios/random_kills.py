"""Real processes, killed at random: `kill -9` of brokers and of the controller under idempotent acks=all producers.

Three brokers and the controller, each a process; min.insync.replicas=2 of 3. A nemesis kills and starts whom its seed
says, up to all but one broker at a time, while producers send and a consumer group reads. Afterwards everything is
started, and four things must hold: nothing acknowledged is lost, duplicated or out of order; the group has seen all of
it; no offset ever held another record than it holds now; and the replicas are equal byte by byte from the highest log
start to the high watermark.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer
from minikafka import Cluster
from minikafka._core import inspect_batches

from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, read_all
from conformance.waiting import NeverHappened

TOPIC: Final = "killed"
PARTITIONS: Final = 4
PRODUCERS: Final = 3
AT_ONCE: Final = 20
IN_FLIGHT: Final = 400
PAUSE_S: Final = (0.1, 1.2)
"""Between two acts of the nemesis."""
LEAST_KILLS: Final = 3
HEAL_TIMEOUT_S: Final = 60
CONFIG: Final = {
    "min.insync.replicas": 2,
    "broker.session.timeout.ms": 1000,
    "replica.lag.time.max.ms": 2000,
}
"""Shorter than process mode's own sessions, so that there is an election for almost every kill."""


@dataclass
class Result:
    """What was done, and what it did."""

    seed: int
    verdict: ClientVerdict
    broker_kills: int
    controller_kills: int
    unseen: list[str] = field(default_factory=list)
    """Acknowledged, and never read by the group."""
    changed: list[str] = field(default_factory=list)
    """Read by the group at an offset that holds something else now."""
    compared_bytes: int = 0
    """Of each replica, found equal."""

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.broker_kills} brokers and {self.controller_kills} controllers killed; "
            f"{self.verdict}; {len(self.unseen)} unseen, {len(self.changed)} changed; "
            f"{self.compared_bytes} bytes equal on every replica"
        )


class Nemesis:
    """Kills and starts nodes in a thread of its own until told to stop; then starts whoever is dead."""

    def __init__(self, kafka: Cluster, seed: int) -> None:
        self._kafka = kafka
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nemesis")
        self._failure: BaseException | None = None
        self.broker_kills = self.controller_kills = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Raises what an act of it raised."""
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()
        if self._failure is not None:
            raise self._failure
        self._kafka.controller.start()
        for broker in self._kafka.brokers:
            broker.start()

    @property
    def has_struck(self) -> bool:
        """Brokers and controllers both died: on a machine that has no time this may take a while."""
        return self.broker_kills >= LEAST_KILLS and self.controller_kills >= 1

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._random.uniform(*PAUSE_S)):
                self._act()
        except BaseException as failure:  # noqa: BLE001 - raised where the test can see it
            self._failure = failure

    def _act(self) -> None:
        alive = [broker for broker in self._kafka.brokers if broker.is_alive]
        dead = [broker for broker in self._kafka.brokers if not broker.is_alive]
        controller = self._kafka.controller
        acts = ["kill broker"] * (len(alive) > 1) + ["start broker"] * (2 * len(dead)) + ["controller"]
        act = self._random.choice(acts)
        if act == "kill broker":
            self._random.choice(alive).kill()
            self.broker_kills += 1
        elif act == "start broker":
            self._random.choice(dead).start()
        elif controller.is_alive:
            controller.kill()
            self.controller_kills += 1
        else:
            controller.start()


def run(seconds: float, seed: int) -> Result:
    """Takes `seconds` and then some to heal. Raises NeverHappened when the cluster does not come back."""
    with Cluster(
        brokers=3, mode="process", config=CONFIG, topics=[f"{TOPIC}:{PARTITIONS}:3"], seed=seed
    ) as kafka:
        servers = kafka.bootstrap_servers
        nemesis = Nemesis(kafka, seed)
        producers = [
            RecordingProducer(servers, f"p{number}", enable_idempotence=True, acks="all")
            for number in range(PRODUCERS)
        ]
        reader = GroupReader(servers)
        with nemesis.at_work():
            begun = time.monotonic()
            while (lasted := time.monotonic() - begun) < seconds or not nemesis.has_struck:
                if lasted > seconds + HEAL_TIMEOUT_S:
                    raise NeverHappened(f"too few were killed in {lasted:.0f} s")
                for producer in producers:
                    if producer.in_flight < IN_FLIGHT:
                        producer.send(TOPIC, AT_ONCE)
                    producer.poll()
                reader.read(0.05)
        for partition in range(PARTITIONS):
            kafka.wait(topic=TOPIC, partition=partition, isr=[1, 2, 3], timeout=HEAL_TIMEOUT_S)
        sends = [operation for producer in producers for operation in producer.flush()]
        received = read_all(servers, TOPIC, PARTITIONS)
        reader.read_to({(one.partition, one.offset) for one in received})
        verdict = judge(sends, received)
        now = {(one.partition, one.offset): one.id for one in received}
        ever_read = set(reader.seen.values())
        return Result(
            seed,
            verdict,
            nemesis.broker_kills,
            nemesis.controller_kills,
            [one.id for one in sends if one.outcome == "ok" and one.id not in ever_read],
            [name for place, name in reader.seen.items() if now.get(place) != name] + reader.changed,
            sum(compare_replicas(kafka, partition) for partition in range(PARTITIONS)),
        )


class GroupReader:
    """A consumer group of one member, which goes on whatever dies."""

    def __init__(self, servers: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": "readers",
                "auto.offset.reset": "earliest",
                "auto.commit.interval.ms": 500,
                "log_level": 0,
            }
        )
        self._consumer.subscribe([TOPIC])
        self.seen: dict[tuple[int, int], str] = {}
        """By partition and offset."""
        self.changed: list[str] = []
        """Read a second time at its offset, and something else."""

    def read(self, seconds: float) -> None:
        """What there is, for at most so long."""
        for message in self._consumer.consume(1000, seconds):
            if message.error() is None:
                place = (message.partition() or 0, message.offset() or 0)
                name = (message.value() or b"").decode()
                if self.seen.setdefault(place, name) != name:
                    self.changed.append(name)

    def read_to(self, places: set[tuple[int, int]]) -> None:
        """Read on until every one of `places` was seen, then leave the group. Raises NeverHappened."""
        deadline = time.monotonic() + HEAL_TIMEOUT_S
        while not places <= self.seen.keys():
            if time.monotonic() > deadline:
                raise NeverHappened(
                    f"the group never read {len(places - self.seen.keys())} of {len(places)} records"
                )
            self.read(0.5)
        self._consumer.close()


def compare_replicas(kafka: Cluster, partition: int) -> int:
    """How many bytes each replica has between the highest log start and the high watermark; they must be the same."""
    handle = kafka.topic(TOPIC).partition(partition)
    start = max(handle.replica(broker).log_start_offset for broker in handle.replicas)
    end = handle.high_watermark
    folders = [Path(kafka.broker(broker).data_dir, f"{TOPIC}-{partition}") for broker in handle.replicas]
    first, *others = [batches_between(folder, start, end) for folder in folders]
    for broker, other in zip(handle.replicas[1:], others, strict=True):
        if other != first:
            raise AssertionError(
                f"{TOPIC}-{partition}: brokers {handle.replicas[0]} and {broker} differ "
                f"between offsets {start} and {end}: {len(first)} and {len(other)} bytes"
            )
    return len(first)


def batches_between(folder: Path, start: int, end: int) -> bytes:
    """The bytes of the batches that lie in [start, end), out of the segment files."""
    found = bytearray()
    for segment in sorted(folder.glob("*.log")):
        data, position = segment.read_bytes(), 0
        for header in inspect_batches(data):
            if start <= header.base_offset and header.last_offset < end:
                found += data[position : position + header.size_bytes]
            position += header.size_bytes
    return bytes(found)
