"""Acknowledged records lie in the page cache until the operating system writes them down.

    the process dies (kill -9)          the page cache is the system's: nothing is lost, on one broker or on three
    one machine of three loses power    the others still have everything
    all of them lose power              what no disk had is gone, acks=all and replication notwithstanding

Kafka promises replication, not fsync. "Messages remain only in the page cache and the broker crashes" is therefore
imprecise: a crash of the broker is harmless, a crash of its machine is not, and replicas help only as long as they do
not share a power supply. `flush.messages=1` (here: `durability=fsync`, with group commit) buys the rest.
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.lab.scenario import IDEMPOTENT, LOST, Configuration, Lever, Scenario
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """Acknowledged by every replica, then brokers die in the configuration's way, and come back."""
    topic = stage.topic()
    sender = stage.sender()
    sender.send(topic, [f"r:{n}" for n in range(stage.draw(50, 150))])
    sender.flush()
    leader = stage.leader(topic)
    match stage.configuration.way:
        case "killed":
            for broker in (1, 2, 3):
                stage.kill(broker)
            victims = [1, 2, 3]
        case "one":
            stage.power_loss(leader)
            stage.new_leader(topic, leader)
            victims = [leader]
        case _:
            stage.cluster.power_loss()
            stage.recorder.strike("every broker without power", Death.POWER_OF_ALL)
            victims = [1, 2, 3]
    for broker in victims:
        stage.start(broker)
    stage.recorder.end("every broker without power")
    stage.wait_for_isr(topic, {1, 2, 3})
    stage.read(topic)


SCENARIO = Scenario(
    name="page-cache",
    title="acknowledged, and in no disk's keeping",
    claim="messages that remain only in the page cache are lost when the broker crashes before flushing",
    truth="a killed process loses nothing; a power cut loses what no disk had, on every replica that it strikes",
    article="imprecise: a crash of the process loses nothing, one of its machine does, unless a replica survives",
    lesson=__doc__ or "",
    configurations=(
        Configuration(name="power loss of all replicas", shows=LOST, producer=IDEMPOTENT, way="all"),
        Configuration(name="kill -9 of all replicas", producer=IDEMPOTENT, way="killed"),
        Configuration(name="power loss of one replica", producer=IDEMPOTENT, way="one"),
        Configuration(name="power loss of all, fsync", producer=IDEMPOTENT, way="all", durability="fsync"),
    ),
    run=run,
    needs=frozenset({Lever.KILL, Lever.POWER}),
)
