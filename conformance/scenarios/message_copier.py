"""Apache Kafka's own TransactionalMessageCopier, the program of its system tests, killed like there.

A copier takes one input partition, assigned by hand, or what its group gives it; it copies a few records a transaction,
commits the input offsets in it (T9), and aborts at random. It is killed and started again under the same transactional
id, which fences what the dead one left (T4). Then the brokers die that the copy hangs on, as in `exactly_once_copy`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from conformance.clients.process import Talking
from conformance.clients.programs import JVM
from conformance.counts import count
from conformance.judging import ClientVerdict, judge
from conformance.paths import jvm_classpath
from conformance.recording import RecordingProducer, read_all
from conformance.targets import Target
from conformance.view import GROUP, TRANSACTION, ClusterView
from conformance.waiting import wait_until

COPIER = "org.apache.kafka.tools.TransactionalMessageCopier"
PARTITIONS = 2
TRANSACTION_SIZE = 2
APPLICATION_KILLS = count(1, 5)
BROKER_KILLS = count(3, 9)
REPORTS_BETWEEN_KILLS = 10
RECORDS = 500 * (APPLICATION_KILLS + BROKER_KILLS)
"""A copier cannot be slowed down: enough that every kill falls into work, at about 50 records a second and copier (it
aborts every third transaction)."""
DOOMED_TIMEOUT_MS = 2_000
"""How long the transaction of a copier that is going to die stays open: its successor reads its place before it fences
the dead one, and that place is unstable until then (T12)."""
TIMEOUT_MS = 60_000
INPUT, OUTPUT, COPIERS = "copied-from", "copied-to", "message-copiers"


@dataclass(frozen=True, slots=True)
class Report:
    """What a copier says after each transaction. `remaining`: records up to the end it saw at its start."""

    stage: str
    remaining: int

    @staticmethod
    def parse(line: str) -> Report:
        said = json.loads(line)
        return Report(said["stage"], said["remaining"])


def start(target: Target, partition: int, *, by_group: bool, timeout_ms: int = TIMEOUT_MS) -> Talking[Report]:
    """The copier of an input partition, or, `by_group`, of what its group gives it."""
    manner = ["--group-mode", "--use-group-metadata"] if by_group else []
    command = ["java", *JVM, "-cp", jvm_classpath(), COPIER]
    options = {
        "broker-list": target.bootstrap_servers,
        "input-topic": INPUT,
        "input-partition": partition,
        "output-topic": OUTPUT,
        "consumer-group": COPIERS,
        "transactional-id": transactional_id(partition),
        "transaction-size": TRANSACTION_SIZE,
        "transaction-timeout": timeout_ms,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return Talking(f"copier {partition}", [*command, *words, "--enable-random-aborts", *manner], Report.parse)


def transactional_id(partition: int) -> str:
    return f"message-copier-{partition}"


def run(target: Target, *, by_group: bool) -> ClientVerdict:
    """Needs three brokers; raises ClientFailed or NeverHappened when a copier does not go on."""
    view = ClusterView(target.bootstrap_servers)
    for topic in (INPUT, OUTPUT):
        view.create_topic(topic, PARTITIONS, 3, {"min.insync.replicas": "2"})
    producer = RecordingProducer(target.bootstrap_servers, enable_idempotence=True)
    producer.send(INPUT, RECORDS)
    sends = producer.flush()

    # A member of a group that dies is missed for its session; here only those die that have no group.
    for _ in range(0 if by_group else APPLICATION_KILLS):
        with start(target, 0, by_group=by_group, timeout_ms=DOOMED_TIMEOUT_MS) as doomed:
            run_transactions(doomed)
    copiers = [start(target, partition, by_group=by_group) for partition in range(PARTITIONS)]
    try:
        kill_brokers(target, view, copiers)
        for copier in copiers:
            assert copier.finish(timeout_s=60)[-1] == Report("ShutdownComplete", 0)
    finally:
        for copier in copiers:
            copier.__exit__(None, None, None)
    wait_until("every transaction ended", lambda: view.is_stable(OUTPUT, PARTITIONS), timeout_s=30)
    return judge(sends, read_all(target.bootstrap_servers, OUTPUT, PARTITIONS, "read_committed"))


def kill_brokers(target: Target, view: ClusterView, copiers: list[Talking[Report]]) -> None:
    """Each dies while both copiers work, and comes back once they have gone on without it."""
    victims = [
        lambda: view.coordinator(TRANSACTION, transactional_id(0)),
        lambda: view.coordinator(GROUP, COPIERS),
        lambda: view.leader(OUTPUT, 0),
    ]
    for number in range(BROKER_KILLS):
        for copier in copiers:
            run_transactions(copier)
        broker = victims[number % len(victims)]()
        target.kill(broker)
        for copier in copiers:
            copier.catch_up()
            run_transactions(copier)
        target.start(broker)
        view.wait_for_full_isrs()


def run_transactions(copier: Talking[Report]) -> None:
    """Return after a few reports of transactions, committed or aborted; the next one is then under way."""
    for _ in range(REPORTS_BETWEEN_KILLS):
        copier.run_until(lambda report: report.remaining > 0, timeout_s=60)
