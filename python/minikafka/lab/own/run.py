"""One run of a user's program: records in, strikes as they come out, and what is there in the end.

The clock of the schedule is the output: a reader counts the records in it. When nothing has come out for a while,
whatever is broken is mended, once; a program that then still does not go on has lost the rest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, Producer, TopicPartition

from minikafka.checker.allowed import Death
from minikafka.checker.operation import Op, Type
from minikafka.errors import ConfigError, WaitTimeout
from minikafka.lab.clients.sender import SILENT
from minikafka.lab.errors import Inconclusive
from minikafka.lab.own.program import OwnProgram
from minikafka.lab.own.schedule import Strike
from minikafka.lab.stage import READ_COMMITTED, Stage
from minikafka.ledger.logs import IdOf

QUIET_S: Final = 5.0
"""Nothing has come out for so long: mend what is broken."""
POLL_S: Final = 0.05
DROPPED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What a run of one's own program is made with. timeout_s: from its start to the last record."""

    command: Sequence[str]
    schedule: Sequence[Strike]
    extract: IdOf
    records: int
    partitions: int = 1
    timeout_s: float = 120.0


def run_own(stage: Stage, own: Own) -> None:
    """Raises ConfigError when the program cannot be started, Inconclusive when it never wrote anything."""
    source, output = (
        stage.topic("input", partitions=own.partitions),
        stage.topic("output", partitions=own.partitions),
    )
    stage.ids[output] = own.extract
    ids = _fill(stage, source, output, own)
    names = {"LAB_INPUT_TOPIC": source, "LAB_OUTPUT_TOPIC": output, "LAB_GROUP": stage.name("lab-program")}
    program = OwnProgram(own.command, stage.servers, names)
    stage.on_close(program.kill)
    program.start()
    reader = _Reader(stage, output, own.extract)
    try:
        _watch(stage, own, program, reader, output, set(ids))
        program.stop()
        _mend(stage)
        stage.settle(output)
        reader.report(final=True)
    finally:
        reader.close()
    stage.note("lives of the program", program.lives)
    stage.note("records out", f"{len(reader.found)} of {len(ids)}")


def _fill(stage: Stage, source: str, output: str, own: Own) -> list[str]:
    """The seed's records, each with its id as key, header and field. Each is owed once in the output."""
    ids = [f"r{stage.random.randrange(10**9):09}-{number}" for number in range(own.records)]
    producer = Producer(
        {"bootstrap.servers": stage.servers, "enable.idempotence": True, "log_level": 0}, logger=SILENT
    )
    for number, name in enumerate(ids):
        value = json.dumps({"id": name, "number": number})
        partition = stage.random.randrange(own.partitions)
        producer.produce(source, value, key=name, partition=partition, headers=[("id", name.encode())])
        for kind in (Type.INVOKE, Type.OK):
            stage.recorder.add(kind, Op.SEND, f"program, {source}-{partition}", id=name, topic=output)
    if producer.flush(30):
        raise Inconclusive("the input could not be written")
    return ids


def _watch(
    stage: Stage, own: Own, program: OwnProgram, reader: _Reader, output: str, wanted: set[str]
) -> None:
    """Strike when it is time; return when every record is there, or time is up, or the program has ended."""
    left = list(own.schedule)
    deadline = time.monotonic() + own.timeout_s
    quiet_since, is_mended = time.monotonic(), False
    while (wanted - set(reader.found)) or left:
        if reader.poll():
            quiet_since, is_mended = time.monotonic(), False
        while left and len(reader.found) >= left[0].after:
            _strike(stage, left.pop(0).do, program, output)
        now = time.monotonic()
        if now > deadline or (program.status is not None and reader.is_at_end):
            return
        if now - quiet_since > QUIET_S:
            if is_mended:
                return
            _mend(stage)
            quiet_since, is_mended = now, True


def _strike(stage: Stage, verb: str, program: OwnProgram, output: str) -> None:
    acts: dict[str, Callable[[], None]] = {
        "kill-program": lambda: _restart(stage, program),
        "kill-leader": lambda: stage.kill(stage.leader(output)),
        "lose-leader": lambda: _lose_leader(stage, output),
        "drop-responses": lambda: _fault(stage, output, drops=True),
        "refuse-produce": lambda: _fault(stage, output, drops=False),
        "power-loss": lambda: _power_loss(stage),
        "mend": lambda: _mend(stage),
    }
    acts[verb]()


