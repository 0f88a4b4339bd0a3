"""One screen that tells what the brokers saw in a failed test: how things stand, the verdict, the last events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from minikafka import Cluster, MinikafkaError
from minikafka.config import INTERNAL_TOPICS
from minikafka.history import Event
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import ALL, PartitionView, Question
from minikafka.story.lines import event_line
from minikafka.types import NO_LEADER, TopicPartition

EVENTS: Final = 30
"""Shown, the newest of those worth a line."""
PARTITIONS: Final = 8
FINDINGS: Final = 10
WIDTH: Final = 150

SELDOM_WORTH_A_LINE: Final = frozenset(
    {
        "request",
        "timer",
        "peer",
        "disk",
        "fetch",
        "fetch_session",
        "metadata",
        "offsets",
        "caught_up",
        "flush",
        "checkpoint",
        "roll",
        "recovery",
        "left",
        "coordinator",
        "producer_id",
        "config",
        "clean",
        "delete",
    }
)
"""Kinds of events that a reader of the whole file may want, and a reader of one screen does not."""


def screen(cluster: Cluster, events: Sequence[Event], file: Path | None, suffix: str) -> str:
    """`events`: those of this test. `suffix`: of its names, left out. Raises MinikafkaError when the cluster does not
    run any more."""
    view = cluster.ask(Question(topic=ALL))
    told = [event for event in events if _is_told(event)]
    shown = told[-EVENTS:]
    begun = events[0].t_ms if events else 0
    lines = [
        f"nodes       {_nodes(cluster)}",
        *_partitions(view),
        *_verdict(cluster),
        f"events      {len(events)} in this test, below the last {len(shown)} that are worth a line",
        *(f"{event.t_ms - begun:>7} ms  {event_line(event)}" for event in shown),
    ]
    lines = [_fitting(line.replace(f"-{suffix}", "") if suffix else line) for line in lines]
    if suffix:
        lines.append(f"names       end in -{suffix}")
    if file is not None:
        lines.append(f"all events  {file}")
    return "\n".join(lines)


def _is_told(event: Event) -> bool:
    return event.kind not in SELDOM_WORTH_A_LINE and event.topic not in INTERNAL_TOPICS


def _fitting(line: str) -> str:
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."


def _nodes(cluster: Cluster) -> str:
    states = [f"broker {broker.id} {broker.state}" for broker in cluster.brokers]
    return ", ".join([*states, f"controller {cluster.controller.state}"])


def _partitions(view: ClusterView) -> Iterator[str]:
    decided = max(view.nodes.values(), key=lambda one: one.metadata_offset, default=None)
    found = [] if decided is None else [one for one in decided.partitions if one.topic not in INTERNAL_TOPICS]
    for number, one in enumerate(found[:PARTITIONS]):
        yield f"{'' if number else 'partitions':<10}  {_partition(view, one)}"
    if len(found) > PARTITIONS:
        yield f"{'':<10}  and {len(found) - PARTITIONS} more"


def _partition(view: ClusterView, one: PartitionView) -> str:
    name = TopicPartition(one.topic, one.partition)
    led = "no leader" if one.leader == NO_LEADER else f"leader {one.leader}"
    head = f"{name}: {led} in epoch {one.leader_epoch}, ISR {one.isr} of {one.replicas}"
    replica = view.replica(one.leader, name)
    if replica is None:
        return head
    at = replica.offsets
    return (
        f"{head}; log {at.log_start_offset}..{at.log_end_offset}, high watermark {at.high_watermark}, "
        f"last stable {at.last_stable_offset}"
    )


def _verdict(cluster: Cluster) -> Iterator[str]:
    """What became of acknowledged records: often the answer itself."""
    try:
        lines = str(cluster.verdict()).splitlines()
    except MinikafkaError as error:
        lines = [f"not known: {error}"]
    for number, line in enumerate(lines[:FINDINGS]):
        yield f"{'' if number else 'verdict':<10}  {line}"
    if len(lines) > FINDINGS:
        yield f"{'':<10}  and {len(lines) - FINDINGS} lines more: minikafka.verdict() has them"
