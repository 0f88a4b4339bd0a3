"""acks=0, and the connection breaks.

With acks=0 nobody answers. The client takes a record for delivered once its socket took the bytes, and even its
callback says so. What was in the socket's buffer, or on the way, when the connection broke is gone, and there is
nothing to retry by: no answer is missing. With acks=1 or all the same break leaves requests without an answer, and
the client sends them again.
"""

from __future__ import annotations

from minikafka.lab.scenario import IDEMPOTENT, LOST, Configuration, Lever, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """The way from the client to the leader holds bytes back, then the connection breaks with them."""
    topic = stage.topic()
    sender = stage.sender(linger_ms=0)
    before, after = stage.draw(10, 30), stage.draw(10, 30)
    sender.send(topic, [f"before:{n}" for n in range(before)])
    sender.flush()
    stage.cluster.wait(topic=topic, high_watermark=before)
    stage.cut_clients(stage.leader(topic))
    sender.send(topic, [f"held:{n}" for n in range(after)])
    if stage.configuration.producer["acks"] == "0":
        sender.flush()
    stage.heal()
    sender.send(topic, ["last"])
    sender.flush()
    stage.settle(topic)
    stage.read(topic)


SCENARIO = Scenario(
    name="acks-zero-cut",
    title="acks=0 over a connection that breaks",
    claim="fire-and-forget may lose messages, especially under network jitter",
    truth="only acks=0 makes a network failure silent; with an answer to wait for, today's clients retry for minutes",
    article="imprecise: only with acks=0 does a network failure go unnoticed; today's defaults retry",
    lesson=__doc__ or "",
    configurations=(
        Configuration(name="acks=0", shows=LOST, producer={"acks": "0"}),
        Configuration(name="acks=0, no callback", shows=LOST, producer={"acks": "0"}, listens=False),
        Configuration(name="acks=all, no callback", producer=IDEMPOTENT, listens=False),
    ),
    run=run,
    needs=frozenset({Lever.NETWORK}),
)
