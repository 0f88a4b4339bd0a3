"""acks=1 acknowledges what only the leader has; when the leader dies for good, so do those records.

Two ways to the same loss. Followers cut off until the ISR is the leader alone: then only an unclean election can bring
the partition back. Followers cut off for a moment: they are still in the ISR although they lag, and one of them is
elected by the rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from minikafka import Cluster

from conformance.judging import ClientVerdict, judge
from conformance.recording import RecordingProducer, read_all
from conformance.view import ClusterView

BEFORE = 200
"""Records replicated before the cut."""
AFTER = 300
"""Records acknowledged by the cut-off leader."""


@dataclass(frozen=True, slots=True)
class LeaderLost:
    isr_at_death: list[int]
    verdict: ClientVerdict

    def __str__(self) -> str:
        return f"ISR {self.isr_at_death} when the leader died; {self.verdict}"


def run(cluster: Cluster, topic: str, *, wait_for_shrink: bool) -> LeaderLost:
    """Needs three brokers, unclean election allowed when `wait_for_shrink`; the dead leader stays dead."""
    view = ClusterView(cluster.bootstrap_servers)
    partition = cluster.topic(topic, partitions=1, replication_factor=3).partition(0)
    producer = RecordingProducer(cluster.bootstrap_servers, acks=1)
    producer.send(topic, BEFORE)
    producer.flush()
    cluster.wait(topic=topic, partition=0, isr=[1, 2, 3], timeout=10)

    leader = partition.leader
    for follower in {1, 2, 3} - {leader}:
        cluster.cut(leader, follower)
    # A replica that has all there is to have never lags: only something new shows that the followers are gone.
    producer.send(topic, AFTER // 2)
    producer.wait_for_acknowledged(BEFORE + AFTER // 2)
    if wait_for_shrink:
        cluster.wait(topic=topic, partition=0, isr=[leader], timeout=30)
    producer.send(topic, AFTER // 2)
    producer.wait_for_acknowledged(BEFORE + AFTER)
    isr_at_death = list(partition.isr)
    cluster.broker(leader).kill()
    view.wait_for_leader_other_than(leader, topic, 0)
    return LeaderLost(isr_at_death, judge(producer.flush(), read_all(cluster.bootstrap_servers, topic)))
