"""Read, transform, write: the position in the input has to be committed with the output.

A transaction makes the output atomic. The consumer's offset is output too: a record in `__consumer_offsets`.
Committed by the consumer, after the transaction, it leaves a gap in which a crash repeats the whole transaction:
exactly once for the partitions, twice for the application. `sendOffsetsToTransaction` puts it into the transaction
(T12), and there is no gap. The article's listing leaves this out; without it, transactions do not make a copy
exactly-once, in Java as little as elsewhere: `commitSync()` behind `commitTransaction()` is the bad side here, on both
clients.
"""

from __future__ import annotations

from minikafka.lab.scenario import DUPLICATED, IDEMPOTENT, Client, Configuration, Scenario
from minikafka.lab.stage import READ_COMMITTED, Stage


def run(stage: Stage) -> None:
    """An application copies a few batches and dies at its worst moment; its successor goes on."""
    source, output = stage.topic("input"), stage.topic("output")
    records, batch = stage.draw(30, 60), stage.draw(5, 10)
    sender = stage.sender("source")
    sender.send(source, [f"r:{n}" for n in range(records)])
    sender.flush()
    common = {
        "work": "copy",
        "topic": source,
        "output": output,
        "group": stage.name("copiers"),
        "transactional_id": stage.name("copier"),
        "batch": batch,
        "records": records,
        "commits": stage.configuration.commits,
    }
    stage.program("copier 1", dies=stage.configuration.way, after=batch * stage.draw(1, 3), **common)
    stage.program("copier 2", **common)
    stage.read(source)
    stage.settle(output)
    stage.read(output, READ_COMMITTED)


SCENARIO = Scenario(
    name="exactly-once-copy",
    title="consume, transform, produce",
    claim="Kafka provides exactly-once consumption via idempotent and transactional producers",
    truth="only if the consumed offsets are committed in the transaction, by sendOffsetsToTransaction",
    article="incomplete: without sendOffsetsToTransaction a transactional copy repeats whole transactions",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="offsets committed by the consumer",
            shows=DUPLICATED,
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            way="after the commit",
        ),
        Configuration(
            name="sendOffsetsToTransaction, dies after the commit",
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            commits="in the transaction",
            way="after the commit",
        ),
        Configuration(
            name="sendOffsetsToTransaction, dies before the commit",
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            commits="in the transaction",
            way="before the commit",
        ),
        Configuration(
            name="Java: commitSync() after the transaction",
            shows=DUPLICATED,
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            way="after the commit",
            client=Client.JAVA,
        ),
        Configuration(
            name="Java: sendOffsetsToTransaction, dies after the commit",
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            commits="in the transaction",
            way="after the commit",
            client=Client.JAVA,
        ),
        Configuration(
            name="Java: sendOffsetsToTransaction, dies before the commit",
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            commits="in the transaction",
            way="before the commit",
            client=Client.JAVA,
        ),
    ),
    run=run,
)
