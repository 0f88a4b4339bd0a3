"""Two batches are under way, the first is refused, the second is not: the retry lands behind.

Order holds within a partition, for one producer, as long as nothing is sent twice. With retries and more than one
request in flight, without idempotence, the second batch overtakes the first.
`max.in.flight.requests.per.connection=1` prevents it at the price of one round trip per batch; idempotence does it
for free, since a batch whose predecessor is missing is refused (I4).

librdkafka (2.16) reorders even with one in flight: a batch that waits for its retry lets the next one pass. Its
manual says so at `retries`.
"""

from __future__ import annotations

from minikafka.lab.scenario import IDEMPOTENT, REORDERED, Configuration, Lever, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """Batches of one record, several in flight; one of them is refused once."""
    topic = stage.topic()
    sender = stage.sender(linger_ms=0, batch_num_messages=1, retry_backoff_ms=500)
    sender.send(topic, ["first"])
    sender.flush()
    error = stage.cluster.faults.error(
        api="Produce", topic=topic, code="NOT_ENOUGH_REPLICAS", times=1, skip=stage.draw(0, 3)
    )
    with stage.fault("a batch refused", error):
        sender.send(topic, [f"r:{n}" for n in range(stage.draw(30, 60))])
        sender.flush()
    stage.read(topic)


SCENARIO = Scenario(
    name="reordered",
    title="retries with several requests in flight",
    claim="increase retries",
    truth="retries without idempotence can also reorder; Kafka's order is that of appends, not of sends",
    article="incomplete: retries without idempotence also reorder",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="retries, five in flight",
            shows=REORDERED,
            producer={"acks": "all", "max.in.flight.requests.per.connection": 5},
        ),
        Configuration(name="idempotent, five in flight", producer=IDEMPOTENT),
    ),
    run=run,
    needs=frozenset({Lever.FAULTS}),
)
