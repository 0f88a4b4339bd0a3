"""A record is larger than the broker takes.

`max.message.bytes` of the topic is checked at the broker (L3), the client's own limit (`max.request.size`, in
librdkafka `message.max.bytes`) before. Neither refusal can be helped by retrying: MESSAGE_TOO_LARGE is final. An
application without a callback never hears of it and goes on; one with a callback can compress, split, or put the
record aside.

In Java `send(record)` also returns a Future, in which the error is for whoever calls `get()`. `send` itself throws
nothing here, not even for a record over the client's own `max.request.size`.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.checker.operation import Op
from minikafka.lab.scenario import IDEMPOTENT, LOST, Client, Configuration, Scenario
from minikafka.lab.stage import Stage

LIMIT_BYTES = 1_000


def run(stage: Stage) -> None:
    """Small records, and here and there one over the limit."""
    topic = stage.topic(config={"max.message.bytes": LIMIT_BYTES})
    pairs = [(f"small:{n}", f"large:{n}") for n in range(stage.draw(5, 15))]
    if stage.configuration.client is Client.JAVA:
        send_by_java(stage, topic, pairs)
    else:
        sender = stage.sender()
        for small, large in pairs:
            sender.send(topic, [small])
            sender.flush()
            sender.send(topic, [large], pad=2 * LIMIT_BYTES)
            sender.flush()
    stage.recorder.strike("records over max.message.bytes")
    stage.note("what the callback says", ", ".join(sorted(set(stage.recorder.errors(Op.SEND)))))
    stage.read(topic)


def send_by_java(stage: Stage, topic: str, pairs: list[tuple[str, str]]) -> None:
    """The same, by a program."""
    stage.program(
        "producer",
        Death.PRODUCER,
        work="produce",
        topic=topic,
        ids=[name for pair in pairs for name in pair],
        large=[large for _, large in pairs],
        pad=2 * LIMIT_BYTES,
        batch=1,
        flush=True,
        listens=stage.configuration.listens,
        settings=dict(stage.configuration.producer),
    )


SCENARIO = Scenario(
    name="too-large",
    title="a record over max.message.bytes",
    claim="fire-and-forget loses a message that exceeds broker limits",
    truth="the broker refuses it for good; a callback is the only place where that is said",
    article="right",
    lesson=__doc__ or "",
    configurations=(
        Configuration(name="no callback", shows=LOST, producer=IDEMPOTENT, listens=False),
        Configuration(
            name="seen in the callback",
            producer=IDEMPOTENT,
            notes={"what the callback says": "MSG_SIZE_TOO_LARGE"},
        ),
        Configuration(
            name="Java: send(record)",
            shows=LOST,
            listens=False,
            notes={"what the callback says": ""},
            client=Client.JAVA,
        ),
        Configuration(
            name="Java: send(record, callback)",
            notes={"what the callback says": "RecordTooLargeException"},
            client=Client.JAVA,
        ),
    ),
    run=run,
)
