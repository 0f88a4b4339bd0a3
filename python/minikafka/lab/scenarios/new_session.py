"""What idempotence does not cover: a new session, another partition.

The producer id is handed out when a producer starts, and forgotten when it ends. An application that dies without
knowing what was written, and sends again after its restart, is a new producer with sequences from 0: nothing to
recognise it by. Sequences are counted per partition as well: the same record sent again to another one is another
record.

A `transactional.id` survives the restart. The successor's `initTransactions` ends what its predecessor left open
(T3), so the copy that nobody had committed is never visible to read_committed.
"""

from __future__ import annotations

from minikafka.lab.scenario import DUPLICATED, IDEMPOTENT, Configuration, Scenario, Settings
from minikafka.lab.stage import READ_COMMITTED, Stage


def run(stage: Stage) -> None:
    """Records are written, their sender dies before it hears so, and sends them again after its restart."""
    topic = stage.topic(partitions=2)
    ids = [f"r:{n}" for n in range(stage.draw(10, 30))]
    transactional = stage.configuration.is_transactional
    identity: Settings = {"transactional.id": stage.name("session")} if transactional else {}
    first = stage.sender("first session", identity)
    if transactional:
        first.init()
        first.begin()
    first.send(topic, ids)
    stage.wait_for_end(topic, len(ids))
    stage.crash(first)

    second = stage.sender("second session", identity)
    if transactional:
        second.init()
        second.begin()
    second.send(topic, ids, partition=1 if stage.configuration.way == "another partition" else 0)
    second.flush()
    if transactional:
        stage.note("second session's commit", second.commit() or "done")
        stage.settle(topic)
        stage.read(topic, READ_COMMITTED)
    else:
        stage.read(topic)


SCENARIO = Scenario(
    name="new-session",
    title="idempotence ends with the session, and at the partition",
    claim="idempotent producers are a single-session, single-partition guarantee; transactions span both",
    truth="a restarted producer has a new id, so no copy is recognised; a transactional.id outlives the session",
    article="right",
    lesson=__doc__ or "",
    configurations=(
        Configuration(name="idempotent, restarted", shows=DUPLICATED, producer=IDEMPOTENT, sends_again=True),
        Configuration(
            name="idempotent, another partition",
            shows=DUPLICATED,
            producer=IDEMPOTENT,
            sends_again=True,
            way="another partition",
        ),
        Configuration(
            name="transactional, restarted",
            producer=IDEMPOTENT,
            is_transactional=True,
            sends_again=True,
            notes={"second session's commit": "done"},
        ),
    ),
    run=run,
)
