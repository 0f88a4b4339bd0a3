"""One transaction committed over two topics and three partitions, one aborted over the same, one fenced."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.clients.process import ClientProcess
from conformance.clients.programs import Program
from conformance.history import Operation, Outcome
from conformance.recording import read_all
from conformance.targets import Target
from conformance.view import ClusterView

TWO_PARTITIONS = "orders"
ONE_PARTITION = "payments"


@dataclass(frozen=True, slots=True)
class Transactions:
    steps: list[Operation]
    """Every step before the fencing."""
    read_committed: set[str]
    read_uncommitted: set[str]
    fenced_commit: Operation
    successor_commit: Operation
    after_fencing: set[str]
    """What read_committed sees of the third, contested transaction."""

    @property
    def is_atomic(self) -> bool:
        return self.read_committed == ids("commit") and self.read_uncommitted == ids("commit") | ids("abort")

    @property
    def is_fenced(self) -> bool:
        return self.fenced_commit.outcome is Outcome.FAIL and self.after_fencing == {"new:0"}

    def __str__(self) -> str:
        return (
            f"read_committed {sorted(self.read_committed)}, read_uncommitted {sorted(self.read_uncommitted)}, "
            f"zombie's commit: {self.fenced_commit.outcome} {self.fenced_commit.error}"
        )


def ids(name: str) -> set[str]:
    return {f"{name}:{number}" for number in range(3)}


def run(target: Target, program: Program, suffix: str = "") -> Transactions:
    orders, payments, contested = (f"{name}{suffix}" for name in (TWO_PARTITIONS, ONE_PARTITION, "contested"))
    view = ClusterView(target.bootstrap_servers)
    for topic, partitions in ((orders, 2), (payments, 1), (contested, 1)):
        view.create_topic(topic, partitions)
    given = {"bootstrap": target.bootstrap_servers, "transactional_id": f"teller{suffix}"}
    with (
        ClientProcess(program, "transact", **given) as first,
        ClientProcess(program, "transact", **given) as second,
    ):
        first.step(do="init")
        for end in ("commit", "abort"):
            first.step(do="begin")
            for number, (topic, partition) in enumerate(((orders, 0), (orders, 1), (payments, 0))):
                first.step(do="send", topic=topic, partition=str(partition), id=f"{end}:{number}")
            first.step(do=end)
        steps = list(first.operations)

        def visible(isolation: str) -> set[str]:
            places = (orders, 2), (payments, 1)
            return {
                record.id
                for topic, partitions in places
                for record in read_all(target.bootstrap_servers, topic, partitions, isolation)
            }

        committed, uncommitted = visible("read_committed"), visible("read_uncommitted")
        fenced_commit, successor_commit = contend(first, second, contested)
    after = {record.id for record in read_all(target.bootstrap_servers, contested, 1, "read_committed")}
    return Transactions(steps, committed, uncommitted, fenced_commit, successor_commit, after)


def contend(old: ClientProcess, new: ClientProcess, topic: str) -> tuple[Operation, Operation]:
    """The old producer is in a transaction when the new one takes its id; both then try to commit."""
    old.step(do="begin")
    old.step(do="send", topic=topic, partition="0", id="old:0")
    new.step(do="init")
    new.step(do="begin")
    new.step(do="send", topic=topic, partition="0", id="new:0")
    return old.step(do="commit"), new.step(do="commit")
