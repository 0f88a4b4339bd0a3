"""An EndTxn that was thought lost arrives during the next transaction.

The producer gave up waiting, asked again, was answered, and went on. The first copy is still on its way.

    transaction.version 1   it names a producer id and an epoch, and the next transaction has the same: the coordinator
                            takes it for this one's commit. Half of an unfinished transaction is committed; the abort
                            that follows takes the other half. Torn, and nobody has made a mistake
    transaction.version 2   every end raises the epoch (KIP-890), so the late copy is from the past, and is fenced

The clients' default since Kafka 4.0, on a cluster whose feature is finalized at 2; upgrading the brokers is not
enough.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.checker.anomaly import Anomaly
from minikafka.lab.scenario import IDEMPOTENT, Configuration, Lever, Scenario
from minikafka.lab.stage import READ_COMMITTED, Stage

FEATURE = "transaction.version"


def run(stage: Stage) -> None:
    """A transaction ends; the next one writes one record, the late request arrives, it writes another and aborts."""
    topic = stage.topic(partitions=2)
    version = stage.configuration.features[FEATURE]
    producer = stage.raw_producer(transaction_version=version)
    producer.init(stage.name("teller"))
    sequences = [0, 0]

    def send(name: str, partition: int) -> str:
        if version < 2:
            producer.add_partition(topic, partition)
        error, _ = producer.send(topic, [name], sequences[partition], partition=partition)
        sequences[partition] += error == "NONE"
        return error

    producer.begin()
    for number in range(stage.draw(1, 4)):
        send(f"first:{number}", 0)
    late = producer.producer
    producer.end(commit=True)
    if version >= 2:
        sequences = [0, 0]

    producer.begin()
    send("second:0", 0)
    stage.recorder.strike("a late EndTxn", Death.ANSWER)
    told = producer.end(commit=True, producer=late)
    stage.note("late EndTxn", told)
    if told == "NONE":
        stage.settle(topic)
    stage.note("next send", send("second:1", 1))
    stage.note("abort", producer.end(commit=False))
    stage.settle(topic)
    stage.settle(topic, 1)
    stage.read(topic, READ_COMMITTED)


SCENARIO = Scenario(
    name="late-end",
    title="a commit that arrives during the next transaction",
    claim="transactional producers give the stronger guarantee, across partitions and sessions",
    truth="before KIP-890 (transaction.version 2) a delayed EndTxn could commit half of the next transaction",
    article="incomplete: against late requests that holds since transaction.version 2 (KIP-890, Kafka 4.0)",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="transaction.version=1",
            shows=frozenset({Anomaly.TORN, Anomaly.ABORTED_READ}),
            producer=IDEMPOTENT,
            features={FEATURE: 1},
            is_transactional=True,
            notes={"late EndTxn": "NONE", "next send": "NONE", "abort": "NONE"},
        ),
        Configuration(
            name="transaction.version=2",
            producer=IDEMPOTENT,
            features={FEATURE: 2},
            is_transactional=True,
            notes={"late EndTxn": "PRODUCER_FENCED", "next send": "NONE", "abort": "NONE"},
        ),
    ),
    run=run,
    needs=frozenset({Lever.FEATURES}),
)
