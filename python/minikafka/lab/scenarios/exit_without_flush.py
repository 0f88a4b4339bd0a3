"""A program hands its records to the client, and ends.

`send` puts a record into a buffer and returns; a thread of the client's sends it later. A program that ends without
`flush()` (in Java: `close()`) takes the buffer with it. No broker, network or setting is at fault, and none can help:
nothing of these records ever left the machine. A callback would not have been called either; waiting for it would
have helped, which is what `flush` does. Java's producer sends from a daemon thread, so the virtual machine ends without
waiting for it, and without a word.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.lab.scenario import LOST, Client, Configuration, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """A program sends its records and comes to its end."""
    topic = stage.topic()
    stage.program(
        "program",
        Death.PRODUCER,
        work="produce",
        topic=topic,
        ids=[f"r:{n}" for n in range(stage.draw(50, 150))],
        flush=stage.configuration.way == "flush",
    )
    stage.recorder.strike("program ends", Death.PRODUCER)
    stage.read(topic)


SCENARIO = Scenario(
    name="exit-without-flush",
    title="the program ends before its records have left",
    claim="fire-and-forget returns immediately but does not guarantee that the message has been persisted",
    truth="what is in the client's buffer when the program ends was never sent; flush() or close() waits for it",
    article="right; it names neither flush nor close, which is what helps",
    lesson=__doc__ or "",
    configurations=(
        Configuration(name="ends without flush()", shows=LOST, listens=False, way="no flush"),
        Configuration(name="flush() at the end", listens=False, way="flush"),
        Configuration(
            name="Java: ends without close()", shows=LOST, listens=False, way="no flush", client=Client.JAVA
        ),
        Configuration(name="Java: close() at the end", listens=False, way="flush", client=Client.JAVA),
    ),
    run=run,
)
