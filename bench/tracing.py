"""What the trace costs: `python -m bench.tracing`; `--write` keeps it in docs/reference/performance.md.

One embedded cluster in a process of its own; the same client sends the same records in alternating rounds while the
trace is off, recorded into the ring, and recorded with a ledger listening. What is compared is the CPU time of the
brokers' process per record, which a busy machine disturbs less than time does. Three loads: full batches, small ones,
and one record at a time, because events are per batch.

`off` cannot be compared to a build without a trace, so it is bounded: what a disabled trace costs is the test
`if trace.on`, and there are about as many of those per record as there are events.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
import timeit
from collections.abc import Sequence
from typing import Final, NamedTuple

from confluent_kafka import Producer
from minikafka.ledger.ledger import Ledger
from minikafka.runtime.loop import TurnLoop
from minikafka.runtime.spec import ClusterSpec, TopicSpec
from minikafka.runtime.supervisor import Supervisor
from minikafka.trace import Trace

from bench import machine, page
from bench.report import table

TOPIC: Final = "load"
MODES: Final = ("off", "ring", "ledger")
HEADINGS: Final = ("records", "off", "ring", "with the ledger", "events per record")
TESTS_PER_EVENT: Final = 3
"""A generous bound: places that ask `trace.on`, for each event that a place with an answer tells."""


class Load(NamedTuple):
    """So many records of so many bytes, `at_once` of them before each flush."""

    title: str
    records: int
    size_bytes: int
    at_once: int
    linger_ms: float


LOADS: Final = (
    Load("2,000 at a time", 8_000, 200, 2_000, 20),
    Load("60 at a time", 1_200, 200, 60, 5),
    Load("one at a time", 100, 200, 1, 0),
)


# The process of the brokers.


async def host(brokers: int) -> None:
    """Serve until the other end closes: each line names a mode, the answer is the CPU time so far and the events."""
    spec = ClusterSpec(brokers=brokers, topics=(TopicSpec(TOPIC, 6, brokers),), trace=True)
    supervisor = Supervisor(asyncio.get_running_loop(), spec)
    await supervisor.start()
    print(supervisor.bootstrap_servers, flush=True)
    ledger: Ledger | None = None
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        for node in supervisor.nodes:
            node.tell(on=line != "off")
        if ledger is not None:
            ledger.close()
        ledger = Ledger(supervisor.hosting.history) if line == "ledger" else None
        print(time.process_time_ns(), supervisor.hosting.history.last_seq, flush=True)
    await supervisor.close()


class Host:
    """That process, from the client's side."""

    def __init__(self, brokers: int) -> None:
        command = [sys.executable, "-m", "bench.tracing", "--host", str(brokers)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.bootstrap_servers = self._read()

    def turn(self, mode: str) -> tuple[int, int]:
        """From now on in this mode; the CPU time so far (ns), and the number of the last event."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{mode}\n")
        self._process.stdin.flush()
        cpu_ns, events = self._read().split()
        return int(cpu_ns), int(events)

    def close(self) -> None:
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


# The client, and the figures.


def send(producer: Producer, load: Load, records: int) -> None:
    """All of them acknowledged when it returns."""
    value = bytes(load.size_bytes)
    for sent in range(0, records, load.at_once):
        for _ in range(min(load.at_once, records - sent)):
            producer.produce(TOPIC, value)
        assert producer.flush(60) == 0


def measure(host: Host, load: Load, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """By mode: CPU microseconds and events per record, of each round."""
    producer = Producer(
        {
            "bootstrap.servers": host.bootstrap_servers,
            "acks": "all",
            "linger.ms": load.linger_ms,
            "log_level": 0,
        }
    )
    send(producer, load, load.records)
    found: dict[str, list[tuple[float, float]]] = {mode: [] for mode in MODES}
    for number in range(rounds):
        order = MODES[number % len(MODES) :] + MODES[: number % len(MODES)]
        for mode in order:
            cpu_before, seq_before = host.turn(mode)
            send(producer, load, load.records)
            cpu_after, seq_after = host.turn(mode)
            found[mode].append(
                ((cpu_after - cpu_before) / 1000 / load.records, (seq_after - seq_before) / load.records)
            )
    return found


def test_cost_us() -> float:
    """Of one `if trace.on` that says no, in microseconds."""
    number = 1_000_000

    class Machine:
        trace = Trace()

    return (
        timeit.timeit("\nif machine.trace.on: pass", globals={"machine": Machine()}, number=number)
        * 1e6
        / number
    )


class Found(NamedTuple):
    """Of one load, per record. cpu_us: by mode. off_at_most: what the tests `if trace.on` can cost, of all CPU."""

    load: Load
    cpu_us: dict[str, float]
    events: float
    off_at_most: float

    def cells(self) -> list[str]:
        off = self.cpu_us["off"]
        added = [f"{self.cpu_us[mode]:.1f} ({self.cpu_us[mode] / off - 1:+.0%})" for mode in MODES[1:]]
        return [self.load.title, f"{off:.1f}", *added, f"{self.events:.2g}"]


def found(load: Load, costs: dict[str, list[tuple[float, float]]]) -> Found:
    """Of all rounds what a tenth stayed below: a busy machine only ever adds, and one lucky round is no sign."""
    cpu_us = {mode: sorted(cpu for cpu, _ in costs[mode])[len(costs[mode]) // 10] for mode in MODES}
    events = statistics.median(events for _, events in costs["ring"])
    return Found(load, cpu_us, events, TESTS_PER_EVENT * events * test_cost_us() / cpu_us["off"])


def section(brokers: int, rounds: int, results: Sequence[Found]) -> str:
    bound = max(one.off_at_most for one in results)
    return f"""## The trace

`python -m bench.tracing --write`: {brokers} embedded brokers in one process, acks=all, a replica on each. The same
client sends records of {LOADS[0].size_bytes} bytes, rounds in turn with the trace off, recorded into the ring, and with
the ledger of `verdict()` listening as well. CPU of that process per record, in microseconds: what a tenth of {rounds}
short rounds stayed below, because a busy machine only ever adds to it.

{machine.describe()}

{table(HEADINGS, [one.cells() for one in results])}
Off, it is the test `if trace.on` where something could be told: at most {bound:.1%} of a record's CPU, counting three
such places for each event that would have been told.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench.tracing", description=__doc__)
    parser.add_argument("--host", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--brokers", type=int, default=3)
    parser.add_argument("--load", default="", help="only the loads whose title contains this")
    page.offer(parser)
    options = parser.parse_args(arguments)
    if options.host:
        with asyncio.Runner(loop_factory=TurnLoop) as runner:
            runner.run(host(options.host))
        return 0
    brokers = Host(options.brokers)
    loads = [load for load in LOADS if options.load in load.title]
    results = [found(load, measure(brokers, load, options.rounds)) for load in loads]
    brokers.close()
    text = section(options.brokers, options.rounds, results)
    print(text)
    if options.write:
        page.put("bench.tracing", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
