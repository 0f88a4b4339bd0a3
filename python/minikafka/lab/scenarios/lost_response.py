"""The record is in the log, the answer is lost, and the client sends it again.

Raising `retries` prevents loss, and makes duplicates: to a client, a lost answer and a lost request look the same.
With `enable.idempotence=true` each batch carries a producer id and a sequence; the leader finds a copy among the
producer's last five batches and answers with the first one's offset (I3).

Today's clients have both on: `retries` is practically unlimited, and Java's have been idempotent since 3.0 (KIP-679).
librdkafka's default is still not, which is the bad configuration here.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.lab.scenario import DUPLICATED, IDEMPOTENT, Client, Configuration, Lever, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """One batch after the other; the answers to a few of them never leave."""
    topic = stage.topic()
    lost = stage.draw(1, 3)
    dropped = stage.cluster.faults.drop_response(
        api="Produce", topic=topic, after="append", times=lost, skip=stage.draw(0, 2)
    )
    with stage.fault(f"{lost} answers to Produce lost", dropped, at_least=lost):
        send(stage, topic)
    stage.read(topic)


def send(stage: Stage, topic: str) -> None:
    """Eight batches, each waited for."""
    sizes = [stage.draw(1, 5) for _ in range(8)]
    if stage.configuration.client is Client.JAVA:
        stage.program(
            "producer",
            Death.PRODUCER,
            work="produce",
            topic=topic,
            ids=[f"r:{n}" for n in range(8 * sizes[0])],
            batch=sizes[0],
            flush=True,
            listens=True,
            settings=dict(stage.configuration.producer),
        )
        return
    sender = stage.sender("producer", linger_ms=5)
    for batch, size in enumerate(sizes):
        sender.send(topic, [f"{batch}.{n}" for n in range(size)])
        sender.flush()


SCENARIO = Scenario(
    name="lost-response",
    title="retries, and an answer that got lost",
    claim="at-least-once prevents loss but may cause duplicates; idempotence discards duplicates",
    truth="the leader knows a retried batch by producer id, epoch and sequence, and answers the first copy's offset",
    article="right; Java's producers have been idempotent by default since 3.0 (KIP-679), librdkafka's are not",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="retries without idempotence",
            shows=DUPLICATED,
            producer={"acks": "all", "enable.idempotence": False},
        ),
        Configuration(name="retries with idempotence", producer=IDEMPOTENT),
        Configuration(
            name="Java: enable.idempotence=false",
            shows=DUPLICATED,
            producer={"enable.idempotence": False},
            client=Client.JAVA,
        ),
        Configuration(name="Java: defaults", client=Client.JAVA),
    ),
    run=run,
    needs=frozenset({Lever.FAULTS}),
)
