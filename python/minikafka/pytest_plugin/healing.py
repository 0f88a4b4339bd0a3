"""After a test on a shared cluster: nothing it broke and nothing it created is there for the next one."""

from __future__ import annotations

from minikafka import BrokerHalted, Cluster, MinikafkaError
from minikafka.pytest_plugin.admin import delete_topics
from minikafka.pytest_plugin.external import External
from minikafka.pytest_plugin.names import Names
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import ALL, Question

HEAL_TIMEOUT_S = 20.0
EVERY_TOPIC = Question(topic=ALL)


def tidy(shared: Cluster | External, names: Names) -> None:
    """Raises BrokerHalted if a broker broke. A cluster that cannot be healed is started anew."""
    if isinstance(shared, External):
        shared.delete_topics(names.given)
        return
    try:
        shared.check_halted()
        heal(shared)
        shared.run(lambda supervisor: delete_topics(supervisor.internal_address(1), names.given))
    except MinikafkaError as problem:
        shared.close()
        shared.start()
        if isinstance(problem, BrokerHalted):
            raise


def heal(cluster: Cluster) -> None:
    """Let everything run and reach everything; returns when all replicas are in sync again."""
    cluster.faults.heal()
    cluster.heal()
    restarted = False
    for node in (cluster.controller, *cluster.brokers):
        state = node.state
        if state == "paused":
            node.resume()
        elif state != "running":
            node.start()
            restarted = True
    for broker in cluster.brokers:
        broker.thaw_metadata()
    if restarted:
        cluster.run(lambda supervisor: supervisor.until(EVERY_TOPIC, _in_sync, HEAL_TIMEOUT_S, _lagging))


def _in_sync(view: ClusterView) -> bool:
    return not _lagging(view)


def _lagging(view: ClusterView) -> str:
    decided = [one for node in view.nodes.values() for one in node.partitions]
    return ", ".join(
        f"{one.topic}-{one.partition} has ISR {one.isr}"
        for one in decided
        if len(one.isr) < len(one.replicas)
    )
