"""A transaction is committed, and one partition never hears of it.

Its marker was written by a leader whose log is then given up by an unclean election. The new leader has the records
and no marker: for it the transaction is open. The coordinator has long written COMPLETE and forgotten it, so nobody
will ever end it: the last stable offset stands still, and read_committed readers with it, until somebody runs
`kafka-transactions.sh abort` (T14).

Unclean election loses more than records: it loses decisions.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.checker.anomaly import Anomaly
from minikafka.lab.scenario import HANGING, IDEMPOTENT, Configuration, Lever, Scenario
from minikafka.lab.stage import READ_COMMITTED, Stage


def run(stage: Stage) -> None:
    """The follower is cut off before the marker; the leader that has it dies."""
    topic = stage.topic(replicas=[[1, 2]])
    teller = stage.sender("teller", transactional_id=stage.name("teller"))
    teller.init()
    teller.begin()
    records = stage.draw(1, 5)
    teller.send(topic, [f"r:{n}" for n in range(records)])
    teller.flush()
    stage.cluster.wait(topic=topic, high_watermark=records)
    stage.cluster.cut(1, 2)
    stage.recorder.strike("brokers 1 and 2 cut off", Death.REPLICA_BEHIND)
    stage.note("commit", teller.commit() or "done")
    stage.cluster.wait(topic=topic, last_stable_offset=records + 1, timeout=30)
    stage.kill(1)
    stage.heal()
    if stage.configuration.topic["unclean.leader.election.enable"]:
        stage.recorder.strike("an unclean election", Death.UNCLEAN)
        stage.new_leader(topic, 1)
    stage.start(1)
    stage.wait_for_isr(topic, {1, 2})
    plain = stage.sender("plain")
    plain.send(topic, ["plain"])
    plain.flush()
    stage.settle(topic)
    stage.read(topic)
    stage.read(topic, READ_COMMITTED)


SCENARIO = Scenario(
    name="hanging-transaction",
    title="a committed transaction whose marker is gone",
    claim="disable unclean leader election",
    truth="an unclean election can also lose a commit marker: the transaction hangs, and read_committed with it",
    article="right, for one more reason than it gives",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="unclean election on",
            shows=HANGING,
            allows=frozenset({Anomaly.LOST, Anomaly.UNSEEN}),
            topic={"min.insync.replicas": 1, "unclean.leader.election.enable": True},
            producer=IDEMPOTENT,
            is_transactional=True,
            notes={"commit": "done"},
        ),
        Configuration(
            name="unclean election off",
            topic={"min.insync.replicas": 1, "unclean.leader.election.enable": False},
            producer=IDEMPOTENT,
            is_transactional=True,
            notes={"commit": "done"},
        ),
    ),
    run=run,
    needs=frozenset({Lever.KILL, Lever.NETWORK}),
)
