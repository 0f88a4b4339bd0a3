"""What the ledger costs: while it listens, for each batch that is produced, and when a verdict is asked for.

    python -m bench.ledger [BATCHES]

The events are those of one partition with three replicas under acks=all, as a living cluster tells them: ten for each
batch. They are recorded without a ledger, then with one; the difference is what listening costs. Then the ledger is
read back, and judged. CPU time of one process; memory is what the verdict holds at its peak.
"""

from __future__ import annotations

import gc
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator

from minikafka.history import History
from minikafka.ledger.facts import Facts
from minikafka.ledger.ledger import Ledger
from minikafka.ledger.logs import LoggedPartition
from minikafka.ledger.verdict import judge
from minikafka.trace import Trace, TraceEvent
from minikafka.types import Now, TopicPartition

NAME = TopicPartition("orders", 0)
BATCHES = 50_000


def told(batches: int) -> Iterator[tuple[int, list[TraceEvent]]]:
    """Broker and what it told in one turn."""
    traces = {broker: Trace(on=True) for broker in (1, 2, 3)}
    leader = traces[1]
    for offset in range(batches):
        for trace in traces.values():
            trace.begin(Now(offset, offset))
        leader.stimulus("request", api="Produce", version=12, client_id="c", connection=1)
        producer = {"producer_id": 1, "producer_epoch": 0, "first_sequence": offset}
        judged = {"outcome": "accepted", "last_sequence": offset, "why": "it follows", **producer}
        leader.event("sequence", "I4", NAME, **judged)
        facts = {"base_offset": offset, "last_offset": offset, "leader_epoch": 0}
        append = leader.event(
            "append", "L3", NAME, bytes=100, crc=offset, records=1, transactional=False, **facts, **producer
        )
        yield 1, leader.take()
        for follower in (2, 3):
            read = {"what": "read", "replica_id": follower, "offset": offset, "size_bytes": 100}
            leader.event("fetch", "F1", NAME, **read)
            told_as = {"leader": 1, "batches": 1, "replicated": True, **facts}
            traces[follower].event("append", "R11", NAME, **told_as)
            yield follower, traces[follower].take()
            leader.event("caught_up", "R1", NAME, follower=follower, offset=offset + 1, before=offset)
        leader.event("high_watermark", "R4", NAME, offset=offset + 1, before=offset, isr=(1, 2, 3))
        answer = {"acks": -1, "last_offset": offset, "code": "NONE", "client_id": "c"}
        ack = leader.event("ack", "R7", NAME, cause=append, **answer)
        yield 1, leader.take()
        leader.event("left", "L14", cause=ack, acks=(ack,))
        yield 1, leader.take()


def main(batches: int) -> None:
    turns = list(told(batches))
    events = sum(len(some) for _, some in turns)
    gc.freeze()  # what a living cluster would not hold is not to be walked through
    history = History()
    alone = cpu(lambda: record(history, turns))
    history = History()
    ledger = Ledger(history)
    listening = cpu(lambda: record(history, turns))
    print(f"{events / batches:.0f} events a batch")
    print(
        f"recording: {1e6 * alone / batches:.1f} us a batch; with the ledger {1e6 * listening / batches:.1f} us"
    )
    log = LoggedPartition(NAME, True, "", 0, 0, 0, 0, 0, False, [])
    facts: list[Facts] = []
    reading = cpu(lambda: facts.append(Facts(ledger.events())))
    judging = cpu(lambda: judge(facts[0], [log._replace(log_start_offset=batches)]))
    facts.clear()
    tracemalloc.start()
    facts.append(Facts(ledger.events()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    print(
        f"verdict: {1e6 * (reading + judging) / batches:.1f} us a batch, {peak / batches:.0f} bytes a batch"
    )


def record(history: History, turns: list[tuple[int, list[TraceEvent]]]) -> None:
    for broker, events in turns:
        history.record(broker, events)


def cpu(work: Callable[[], None]) -> float:
    """Seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else BATCHES)
