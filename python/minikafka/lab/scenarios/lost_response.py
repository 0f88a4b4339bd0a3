"""The record is in the log, the answer is lost, and the client sends it again.

Raising `retries` prevents loss, and makes duplicates: to a client, a lost answer and a lost request look the same.
With `enable.idempotence=true` each batch carries a producer id and a sequence; the leader finds a copy among the
producer's last five batches and answers with the first one's offset (I3).

Today's clients have both on: `retries` is practically unlimited, and Java's have been idempotent since 3.0 (KIP-679).
librdkafka's default is still not, which is the bad configuration here.
"""

from __future__ import annotations

from minikafka.lab.scenario import DUPLICATED, IDEMPOTENT, Configuration, Lever, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """One batch after the other; the answers to a few of them never leave."""
    topic = stage.topic()
    sender = stage.sender("producer", linger_ms=5)
    lost = stage.draw(1, 3)
    dropped = stage.cluster.faults.drop_response(
        api="Produce", topic=topic, after="append", times=lost, skip=stage.draw(0, 2)
    )
    with stage.fault(f"{lost} answers to Produce lost", dropped, at_least=lost):
        for batch in range(8):
            sender.send(topic, [f"{batch}.{n}" for n in range(stage.draw(1, 5))])
            sender.flush()
    stage.read(topic)


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
    ),
    run=run,
    needs=frozenset({Lever.FAULTS}),
)
