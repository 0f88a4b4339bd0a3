"""A batch is refused with an error that will pass, and the client may not try again.

Errors such as NOT_ENOUGH_REPLICAS say "not now". `retries=0` turns them into losses that only a callback hears of.
Fire-and-forget is then silent; with a callback the application can send again itself.

Today's defaults never come to that: `retries` is practically unlimited and `delivery.timeout.ms` allows two minutes
(five in librdkafka), so even without a callback nothing is lost here. The article's "increase retries" is advice for
clients of before 2.1 (KIP-91).
"""

from __future__ import annotations

from minikafka.lab.scenario import LOST, Configuration, Lever, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """A few batches are refused once each; an application that listens sends them again."""
    topic = stage.topic()
    sender = stage.sender(linger_ms=5)
    refused = stage.draw(1, 3)
    error = stage.cluster.faults.error(
        api="Produce", topic=topic, code="NOT_ENOUGH_REPLICAS", times=refused, skip=stage.draw(0, 2)
    )
    with stage.fault(f"{refused} batches refused", error, at_least=refused):
        for batch in range(8):
            sender.send(topic, [f"{batch}.{n}" for n in range(stage.draw(1, 5))])
            sender.flush()
            while stage.configuration.sends_again and sender.undelivered:
                sender.send(topic, sender.take_undelivered())
                sender.flush()
    stage.read(topic)


SCENARIO = Scenario(
    name="no-retries",
    title="a refusal that would have passed, and no second try",
    claim="use send(msg, callback) to trigger retry or compensation; increase retries",
    truth="with today's defaults the client itself retries for minutes; only retries=0 needs the callback for this",
    article="out of date: clients since 2.1 retry for minutes by default (KIP-91); a callback is for what is final",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="retries=0, no callback", shows=LOST, producer={"acks": "all", "retries": 0}, listens=False
        ),
        Configuration(name="today's defaults, no callback", producer={"acks": "all"}, listens=False),
        Configuration(
            name="retries=0, resent from the callback",
            producer={"acks": "all", "retries": 0},
            sends_again=True,
        ),
    ),
    run=run,
    needs=frozenset({Lever.FAULTS}),
)
