"""What the guarantees cost: one producer at-least-once, idempotent, and in transactions.

Idempotence is a producer id and a number per batch: nothing that could be measured, once the producer has its id. A
transaction costs round trips *per transaction*: the coordinator's record of the decision, replicated, and a marker in
each partition. "At the cost of lower throughput" is therefore a question of how much is in one transaction; here it
is 20 records, which is little, and then 500.

The numbers are this machine's, with brokers and client in one process; only their order means something.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from minikafka.lab.report.rates import RATE
from minikafka.lab.scenario import IDEMPOTENT, Configuration, Scenario, Settings
from minikafka.lab.stage import READ_COMMITTED, Stage

if TYPE_CHECKING:
    from minikafka.lab.clients.sender import Sender

IN_FLIGHT: Settings = {"max.in.flight.requests.per.connection": 5}
"""As many as idempotence allows; more would be another comparison."""
RECORDS = 1_000
"""Of a round."""
ROUNDS = 4
PAD_BYTES = 100


def run(stage: Stage) -> None:
    """All records, in transactions if the configuration has a size for them; the best of a few rounds counts."""
    topic = stage.topic()
    size = int(stage.configuration.way or 0)
    sender = stage.sender("producer", {"transactional.id": stage.name("teller")} if size else {})
    if size:
        sender.init()
    warm_up(sender, topic, in_transaction=size > 0)
    best_s = min(one_round(sender, topic, number, size) for number in range(ROUNDS))
    stage.note(RATE, round(RECORDS / best_s))
    stage.settle(topic)
    stage.read(topic, READ_COMMITTED)


def one_round(sender: Sender, topic: str, number: int, size: int) -> float:
    """Seconds from the first record to the last answer."""
    began = time.monotonic()
    step = size or RECORDS
    for first in range(0, RECORDS, step):
        if size:
            sender.begin()
        sender.send(topic, [f"{number}.{n}" for n in range(first, first + step)], pad=PAD_BYTES)
        if size:
            sender.commit()
    sender.flush()
    return time.monotonic() - began


def warm_up(sender: Sender, topic: str, *, in_transaction: bool) -> None:
    """Connections, metadata and the producer id are not what is measured."""
    if in_transaction:
        sender.begin()
    sender.send(topic, ["warm-up"])
    sender.flush()
    if in_transaction:
        sender.commit()


SCENARIO = Scenario(
    name="throughput",
    title="what at-least-once, idempotence and transactions cost",
    claim="transactional producers offer stronger semantics at the cost of lower throughput",
    truth="idempotence is free; a transaction costs its commit, so the cost per record is a matter of its size",
    article="imprecise: the cost is per transaction, so per record it is a matter of how many are in one",
    lesson=__doc__ or "",
    configurations=(
        Configuration(name="at-least-once", producer={"acks": "all", **IN_FLIGHT}),
        Configuration(name="idempotent", producer=IDEMPOTENT),
        Configuration(name="transactions of 500", producer=IDEMPOTENT, is_transactional=True, way="500"),
        Configuration(name="transactions of 20", producer=IDEMPOTENT, is_transactional=True, way="20"),
    ),
    run=run,
    strikes=False,
    alone=True,
)