def _restart(stage: Stage, program: OwnProgram) -> None:
    program.kill()
    stage.recorder.strike(f"program dead, life {program.lives}", Death.PRODUCER)
    stage.recorder.strike("its consumer with it", Death.CONSUMER)
    program.start()


def _lose_leader(stage: Stage, output: str) -> None:
    leader = stage.leader(output)
    end = stage.cluster.topic(output).partition(0).log_end_offset
    stage.cut_off(leader)
    # A program that waits for acks=all may never get further; it then has nothing to lose.
    with suppress(WaitTimeout):
        stage.cluster.wait(topic=output, log_end_offset=end + 1, timeout=2)
    stage.kill(leader)


def _fault(stage: Stage, output: str, *, drops: bool) -> None:
    faults = stage.cluster.faults
    if drops:
        faults.drop_response(api="Produce", topic=output, after="append", times=DROPPED)
    else:
        faults.error(api="Produce", topic=output, code="NOT_ENOUGH_REPLICAS", times=DROPPED)
    stage.recorder.strike(f"{DROPPED} answers to Produce {'lost' if drops else 'are refusals'}", Death.ANSWER)


def _power_loss(stage: Stage) -> None:
    stage.cluster.power_loss(stage.draw(1, 10**6))
    stage.recorder.strike("every broker without power", Death.POWER_OF_ALL)
    for broker in stage.brokers:
        stage.start(broker)
    stage.recorder.end("every broker without power")


def _mend(stage: Stage) -> None:
    stage.heal()
    for broker in stage.brokers:
        stage.start(broker)


class _Reader:
    """Reads the output, committed records only, and counts what it finds."""

    def __init__(self, stage: Stage, topic: str, extract: IdOf) -> None:
        self.found: dict[str, int] = {}
        """Copies of each id."""
        self._stage, self._topic, self._extract = stage, topic, extract
        self._ends: set[int] = set()
        self._next: dict[int, int] = dict.fromkeys(range(stage.topics[topic]), 0)
        self._consumer = Consumer(
            {
                "bootstrap.servers": stage.servers,
                "group.id": "minikafka-lab-watcher",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": READ_COMMITTED,
                "log_level": 0,
            },
            logger=SILENT,
        )
        self._consumer.assign([TopicPartition(topic, number, 0) for number in self._next])

    @property
    def is_at_end(self) -> bool:
        """Of every partition, as far as it knows."""
        return len(self._ends) == len(self._next)

    def poll(self) -> bool:
        """Take what there is; whether there was any."""
        message = self._consumer.poll(POLL_S)
        if message is None:
            return False
        partition, offset = message.partition() or 0, message.offset() or 0
        if message.error() is not None:
            self._ends.add(partition)
            return False
        self._ends.discard(partition)
        self._next[partition] = offset + 1
        headers = [(str(header), _bytes(value)) for header, value in list(message.headers() or [])]
        name = self._extract(_bytes(message.key()), _bytes(message.value()), headers)
        if not name:
            raise ConfigError(f"{self._topic}-{partition} offset {offset} has no id where --id looks for it")
        self.found[name] = self.found.get(name, 0) + 1
        self._stage.recorder.add(
            Type.OK,
            Op.POLL,
            "watcher",
            id=name,
            topic=self._topic,
            partition=partition,
            offset=offset,
            isolation=READ_COMMITTED,
        )
        return True

    def report(self, *, final: bool) -> None:
        """Read on to the end, and say so."""
        deadline = time.monotonic() + 2 * QUIET_S
        self._ends.clear()
        self._consumer.assign([TopicPartition(self._topic, *place) for place in self._next.items()])
        while not self.is_at_end:
            self.poll()
            if time.monotonic() > deadline:
                raise Inconclusive(f"{self._topic} could not be read to its end")
        for partition, end in self._next.items():
            self._stage.recorder.add(
                Type.OK,
                Op.READ,
                "watcher",
                topic=self._topic,
                partition=partition,
                offset=end,
                isolation=READ_COMMITTED,
                final=final,
            )

    def close(self) -> None:
        self._consumer.close()


def _bytes(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
