"""Two processes believe they are the one: the old, which everybody thought dead, and its successor.

With a `transactional.id` of its own each works on, and everything is done twice. With a shared one the successor's
`initTransactions` raises the producer epoch; whatever the old one still sends carries the old epoch and is refused
(T3, I2): it is *fenced*, and its half of the work aborted.

In Java the article's `catch (KafkaException e) { producer.abortTransaction(); }` then throws itself, since there is
nothing left that this producer may abort: KafkaProducer's documentation has ProducerFencedException caught apart, and
answered by `close()`. Nothing is lost or doubled by that, but the application ends where its author did not think.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.checker.operation import Op
from minikafka.lab.scenario import DUPLICATED, IDEMPOTENT, Client, Configuration, Scenario
from minikafka.lab.stage import READ_COMMITTED, Stage


def run(stage: Stage) -> None:
    """The old one stands still in its transaction; the new one does the work; the old one wakes up."""
    topic = stage.topic()
    shared = stage.configuration.way == "shared"
    ids = [f"r:{n}" for n in range(stage.draw(10, 30))]
    half = stage.draw(1, len(ids) - 1)
    if stage.configuration.client is Client.JAVA:
        follow_the_listing(stage, topic, ids, half)
        return
    old = stage.sender("old", transactional_id=stage.name("worker" if shared else "worker-1"))
    old.init()
    old.begin()
    old.send(topic, ids[:half])
    old.flush()
    stage.recorder.strike("old stands still", Death.PRODUCER)

    new = stage.sender("new", transactional_id=stage.name("worker" if shared else "worker-2"))
    new.init()
    new.begin()
    new.send(topic, ids)
    new.flush()
    new.commit()
    stage.recorder.end("old stands still")

    old.send(topic, ids[half:])
    stage.note("the old one's commit", old.commit() or "done")
    stage.settle(topic)
    stage.read(topic, READ_COMMITTED)


def follow_the_listing(stage: Stage, topic: str, ids: list[str], half: int) -> None:
    """The same in one program, with the article's `catch (KafkaException e) { producer.abortTransaction(); }`."""
    told = {"topic": topic, "transactional_id": stage.name("worker"), "ids": ids, "after": half}
    stage.program("listing", Death.PRODUCER, work="fenced", **told)
    stage.recorder.strike("old stood still", Death.PRODUCER)
    stage.note("the old one's commit", ", ".join(stage.recorder.errors(Op.COMMIT)) or "done")
    stage.note("its abort in the catch", ", ".join(stage.recorder.errors(Op.ABORT)) or "done")
    stage.settle(topic)
    stage.read(topic, READ_COMMITTED)


SCENARIO = Scenario(
    name="zombie",
    title="a producer that was thought dead goes on",
    claim="transactional producers guarantee exactly-once across sessions",
    truth="only instances that share a transactional.id fence one another; the epoch decides",
    article="incomplete: instances have to share a transactional.id to fence one another",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="each its own transactional.id",
            shows=DUPLICATED,
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            way="own",
            notes={"the old one's commit": "done"},
        ),
        Configuration(
            name="one transactional.id",
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            way="shared",
            notes={"the old one's commit": "_FENCED"},
        ),
        Configuration(
            name="Java: the article's listing",
            is_transactional=True,
            sends_again=True,
            way="shared",
            notes={
                "the old one's commit": "InvalidProducerEpochException",
                "its abort in the catch": "ProducerFencedException",
            },
            client=Client.JAVA,
        ),
    ),
    run=run,
)
