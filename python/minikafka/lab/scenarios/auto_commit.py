"""A consumer dies between committing an offset and processing what is below it.

    enable.auto.commit=true     the client commits what it has *handed out*, in the background. What the application had
                                in hand and not yet processed when it died is skipped by its successor
    commit after processing     the successor starts with what may have been processed: again, not never

"Auto-commit loses messages" is imprecise: it depends on the client, and on the loop. librdkafka commits from a thread
of its own, so a plain loop can lose, as here.

Apache Kafka's classic Java consumer commits by itself in two places only: inside `poll`, for the records of earlier
polls, and inside `close`, for all that was handed out (`maybeAutoCommitOffsetsAsync` and `maybeAutoCommitOffsetsSync`
in its ConsumerCoordinator). KafkaConsumer's documentation makes it the application's duty to be done with the records
of a poll before the next one, and before closing. Hence:

    processed in the loop, then killed        no loss: nobody committed, however long it took. Repeated work
    processed in the loop, and it throws      loss: close(), on the way out, commits the rest of the batch
    handed to a thread                        loss: the loop polls on, and commits what the thread has not done
    group.protocol=consumer, then killed      loss: what one poll has just handed out may be committed by the same poll

The first is the crash that the article describes. The second it does not know of: it needs no crash, only an exception
and the try-with-resources of every example. The last breaks what the documentation promises. The consumer of KIP-848
has a thread for its network, which takes the positions to commit when it comes to it, and `poll` hands out what is
buffered without waiting for that. KAFKA-18641 made it wait; kafka-clients 4.4.0, the one of these runs, waits only
while a rebalance is pending or a position unproven. The program asks the broker what is committed and dies where it is
too much, which takes three to five batches; the same program on the classic consumer never gets to die. On Apache
Kafka's brokers all of this comes out the same.
"""

from __future__ import annotations

from minikafka.lab.scenario import DUPLICATED, IDEMPOTENT, LOST, Client, Configuration, Scenario
from minikafka.lab.stage import Stage

BY_A_THREAD = "by a thread"
THROWING = "throwing"
TOO_EARLY = "too early committed"
SMALL = 2
"""Records of a batch, where it takes many of them to be struck."""


def run(stage: Stage) -> None:
    """A consumer takes a batch, processes a part of it and dies; another one of its group goes on."""
    configuration = stage.configuration
    topic, group = stage.topic(), stage.name("processors")
    records = stage.draw(30, 50)
    sender = stage.sender()
    sender.send(topic, [f"r:{n}" for n in range(records)])
    sender.flush()
    batch = stage.draw(8, 12) if configuration.way != TOO_EARLY else SMALL
    common = {
        "work": "consume",
        "topic": topic,
        "group": group,
        "batch": batch,
        "records": records,
        "commits": "auto" if configuration.consumer["enable.auto.commit"] else "after",
        "settings": dict(configuration.consumer),
    }
    if configuration.way == BY_A_THREAD:
        common["processing"] = BY_A_THREAD
    dies = configuration.way if configuration.way in {THROWING, TOO_EARLY} else "processing"
    after = batch + stage.draw(1, batch - 1) if dies != TOO_EARLY else 0
    stage.program("consumer 1", dies=dies, after=after, **common)
    stage.program("consumer 2", **common)
    stage.read(topic)


SCENARIO = Scenario(
    name="auto-commit",
    title="offsets committed before the records are processed",
    claim="loss when a consumer commits its offset and crashes before processing; disable automatic commits",
    truth="auto-commit covers what was handed out, processed or not; when that is depends on the client",
    article="imprecise: Java's classic consumer then repeats, and loses by an exception in the loop or a second thread",
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
        Configuration(
            name="Java: auto-commit, killed in the loop",
            allows=DUPLICATED,
            producer=IDEMPOTENT,
            consumer={"enable.auto.commit": True},
            client=Client.JAVA,
        ),
        Configuration(
            name="Java: auto-commit, the loop throws",
            shows=LOST,
            producer=IDEMPOTENT,
            consumer={"enable.auto.commit": True},
            commits="before",
            way=THROWING,
            client=Client.JAVA,
        ),
        Configuration(
            name="Java: auto-commit, handed to a thread",
            shows=LOST,
            producer=IDEMPOTENT,
            consumer={"enable.auto.commit": True},
            commits="before",
            way=BY_A_THREAD,
            client=Client.JAVA,
        ),
        Configuration(
            name="Java: auto-commit, KIP-848, killed in the loop",
            shows=LOST,
            producer=IDEMPOTENT,
            consumer={"enable.auto.commit": True, "group.protocol": "consumer"},
            commits="before",
            way=TOO_EARLY,
            client=Client.JAVA,
        ),
        Configuration(
            name="Java: commitSync() after processing",
            allows=DUPLICATED,
            producer=IDEMPOTENT,
            consumer={"enable.auto.commit": False},
            client=Client.JAVA,
        ),
    ),
    run=run,
)
