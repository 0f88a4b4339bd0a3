"""The leader dies before its followers have what it acknowledged.

    acks=0      the client takes the record for sent when its socket took it; nobody acknowledged anything
    acks=1      the leader's own log is enough. A follower that lags is still in the ISR, for `replica.lag.time.max.ms`,
                so the controller elects one by the rules, and the dead leader cuts off what only it had when it returns
    acks=all    every in-sync replica has the record before the answer (R7), so whoever is elected has it too

No rule is broken with acks=1, and no unclean election is needed: that is why it is lost silently. acks=all alone is
not enough: the in-sync replicas may be the leader alone (see `min-isr`).
"""

from __future__ import annotations

from minikafka.lab.scenario import IDEMPOTENT, LOST, Configuration, Lever, Scenario, Settings
from minikafka.lab.stage import Stage

LAG: Settings = {"replica.lag.time.max.ms": 30_000}
"""Kafka's default; ours is shorter. Until then a follower that hears nothing counts as in sync."""


def run(stage: Stage) -> None:
    """Replicated records, then the leader is cut off from its followers, takes more records, and dies."""
    topic = stage.topic()
    sender = stage.sender(linger_ms=stage.draw(0, 20))
    before, after = stage.draw(20, 60), stage.draw(20, 60)
    sender.send(topic, [f"before:{n}" for n in range(before)])
    sender.flush()
    stage.cluster.wait(topic=topic, high_watermark=before)

    leader = stage.leader(topic)
    stage.cut_off(leader)
    sender.send(topic, [f"after:{n}" for n in range(after)])
    if stage.configuration.producer["acks"] == "all":
        stage.cluster.wait(topic=topic, log_end_offset=before + 1)
    else:
        sender.wait_for_acknowledged(before + after)
        stage.cluster.wait(topic=topic, log_end_offset=before + after)
    stage.kill(leader)
    stage.new_leader(topic, leader)
    sender.flush()
    stage.heal()
    stage.start(leader)
    stage.wait_for_isr(topic, {1, 2, 3})
    stage.read(topic)


SCENARIO = Scenario(
    name="acks-leader-killed",
    title="acks, and the death of the leader",
    claim="set acks=all",
    truth="acks=0 and acks=1 are answered before any follower has the record; a clean election then loses it",
    article="right, and incomplete: acks=all is worth what min.insync.replicas makes of it",
    lesson=__doc__ or "",
    configurations=(
        Configuration(name="acks=1", shows=LOST, broker=LAG, producer={"acks": "1"}),
        Configuration(name="acks=0", shows=LOST, broker=LAG, producer={"acks": "0"}),
        Configuration(
            name="acks=all",
            broker=LAG,
            topic={"min.insync.replicas": 2},
            producer=IDEMPOTENT,
        ),
    ),
    run=run,
    needs=frozenset({Lever.KILL, Lever.NETWORK}),
)
