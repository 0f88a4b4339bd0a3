"""read_uncommitted and read_committed, over the same log.

    read_uncommitted (the default)   everything below the high watermark: aborted records, open transactions
    read_committed                   everything below the *last stable offset*, without what was aborted

The last stable offset is where the oldest open transaction begins (T10). One slow transaction therefore holds back
everybody behind it, records without a transaction included: the article's "only sees messages from successfully
committed transactions" leaves out both, that such records are seen and that they wait. And markers have offsets, so a
reader's offsets have holes.
"""

from __future__ import annotations

from minikafka.lab.scenario import ABORTED_READ, IDEMPOTENT, Configuration, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """A commit, an abort and plain records, and meanwhile a transaction that stays open."""
    topic = stage.topic()
    isolation = str(stage.configuration.consumer["isolation.level"])
    teller = stage.sender("teller", transactional_id=stage.name("teller"))
    teller.init()
    committed, aborted = stage.draw(2, 6), stage.draw(2, 6)
    for way, count in (("committed", committed), ("aborted", aborted)):
        teller.begin()
        teller.send(topic, [f"{way}:{n}" for n in range(count)])
        teller.flush()
        stage.note(
            f"{way} transaction", (teller.commit() if way == "committed" else teller.abort()) or "done"
        )
    slow = stage.sender("slow", transactional_id=stage.name("slow"))
    slow.init()
    slow.begin()
    slow.send(topic, ["slow:0"])
    slow.flush()
    begins = slow.offsets[-1]
    plain = stage.sender("plain")
    plain.send(topic, ["plain:0"])
    plain.flush()
    stage.recorder.strike("a transaction stays open")

    seen = stage.read(topic, isolation, process="early reader", final=False)
    stage.note("sees plain records behind an open transaction", "yes" if "plain:0" in seen else "no")
    stage.note(
        "first offset behind the two markers", "as expected" if begins == committed + aborted + 2 else begins
    )
    slow.commit()
    stage.recorder.end("a transaction stays open")
    stage.settle(topic)
    stage.read(topic, isolation)


EITHER = {
    "committed transaction": "done",
    "aborted transaction": "done",
    "first offset behind the two markers": "as expected",
}

SCENARIO = Scenario(
    name="isolation",
    title="what each isolation level shows",
    claim="read_committed only sees messages from successfully committed transactions; read_uncommitted sees all",
    truth="read_committed also sees plain records, and waits for the oldest open transaction before showing anything",
    article="imprecise: read_committed also shows records without a transaction, and waits for the oldest open one",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="read_uncommitted",
            shows=ABORTED_READ,
            producer=IDEMPOTENT,
            consumer={"isolation.level": "read_uncommitted"},
            notes={**EITHER, "sees plain records behind an open transaction": "yes"},
        ),
        Configuration(
            name="read_committed",
            producer=IDEMPOTENT,
            consumer={"isolation.level": "read_committed"},
            notes={**EITHER, "sees plain records behind an open transaction": "no"},
        ),
    ),
    run=run,
)
