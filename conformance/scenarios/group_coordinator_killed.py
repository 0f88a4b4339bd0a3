"""Two consumers share a topic while the broker that coordinates their group dies, again and again.

The group is its log: the next leader of the group's `__consumer_offsets` partition knows members, generation and
offsets (G1), so members go on, commits go on, and nothing that was acknowledged stays unread. A client may rejoin when
its connection to the coordinator breaks; then what was read and not yet committed is read once more, which is what
at-least-once means. A client that keeps its membership reads every record once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from conformance.clients.process import ClientProcess
from conformance.clients.programs import Program
from conformance.counts import count
from conformance.history import Operation
from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, high_watermarks
from conformance.targets import Target
from conformance.view import GROUP, ClusterView
from conformance.waiting import wait_until

PARTITIONS = 4
KILLS = count(1, 3)
RECORDS = 400
"""Sent before each kill and as many after it."""
UNENDING = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Shared:
    """What the members read together, and what each of them read after the last kill."""

    verdict: ClientVerdict
    shares: list[int]

    def __str__(self) -> str:
        return f"{self.verdict}; shares after the last kill {self.shares}"


def run(target: Target, program: Program, protocol: str = "classic", suffix: str = "") -> Shared:
    """Needs three brokers; raises ClientFailed or NeverHappened when the group does not go on."""
    topic, group = f"shared{suffix}", f"sharers{suffix}"
    view = ClusterView(target.bootstrap_servers)
    view.create_topic(topic, PARTITIONS, 3, {"min.insync.replicas": "2"})
    producer = RecordingProducer(target.bootstrap_servers, enable_idempotence=True)

    def start_member() -> ClientProcess:
        return ClientProcess(
            program,
            "consume",
            bootstrap=target.bootstrap_servers,
            topics=[topic],
            group=group,
            records=UNENDING,
            consumer_config={"group.protocol": protocol} if protocol != "classic" else {},
        )

    with start_member() as first, start_member() as second:
        members = (first, second)
        evenly = [PARTITIONS // len(members)] * len(members)
        wait_until("the topic shared evenly", lambda: view.shares(group) == evenly, timeout_s=60)
        for _ in range(KILLS):
            producer.send(topic, RECORDS)
            broker = view.coordinator(GROUP, group)
            target.kill(broker)
            producer.send(topic, RECORDS)
            wait_until_read(members, producer.flush())
            target.start(broker)
            view.wait_for_full_isrs()
        wait_until("the topic shared evenly again", lambda: view.shares(group) == evenly, timeout_s=60)
        before = [len(receipts([member])) for member in members]
        producer.send(topic, RECORDS)
        sends = producer.flush()
        wait_until_read(members, sends)
        ends = list(high_watermarks(target.bootstrap_servers, topic, PARTITIONS).values())
        wait_until("all offsets committed", lambda: view.committed(group, topic, PARTITIONS) == ends, 60)
        shares = [len(receipts([member])) - earlier for member, earlier in zip(members, before, strict=True)]
    return Shared(judge(sends, *(member.operations for member in members)), shares)


def receipts(members: Iterable[ClientProcess]) -> list[Operation]:
    return [operation for member in members for operation in member.operations if operation.op == "recv"]


def wait_until_read(members: Sequence[ClientProcess], sends: Sequence[Operation]) -> None:
    """Return once somebody has read every record; raises ClientFailed or NeverHappened."""
    ids = {operation.id for operation in sends}

    def are_read() -> bool:
        for member in members:
            member.catch_up()
        return ids <= {operation.id for operation in receipts(members)}

    wait_until(f"{len(ids)} records read by the group", are_read, timeout_s=120)
