"""`GET /metrics`: what a Prometheus scrapes."""

from __future__ import annotations

from collections import Counter
from typing import Final

from minikafka import __version__
from minikafka.admin.exposition import CONTENT_TYPE, Metric, exposition
from minikafka.admin.route import AnyRoute, Nothing, Route, Text
from minikafka.admin.scope import Scope
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import EVERYTHING
from minikafka.types import CONTROLLER_ID, NO_LEADER


async def metrics(scope: Scope, asked: Nothing) -> Text:
    view = await scope.look(EVERYTHING)
    every = [*_nodes(scope, view), *_partitions(view), *_coordinators(view)]
    return Text(exposition(every), CONTENT_TYPE)


def _nodes(scope: Scope, view: ClusterView) -> list[Metric]:
    info = Metric("minikafka_build_info", "gauge", "Always 1; the version is a label.")
    info.add(1, version=__version__)
    alive = Metric("minikafka_node_alive", "gauge", "Whether a node lives; the controller is node 1000.")
    serves = Metric("minikafka_broker_in_service", "gauge", "Whether a broker is registered and unfenced.")
    parked = Metric("minikafka_parked_requests", "gauge", "Requests that wait in a purgatory.")
    fired = Metric("minikafka_fault_fired_total", "counter", "How often a fault in force has struck.")
    for armed in scope.rules.in_force:
        fired.add(armed.fired, fault=armed.rule.id)
    told = Metric("minikafka_events_total", "counter", "Trace events recorded.")
    told.add(scope.history.last_seq)
    for node in scope.nodes:
        alive.add(int(node.is_alive), node=node.node_id)
        seen = view.nodes.get(node.node_id)
        if node.node_id == CONTROLLER_ID:
            continue
        serves.add(int(seen is not None and seen.is_running), broker=node.node_id)
        waiting = Counter(one.purgatory for one in (seen.parked if seen is not None else ()))
        for purgatory in ("produce", "fetch"):
            parked.add(waiting[purgatory], broker=node.node_id, purgatory=purgatory)
    return [info, alive, serves, parked, fired, told]


def _partitions(view: ClusterView) -> list[Metric]:
    leader = Metric("minikafka_partition_leader", "gauge", "The leader's id, -1 while there is none.")
    epoch = Metric("minikafka_partition_leader_epoch", "gauge", "The leader epoch.")
    isr = Metric("minikafka_partition_isr", "gauge", "How many replicas are in sync.")
    under = Metric("minikafka_partition_under_replicated", "gauge", "Whether a replica is out of sync.")
    led = Metric("minikafka_partition_offline", "gauge", "Whether nobody leads.")
    for topic in view.topics:
        for one in view.partitions(topic):
            labels: dict[str, str | int] = {"topic": topic, "partition": one.partition}
            leader.add(one.leader, **labels)
            epoch.add(one.leader_epoch, **labels)
            isr.add(len(one.isr), **labels)
            under.add(int(len(one.isr) < len(one.replicas)), **labels)
            led.add(int(one.leader == NO_LEADER), **labels)
    return [leader, epoch, isr, under, led, *_replicas(view)]


def _replicas(view: ClusterView) -> list[Metric]:
    offsets = {
        name: Metric(f"minikafka_replica_{name}", "gauge", about)
        for name, about in (
            ("log_start_offset", "First offset that can be read."),
            ("high_watermark", "Everything below is replicated to the ISR."),
            ("last_stable_offset", "Everything below is decided."),
            ("log_end_offset", "Offset of the next record."),
        )
    }
    recovery = Metric("minikafka_replica_recovery_point", "gauge", "Everything below is on disk.")
    producers = Metric("minikafka_replica_producers", "gauge", "Producer ids that the replica remembers.")
    for node in view.brokers:
        for one in node.replicas:
            labels: dict[str, str | int] = {
                "topic": one.topic,
                "partition": one.partition,
                "broker": node.node,
            }
            for name, metric in offsets.items():
                metric.add(getattr(one.offsets, name), **labels)
            recovery.add(one.recovery_point, **labels)
            producers.add(len(one.producers), **labels)
    return [*offsets.values(), recovery, producers]


def _coordinators(view: ClusterView) -> list[Metric]:
    members = Metric("minikafka_group_members", "gauge", "Members of a consumer group.")
    committed = Metric("minikafka_group_committed_offset", "gauge", "The next offset a group wants.")
    transactions = Metric(
        "minikafka_transactions", "gauge", "Transactional ids, by the state of their transaction."
    )
    states: Counter[str] = Counter()
    for node in view.brokers:
        for group in node.groups:
            members.add(len(group.members), group=group.group_id, state=group.state)
            for one in group.committed:
                committed.add(one.offset, group=group.group_id, topic=one.topic, partition=one.partition)
        states.update(one.state for one in node.transactions)
    for state, count in sorted(states.items()):
        transactions.add(count, state=state)
    return [members, committed, transactions]


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/metrics", "The same in numbers, as Prometheus text.", Nothing, Text, metrics),
)
