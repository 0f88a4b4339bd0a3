"""Kafka Streams with exactly_once_v2 counts words while the application and the brokers are killed.

Input offsets, the repartition topic, the changelog of the state store and the output commit in one transaction, over
and over. Each word's n-th record must therefore show as exactly one `word:n`: a record lost or counted twice, in the
store or in the output, leaves a hole or a repetition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from conformance.clients.process import ClientProcess
from conformance.clients.programs import Program
from conformance.counts import count
from conformance.history import Operation
from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, read_all
from conformance.targets import Target
from conformance.view import GROUP, ClusterView
from conformance.waiting import wait_until

APPLICATION_KILLS = count(2, 10)
BROKER_KILLS = count(1, 5)
RECORDS = 600
"""Sent before each kill."""
STEPS = 100
"""Records counted after that before the kill; the rest are then in open transactions, or not yet read."""
WORDS = 20
"""As many as the program counts."""
PARTITIONS = 2
SESSION_MS = 2_000
BROKER_CONFIG = {"group.min.session.timeout.ms": str(SESSION_MS)}
"""A killed application is missed after its session; the default minimum of 6 s would be most of the run."""
TIMEOUT_S = 120
INPUT, OUTPUT, APPLICATION = "lines", "word-counts", "counter"


def run(target: Target, program: Program, state: Path) -> ClientVerdict:
    """Needs three brokers, and `state` empty; raises ClientFailed or NeverHappened when counting does not go on."""
    view = ClusterView(target.bootstrap_servers)
    for topic in (INPUT, OUTPUT):
        view.create_topic(topic, PARTITIONS, 3, {"min.insync.replicas": "2"})
    producer = RecordingProducer(target.bootstrap_servers, enable_idempotence=True)

    def start_application() -> ClientProcess:
        return ClientProcess(
            program,
            "count",
            bootstrap=target.bootstrap_servers,
            topics=[INPUT],
            output=OUTPUT,
            group=APPLICATION,
            state_dir=str(state),
            session_ms=SESSION_MS,
        )

    for _ in range(APPLICATION_KILLS):
        producer.send(INPUT, RECORDS)
        with start_application() as application:
            wait_for_steps(application)
    with start_application() as application:
        victims: list[Callable[[], int]] = [
            lambda: view.coordinator(GROUP, APPLICATION),
            lambda: view.leader(f"{APPLICATION}-counts-repartition", 0),
            lambda: view.leader(f"{APPLICATION}-counts-changelog", 0),
        ]
        for number in range(BROKER_KILLS):
            producer.send(INPUT, RECORDS)
            wait_for_steps(application)
            broker = victims[number % len(victims)]()
            target.kill(broker)
            producer.send(INPUT, RECORDS)
            wait_for_steps(application)
            target.start(broker)
            view.wait_for_full_isrs()
        expected = counts_of(producer.flush())

        def is_done() -> bool:
            application.catch_up()
            return len(read_committed(target)) >= len(expected)

        wait_until("every record counted", is_done, TIMEOUT_S)
    wait_until("every transaction ended", lambda: view.is_stable(OUTPUT, PARTITIONS), timeout_s=30)
    return judge(expected, read_committed(target))


def wait_for_steps(application: ClientProcess) -> None:
    for _ in range(STEPS):
        application.run_until(lambda operation: operation.op == "step", TIMEOUT_S)


def counts_of(sends: list[Operation]) -> list[Operation]:
    """What the output must hold for these acknowledged records, as if each count had been sent."""
    numbers = (int(operation.id.rpartition(":")[2]) for operation in sends)
    words = Counter(f"word-{number % WORDS}" for number in numbers)
    return [Operation("send", id=f"{word}:{n}") for word, total in words.items() for n in range(1, total + 1)]


def read_committed(target: Target) -> list[Operation]:
    return read_all(target.bootstrap_servers, OUTPUT, PARTITIONS, "read_committed")
