"""What the ledger costs: while it listens, for each batch that is produced, and when a verdict is asked for.

    python -m bench.ledger [--batches N] [--partitions N] [--write]

The events are those of partitions with three replicas under acks=all, as a living cluster tells them: twelve for each
batch of ten records. They are recorded without a ledger, then with one; the difference is what listening costs. Then
the same is judged for half as many batches, in one partition, and with one batch in a hundred lost: what grows, and how
fast. CPU time of one process; memory is what a verdict holds at its peak (tracemalloc), beside what is recorded.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from minikafka.history import History
from minikafka.ledger.facts import Facts
from minikafka.ledger.ledger import Ledger
from minikafka.ledger.logs import LoggedPartition, Spooled, logged_batches
from minikafka.ledger.verdict import Judge, Verdict
from minikafka.log.batch import build_batch, inspect_batches
from minikafka.trace import Events, Trace
from minikafka.types import Now, TopicPartition

from bench import machine, page
from bench.report import table

BATCHES = 100_000
PARTITIONS = 4
RECORDS = 10
VALUE = bytes(100)
AT_ONCE = 5_000
"""Batches whose events are made, and then recorded."""


class Load(NamedTuple):
    """lost_every: so many batches, of which one is in no log; 0: all are there."""

    batches: int
    partitions: int
    lost_every: int = 0

    def name(self, number: int) -> TopicPartition:
        return TopicPartition("orders", number % self.partitions)

    def offset(self, number: int) -> int:
        return number // self.partitions * RECORDS

    def data(self, number: int) -> bytes:
        """The batch as it lies in its log."""
        records = [(number * RECORDS + one, b"%d" % one, VALUE, ()) for one in range(RECORDS)]
        sequence = self.offset(number) & 0x7FFFFFFF
        built = build_batch(records, producer_id=1, producer_epoch=0, base_sequence=sequence)
        return self.offset(number).to_bytes(8, "big") + built[8:]

    def is_lost(self, number: int) -> bool:
        return self.lost_every > 0 and number // self.partitions % self.lost_every == 1


class Tellers:
    """Three brokers, the first of which leads."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._traces = {broker: Trace(on=True) for broker in (1, 2, 3)}

    def told(self, number: int) -> Iterator[tuple[int, Events]]:
        """Broker and what it told in one turn, of one batch."""
        leader, name, first = self._traces[1], self._load.name(number), self._load.offset(number)
        last = first + RECORDS - 1
        (header,) = inspect_batches(self._load.data(number))
        for trace in self._traces.values():
            trace.begin(Now(number, number))
        leader.stimulus("request", api="Produce", version=12, client_id="c", connection=1)
        producer = {"producer_id": 1, "producer_epoch": 0, "first_sequence": header.base_sequence}
        leader.event("sequence", "I4", name, outcome="accepted", why="it follows", **producer)
        facts = {"base_offset": first, "last_offset": last, "leader_epoch": 0}
        written = {"bytes": 100, "crc": header.crc, "records": RECORDS, "transactional": False, **producer}
        append = leader.event("append", "L3", name, **facts, **written)
        yield 1, leader.take()
        for follower in (2, 3):
            leader.event("fetch", "F1", name, what="read", replica_id=follower, offset=first, size_bytes=100)
            trace = self._traces[follower]
            trace.event("append", "R11", name, leader=1, batches=1, replicated=True, **facts)
            yield follower, trace.take()
            leader.event("caught_up", "R1", name, follower=follower, offset=last + 1, before=first)
        leader.event("high_watermark", "R4", name, offset=last + 1, before=first, isr=(1, 2, 3))
        ack = leader.event(
            "ack", "R7", name, append, acks=-1, last_offset=last, code="NONE", client_id="c", connection=1
        )
        yield 1, leader.take()
        leader.event("left", "L14", None, ack, acks=(ack,))
        yield 1, leader.take()


def recorded(load: Load, *histories: History) -> tuple[int, list[float]]:
    """How many events were told, and the CPU seconds that recording them took in each history."""
    tellers, events, spent = Tellers(load), 0, [0.0 for _ in histories]
    for first in range(0, load.batches, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, load.batches))
        turns = [turn for number in numbers for turn in tellers.told(number)]
        events += sum(len(some) for _, some in turns)
        gc.collect()
        gc.freeze()  # what a living cluster would not hold is not to be walked through
        for index, history in enumerate(histories):
            spent[index] += cpu(partial(record, history, turns))
        gc.unfreeze()
    return events, spent


def record(history: History, turns: list[tuple[int, Events]]) -> None:
    for broker, events in turns:
        history.record(broker, events)


def judged(load: Load, ledger: Ledger) -> Verdict:
    """As a running cluster is judged: one partition's log at a time."""
    judge = Judge(Facts(ledger.events()), fsync=False, ourselves="")
    for partition in range(load.partitions):
        with closing(Spooled()) as batches:
            numbers = range(partition, load.batches, load.partitions)
            for number in numbers:
                if not load.is_lost(number):
                    for batch in logged_batches(load.data(number)):
                        batches.add(batch._replace(leader_epoch=0))
            end = len(numbers) * RECORDS
            name = load.name(partition)
            judge.look(LoggedPartition(name, True, "", 0, 0, end, end, end, False, batches))
    return judge.verdict()


HEADINGS = ("batches", "partitions", "lost", "peak MB", "bytes per batch", "µs of CPU per batch")


def row(load: Load) -> tuple[str, ...]:
    """Of the table."""
    history = History()
    with closing(Ledger(history)) as ledger:
        recorded(load, history)
        making = cpu(partial(sum, (len(load.data(number)) for number in range(load.batches))))
        spent = cpu(partial(judged, load, ledger)) - making
        gc.collect()
        tracemalloc.start()
        lost = len(judged(load, ledger).lost)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    counts = (f"{load.batches:,}", f"{load.partitions}", f"{lost:,}")
    return (*counts, f"{peak / 1e6:.1f}", f"{peak / load.batches:.0f}", f"{1e6 * spent / load.batches:.0f}")


def cpu(work: Callable[[], object]) -> float:
    """Seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


def section(batches: int, partitions: int) -> str:
    described = machine.describe()
    alone, heard = History(), History()
    with closing(Ledger(heard)):
        events, spent = recorded(Load(batches, partitions), alone, heard)
    each = events / batches
    recording, listening = (1e6 * seconds / batches for seconds in spent)
    loads = (
        Load(batches // 2, partitions),
        Load(batches, partitions),
        Load(batches, 1),
        Load(batches, partitions, lost_every=100),
    )
    return f"""## The ledger and its verdict

`python -m bench.ledger --write`: the events of batches of ten records under acks=all with three replicas, as a cluster
tells them, are recorded and then judged with their logs; no broker takes part. Recording the {each:.0f} events of a
batch takes {recording:.1f} µs of CPU, with the ledger listening {listening:.1f} µs. Memory is what a verdict holds at
its peak (tracemalloc), beside what is recorded.

{described}

{table(HEADINGS, [row(load) for load in loads])}
What grows, and how fast, says [what it costs](../explain/verdicts.md#what-it-costs).
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.ledger", description=__doc__)
    parser.add_argument("--batches", type=int, default=BATCHES)
    parser.add_argument("--partitions", type=int, default=PARTITIONS)
    page.offer(parser)
    options = parser.parse_args(arguments)
    text = section(options.batches, options.partitions)
    print(text)
    if options.write:
        page.put("bench.ledger", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
