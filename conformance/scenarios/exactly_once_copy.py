"""Consume, transform, produce with sendOffsetsToTransaction, while the application and a broker are killed.

Output records and input offsets commit together or not at all, so a killed application leaves either both or neither,
and its successor, which fences it by the shared transactional id, goes on from the committed offsets.
"""

from __future__ import annotations

from conformance.checker import Verdict, judge
from conformance.clients.process import ClientProcess
from conformance.clients.programs import Program
from conformance.recording import RecordingProducer, high_watermarks, read_all
from conformance.targets import Target
from conformance.view import ClusterView
from conformance.waiting import wait_until

PARTITIONS = 3
RECORDS = 3_000
BATCH = 20
APPLICATION_KILLS = 3
TRANSACTIONS_BETWEEN_KILLS = 10
SHORTEST_SESSION_MS = 6_000
"""A killed member is missed only when its session ends; this is the shortest that brokers allow by default."""


def run(target: Target, program: Program, suffix: str = "") -> Verdict:
    """Needs three brokers; raises ClientFailed or NeverHappened when the copy does not go on."""
    source, output, group = f"input{suffix}", f"output{suffix}", f"copiers{suffix}"
    view = ClusterView(target.bootstrap_servers)
    for topic in (source, output):
        view.create_topic(topic, PARTITIONS, 3, {"min.insync.replicas": "2"})
    producer = RecordingProducer(target.bootstrap_servers, enable_idempotence=True)
    producer.send(source, RECORDS)
    sends = producer.flush()
    ends = high_watermarks(target.bootstrap_servers, source, PARTITIONS)

    def start_application() -> ClientProcess:
        return ClientProcess(
            program,
            "copy",
            bootstrap=target.bootstrap_servers,
            topics=[source],
            output=output,
            group=group,
            transactional_id=f"copier{suffix}",
            batch=BATCH,
            config={"session.timeout.ms": SHORTEST_SESSION_MS},
        )

    for _ in range(APPLICATION_KILLS):
        with start_application() as application:
            run_transactions(application, TRANSACTIONS_BETWEEN_KILLS)
    with start_application() as application:
        run_transactions(application, TRANSACTIONS_BETWEEN_KILLS)
        broker = view.leader(output, 0)
        target.kill(broker)

        def is_done() -> bool:
            assert application.is_running, "the application gave up"
            return view.committed(group, source, PARTITIONS) == list(ends.values())

        wait_until("all input offsets committed", is_done, timeout_s=120)
        target.start(broker)
    return judge(sends, read_all(target.bootstrap_servers, output, PARTITIONS, "read_committed"))


def run_transactions(application: ClientProcess, count: int) -> None:
    """Return once `count` transactions committed; the next one is then under way."""
    for _ in range(count):
        application.run_until(
            lambda operation: operation.op == "copy" and operation.outcome == "ok", timeout_s=60
        )
