"""A simulated world as the ledger and the checker see it: the same two judges that look at a real cluster.

The ledger hears every node's events while the world lives, and reads the leaders' logs at the end. The checker gets
what the simulated clients did and were told, and two final readers of those logs, one for each isolation level.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minikafka.checker.allowed import Configuration
from minikafka.checker.judge import judge as check
from minikafka.checker.operation import READ_COMMITTED, READ_UNCOMMITTED, Op, Operation, Type
from minikafka.checker.verdict import ClientVerdict
from minikafka.ledger.facts import Facts
from minikafka.ledger.ledger import Ledger
from minikafka.ledger.logs import LoggedPartition, logged_batches
from minikafka.ledger.verdict import Verdict, judge
from minikafka.log.batch import read_records, split
from minikafka.partition.partition import Partition
from minikafka.sim.case import Case
from minikafka.sim.checker.read_committed import readable
from minikafka.sim.checker.replicas_agree import content
from minikafka.sim.consumer import id_of
from minikafka.sim.run import Report, Run
from minikafka.sim.swarm import TRANSACTIONS
from minikafka.types import TopicPartition


class Seen(NamedTuple):
    """What the simulator's own checkers, the ledger and the client-side checker say of one world."""

    report: Report
    ledger: Verdict
    clients: ClientVerdict
    history: list[Operation]


def look(case: Case) -> Seen:
    """Live through it, and judge."""
    with case.world():
        run = Run(case.seed, case.settings, case.strikes, trace=True)
        ledger = Ledger(run.world.history)
        report = run.report()
    logs = [_logged(run, name) for name in run.partitions]
    settings = case.settings
    configuration = Configuration(acks=settings.acks, transactional=settings.workload == TRANSACTIONS)
    history = [*run.history(), *_final_reads(run, logs)]
    by_brokers = judge(Facts(ledger.events()), logs, fsync=settings.durability == "fsync")
    ledger.close()
    return Seen(report, by_brokers, check(history, configuration), history)


def _leader(run: Run, name: TopicPartition) -> Partition | None:
    replicas = [run.world.replica(node, name) for node in run.world.brokers]
    leading = [one for one in replicas if one is not None and one.is_leader]
    return max(leading, key=lambda one: one.leader_epoch, default=None)


def _data(replica: Partition) -> bytes:
    return content(replica, replica.log.log_start_offset, replica.high_watermark)


def _logged(run: Run, name: TopicPartition) -> LoggedPartition:
    leader = _leader(run, name)
    if leader is None:
        return LoggedPartition(name, False, "nobody leads it", -1, 0, 0, 0, 0, False, [])
    return LoggedPartition(
        name,
        True,
        "",
        leader.leader_epoch,
        leader.log.log_start_offset,
        leader.high_watermark,
        leader.last_stable_offset,
        leader.log.log_end_offset,
        leader.settings.is_compacted,
        list(logged_batches(_data(leader))),
    )


def _final_reads(run: Run, logs: list[LoggedPartition]) -> Iterator[Operation]:
    for log in logs:
        leader = _leader(run, log.name)
        if leader is None:
            continue
        data = _data(leader)
        everything = [
            (record.offset, record.value)
            for header, batch in split(data)
            if not header.is_control
            for record in read_records(batch)
            if record.value is not None
        ]
        committed, stable = readable(data)
        for isolation, records, end in (
            (READ_UNCOMMITTED, everything, log.high_watermark),
            (READ_COMMITTED, committed, stable if data else log.high_watermark),
        ):
            reader = f"final-{isolation}"
            place = (log.name.topic, log.name.partition)
            for offset, value in records:
                if offset < log.log_start_offset:
                    continue  # a batch that reaches below it is read whole
                name = id_of(value, log.name)
                yield Operation(Type.OK, Op.POLL, reader, name, *place, offset, isolation=isolation)
            first = log.log_start_offset
            yield Operation(Type.OK, Op.READ, reader, "", *place, end, first, isolation=isolation, final=True)
