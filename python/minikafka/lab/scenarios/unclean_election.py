"""All in-sync replicas are dead, and one that is not in sync is alive: may it lead.

    unclean.leader.election.enable=true     it leads. What it lacks is gone, acks=all or not, and whoever returns cuts
                                            that off its own log (R15)
    false (the default since 0.11)          nobody leads until an in-sync replica returns: unavailable, not lost

The producer does nothing wrong here: it waits for acks=all. The in-sync replicas are one broker, and with
`min.insync.replicas=1`, Kafka's default, that is enough for "all".
"""

from __future__ import annotations

from minikafka.checker.allowed import Death
from minikafka.lab.scenario import IDEMPOTENT, LOST, Configuration, Lever, Scenario, Settings
from minikafka.lab.stage import Stage


def run(stage: Stage) -> None:
    """Two followers die, the leader takes more records alone and dies, and a follower comes back."""
    topic = stage.topic()
    sender = stage.sender()
    sender.send(topic, [f"replicated:{n}" for n in range(stage.draw(10, 40))])
    sender.flush()
    leader = stage.leader(topic)
    followers = [one for one in stage.look(topic).replicas if one != leader]
    for follower in followers:
        stage.kill(follower)
    stage.wait_for_isr(topic, {leader})
    sender.send(topic, [f"alone:{n}" for n in range(stage.draw(10, 40))])
    sender.flush()

    stage.kill(leader)
    stage.start(stage.random.choice(followers))
    if stage.configuration.topic["unclean.leader.election.enable"]:
        stage.note("who leads", "a replica that lacks acknowledged records")
        stage.recorder.strike("an unclean election", Death.UNCLEAN)
        stage.new_leader(topic, leader)
        stage.start(leader)
    else:
        stage.note("who leads", "nobody" if stage.look(topic).leader in {-1, leader} else "somebody")
        stage.start(leader)
        stage.target.wait_for_leader(topic, 0, -1)
    for follower in followers:
        stage.start(follower)
    stage.wait_for_isr(topic, {leader, *followers})
    stage.read(topic)


TOPIC: Settings = {"min.insync.replicas": 1}

SCENARIO = Scenario(
    name="unclean-election",
    title="an out-of-date replica becomes leader",
    claim="loss can happen if an out-of-date follower becomes leader; disable unclean leader election",
    truth="it has been off by default since Kafka 0.11; off, the partition waits for a replica that has everything",
    article="right; it has been the default since 0.11",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="unclean election on",
            shows=LOST,
            topic={**TOPIC, "unclean.leader.election.enable": True},
            producer=IDEMPOTENT,
        ),
        Configuration(
            name="unclean election off",
            topic={**TOPIC, "unclean.leader.election.enable": False},
            producer=IDEMPOTENT,
            notes={"who leads": "nobody"},
        ),
    ),
    run=run,
    needs=frozenset({Lever.KILL}),
)
