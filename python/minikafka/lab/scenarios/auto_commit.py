"""A consumer dies between committing an offset and processing what is below it.

    enable.auto.commit=true     the client commits what it has *handed out*, in the background. What the application had
                                in hand and not yet processed when it died is skipped by its successor
    commit after processing     the successor starts with what may have been processed: again, not never

"Auto-commit loses messages" is imprecise. librdkafka commits from a thread of its own, so a plain loop can lose, as
here. The Java consumer commits inside `poll`, for the records of earlier polls: a plain loop, which has processed
those by then, gets duplicates but no loss; it loses once records are handed to other threads.
"""

from __future__ import annotations

from minikafka.lab.scenario import DUPLICATED, IDEMPOTENT, LOST, Configuration, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """A consumer takes a batch, processes a part of it and dies; another one of its group goes on."""
    topic, group = stage.topic(), stage.name("processors")
    records = stage.draw(30, 50)
    sender = stage.sender()
    sender.send(topic, [f"r:{n}" for n in range(records)])
    sender.flush()
    batch = stage.draw(8, 12)
    common = {
        "work": "consume",
        "topic": topic,
        "group": group,
        "batch": batch,
        "records": records,
        "commits": "auto" if stage.configuration.commits == "before" else "after",
    }
    stage.program("consumer 1", dies="processing", after=batch + stage.draw(1, batch - 1), **common)
    stage.program("consumer 2", **common)
    stage.read(topic)


SCENARIO = Scenario(
    name="auto-commit",
    title="offsets committed before the records are processed",
    claim="loss when a consumer commits its offset and crashes before processing; disable automatic commits",
    truth="auto-commit covers what was handed out, processed or not; when that is depends on the client",
    article="imprecise: whether a plain loop loses by auto-commit depends on the client; Java's does not",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="enable.auto.commit=true",
            shows=LOST,
            producer=IDEMPOTENT,
            consumer={"enable.auto.commit": True},
            commits="before",
        ),
        Configuration(
            name="commit after processing",
            allows=DUPLICATED,
            producer=IDEMPOTENT,
            consumer={"enable.auto.commit": False},
        ),
    ),
    run=run,
)
