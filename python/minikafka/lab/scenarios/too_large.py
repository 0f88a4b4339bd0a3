"""A record is larger than the broker takes.

`max.message.bytes` of the topic is checked at the broker (L3), the client's own limit (`max.request.size`, in
librdkafka `message.max.bytes`) before. Neither refusal can be helped by retrying: MESSAGE_TOO_LARGE is final. An
application without a callback never hears of it and goes on; one with a callback can compress, split, or put the
record aside.
"""

from __future__ import annotations

from minikafka.lab.scenario import IDEMPOTENT, LOST, Configuration, Scenario
from minikafka.lab.stage import Stage

LIMIT_BYTES = 1_000


def run(stage: Stage) -> None:
    """Small records, and here and there one over the limit."""
    topic = stage.topic(config={"max.message.bytes": LIMIT_BYTES})
    sender = stage.sender()
    for n in range(stage.draw(5, 15)):
        sender.send(topic, [f"small:{n}"])
        sender.flush()
        sender.send(topic, [f"large:{n}"], pad=2 * LIMIT_BYTES)
        sender.flush()
    stage.recorder.strike("records over max.message.bytes")
    stage.note("what the callback says", ", ".join(sorted(set(sender.errors))))
    stage.read(topic)


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
    ),
    run=run,
)
