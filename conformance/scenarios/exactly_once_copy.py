"""Consume, transform, produce with sendOffsetsToTransaction, while the application and brokers are killed.

Output records and input offsets commit together or not at all, so a killed application leaves either both or neither,
and its successor, which fences it by the shared transactional id, goes on from the committed offsets. The brokers
that die are those the copy hangs on: the coordinator of its transactional id, that of its group, and the leader of
what it writes. A coordinator is its log: its successor knows all that was answered (T17, G1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.clients.process import ClientProcess, OptionValue
from conformance.clients.programs import Program
from conformance.counts import count
from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, high_watermarks, read_all
from conformance.targets import Target
from conformance.view import GROUP, TRANSACTION, ClusterView
from conformance.waiting import wait_until

PARTITIONS = 3
BATCH = 20
APPLICATION_KILLS = count(1, 10)
BROKER_KILLS = count(3, 9)
TRANSACTIONS_BETWEEN_KILLS = 10
RECORDS = 2 * BATCH * TRANSACTIONS_BETWEEN_KILLS * (APPLICATION_KILLS + BROKER_KILLS)
"""Twice what the transactions before the last kill can copy, so that every kill falls into work."""

SHORTEST_SESSION_MS = 6_000
"""A killed member is missed only when its session ends; this is the shortest that brokers allow by default."""
WAIT_FOR_THE_COORDINATOR_THEY_KNOW = frozenset({"confluent-kafka"})
"""librdkafka (seen in 2.16): while the group coordinator that its producer knows is down, TxnOffsetCommit waits for it
and no FindCoordinator is sent: whoever leads by now, such a transaction goes on only when that broker is back."""
CONSUMER_PROTOCOL = "consumer"
"""The value of `group.protocol` for KIP-848 groups, whose sessions are the broker's business."""
BROKER_CONFIG = {
    "group.consumer.min.session.timeout.ms": str(SHORTEST_SESSION_MS),
    "group.consumer.session.timeout.ms": str(SHORTEST_SESSION_MS),
    "group.consumer.min.heartbeat.interval.ms": "500",
    "group.consumer.heartbeat.interval.ms": "500",
}
"""What KIP-848 groups need so that a killed member is missed as soon."""


@dataclass(frozen=True, slots=True)
class Copy:
    """One copying application: its names in the cluster, and how it is started."""

    target: Target
    program: Program
    protocol: str
    suffix: str

    @property
    def source(self) -> str:
        return f"input{self.suffix}"

    @property
    def output(self) -> str:
        return f"output{self.suffix}"

    @property
    def group(self) -> str:
        return f"copiers{self.suffix}"

    @property
    def transactional_id(self) -> str:
        return f"copier{self.suffix}"

    def start(self) -> ClientProcess:
        protocol: dict[str, OptionValue] = {"session_ms": SHORTEST_SESSION_MS}
        if self.protocol == CONSUMER_PROTOCOL:
            protocol = {"consumer_config": {"group.protocol": CONSUMER_PROTOCOL}}
        return ClientProcess(
            self.program,
            "copy",
            bootstrap=self.target.bootstrap_servers,
            topics=[self.source],
            output=self.output,
            group=self.group,
            transactional_id=self.transactional_id,
            batch=BATCH,
            **protocol,
        )


def run(target: Target, program: Program, protocol: str = "classic", suffix: str = "") -> ClientVerdict:
    """Needs three brokers; raises ClientFailed or NeverHappened when the copy does not go on."""
    copy = Copy(target, program, protocol, suffix)
    view = ClusterView(target.bootstrap_servers)
    for topic in (copy.source, copy.output):
        view.create_topic(topic, PARTITIONS, 3, {"min.insync.replicas": "2"})
    producer = RecordingProducer(target.bootstrap_servers, enable_idempotence=True)
    producer.send(copy.source, RECORDS)
    sends = producer.flush()
    ends = list(high_watermarks(target.bootstrap_servers, copy.source, PARTITIONS).values())

    for _ in range(APPLICATION_KILLS):
        with copy.start() as application:
            run_transactions(application, TRANSACTIONS_BETWEEN_KILLS)
    with copy.start() as application:
        kill_brokers(copy, view, application)

        def is_done() -> bool:
            assert application.is_running, "the application gave up"
            return view.committed(copy.group, copy.source, PARTITIONS) == ends

        wait_until("all input offsets committed", is_done, timeout_s=120)
    wait_until("every transaction ended", lambda: view.is_stable(copy.output, PARTITIONS), timeout_s=30)
    return judge(sends, read_all(target.bootstrap_servers, copy.output, PARTITIONS, "read_committed"))


def kill_brokers(copy: Copy, view: ClusterView, application: ClientProcess) -> None:
    """Each dies in the midst of transactions, and stays dead until others have committed without it; for a client that
    cannot go on without it, until another broker has taken its place."""
    victims: list[Callable[[], int]] = [
        lambda: view.coordinator(TRANSACTION, copy.transactional_id),
        lambda: view.coordinator(GROUP, copy.group),
        lambda: view.leader(copy.output, 0),
    ]
    for number in range(BROKER_KILLS):
        run_transactions(application, TRANSACTIONS_BETWEEN_KILLS // 2)
        find = victims[number % len(victims)]
        broker = find()
        copy.target.kill(broker)
        if copy.program.name in WAIT_FOR_THE_COORDINATOR_THEY_KNOW:
            wait_until(
                "another broker in its place", lambda find=find, dead=broker: find() != dead, timeout_s=30
            )
        else:
            run_transactions(application, TRANSACTIONS_BETWEEN_KILLS // 2)
        copy.target.start(broker)
        view.wait_for_full_isrs()


def run_transactions(application: ClientProcess, number: int) -> None:
    """Return once `number` transactions committed; the next one is then under way."""
    for _ in range(number):
        application.run_until(
            lambda operation: operation.op == "copy" and operation.outcome == "ok", timeout_s=60
        )
