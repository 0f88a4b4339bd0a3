"""Several partitions, all or nothing: commit, abort, and a producer that dies half way.

A commit is decided when the coordinator's record of it is replicated (T7); then each partition gets a marker. Until
then, and after an abort, read_committed is shown none of it, in no partition. A producer that dies leaves its
transaction open until its successor with the same `transactional.id` calls `initTransactions`, or until
`transaction.timeout.ms`.

The article's `catch (KafkaException e) { abortTransaction(); }` is not enough: after ProducerFencedException and
other fatal errors the abort itself throws, and the producer can only be closed. `zombie` runs the listing, on Java.
"""

from __future__ import annotations

from minikafka.checker.anomaly import Anomaly
from minikafka.lab.scenario import IDEMPOTENT, Configuration, Scenario, Settings
from minikafka.lab.stage import READ_COMMITTED, Stage

PARTITIONS = 3


def run(stage: Stage) -> None:
    """A unit of work over three partitions that is finished, one that is given up, one whose producer dies half way."""
    topic = stage.topic(partitions=PARTITIONS)
    transactional = stage.configuration.is_transactional
    identity: Settings = {"transactional.id": stage.name("teller")} if transactional else {}
    first = stage.sender("teller", identity)
    if transactional:
        first.init()
    for way in ("done", "given up", "half way"):
        first.begin()
        half = stage.draw(1, PARTITIONS - 1)
        for partition in range(PARTITIONS if way == "done" else half):
            first.send(topic, [f"{way}:{partition}"], partition=partition)
        first.flush()
        if way == "done":
            first.commit()
        elif way == "given up":
            first.abort()
    stage.crash(first)

    second = stage.sender("successor", identity)
    if transactional:
        second.init()
    second.begin()
    second.send(topic, ["last"])
    second.flush()
    second.commit()
    for partition in range(PARTITIONS):
        stage.settle(topic, partition)
    stage.read(topic, READ_COMMITTED)


SCENARIO = Scenario(
    name="transactions",
    title="several partitions, all or nothing",
    claim="transactions extend idempotence across multiple partitions and sessions",
    truth="one decision, in the coordinator's log, makes all partitions' records visible, or none",
    article="imprecise: its catch-all abortTransaction() itself throws after a fatal error, such as being fenced",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="three sends, no transaction", shows=frozenset({Anomaly.ABORTED_READ}), producer=IDEMPOTENT
        ),
        Configuration(name="a transaction", producer=IDEMPOTENT, is_transactional=True),
    ),
    run=run,
)
