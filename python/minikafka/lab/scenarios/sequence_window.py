"""What the leader remembers of a producer: the sequences of its last five batches.

    the next sequence               accepted
    one of the last five batches    a copy: not appended, answered with the first one's offset (I3)
    anything else                   OUT_OF_ORDER_SEQUENCE_NUMBER: a gap, or a copy too old to be known (I4)

"Accepts only the previous one plus one, discarding duplicates" is true within that window, which is why
`max.in.flight.requests.per.connection` may be at most 5. An older copy is refused, never appended twice; but its
sender cannot tell that refusal from a gap. And the number is of a *record*: a batch of ten moves it by ten.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.lab.scenario import DUPLICATED, Configuration, Scenario, Settings
from minikafka.lab.stage import Stage

WINDOW = 5


def run(stage: Stage) -> None:
    """Some batches, then one that is not the next."""
    topic = stage.topic()
    producer = stage.raw_producer()
    if stage.configuration.producer["enable.idempotence"]:
        producer.init()
    batches = [
        [f"{number}.{n}" for n in range(stage.draw(1, 4))] for number in range(WINDOW + stage.draw(1, 4))
    ]
    sequence, sent = 0, []
    for batch in batches:
        _, offset = producer.send(topic, batch, sequence)
        sent.append((batch, sequence, offset))
        sequence += len(batch)
    match stage.configuration.way:
        case "gap":
            error, _ = producer.send(topic, ["after the gap"], sequence + 1)
            stage.recorder.strike("a batch that never came", Death.ANSWER)
            stage.note("answer", error)
        case back:
            batch, first, offset = sent[-int(back)]
            error, told = producer.send(topic, batch, first, again=True)
            stage.recorder.strike("a batch sent again", Death.ANSWER)
            stage.note("answer", "the first copy's offset" if (error, told) == ("NONE", offset) else error)
    stage.read(topic)


IDEMPOTENT: Settings = {"acks": "all", "enable.idempotence": True}

SCENARIO = Scenario(
    name="sequence-window",
    title="sequence numbers: copies, gaps, and how far back the leader remembers",
    claim="the broker only accepts a sequence of the previous one plus one, discards duplicates and detects gaps",
    truth="it remembers the last five batches of a producer; an older copy is refused like a gap, and never appended",
    article="right within the last five batches of a producer, which it does not say; the sequence counts records",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="no producer id, a batch sent again",
            shows=DUPLICATED,
            producer={"acks": "all", "enable.idempotence": False},
            way="1",
        ),
        Configuration(
            name="the fifth-last batch again",
            producer=IDEMPOTENT,
            way="5",
            notes={"answer": "the first copy's offset"},
        ),
        Configuration(
            name="the sixth-last batch again",
            producer=IDEMPOTENT,
            way="6",
            notes={"answer": "OUT_OF_ORDER_SEQUENCE_NUMBER"},
        ),
        Configuration(
            name="a gap", producer=IDEMPOTENT, way="gap", notes={"answer": "OUT_OF_ORDER_SEQUENCE_NUMBER"}
        ),
    ),
    run=run,
)
