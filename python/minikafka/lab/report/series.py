"""What a run looks like over time, one partition at a time: the numbers behind a picture, still without any geometry.

Clients' points come from the history; what brokers know (the log's end, the high watermark, the in-sync replicas) from
their events, where there are such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from minikafka.checker.operation import Op, Type
from minikafka.history import Event
from minikafka.lab.result import Result
from minikafka.types import CONTROLLER_ID

Point = tuple[float, int]
"""Time in ms of the run, offset."""


@dataclass(slots=True)
class Series:
    """One partition. Lines are steps: a value holds until the next point. isr: time, leader, in-sync replicas.

    wrong: what an anomaly befell, by its label: where it was acknowledged, or found; offset -1: nobody was told where.
    """

    topic: str
    partition: int
    acknowledged: list[Point] = field(default_factory=list)
    read: list[Point] = field(default_factory=list)
    read_committed: list[Point] = field(default_factory=list)
    processed: list[Point] = field(default_factory=list)
    log_end: list[Point] = field(default_factory=list)
    high_watermark: list[Point] = field(default_factory=list)
    last_stable: list[Point] = field(default_factory=list)
    isr: list[tuple[float, int, tuple[int, ...]]] = field(default_factory=list)
    wrong: dict[str, list[Point]] = field(default_factory=dict)

    @property
    def last_offset(self) -> int:
        """The highest of anything here; at least 1, so that there is a scale."""
        lines = (self.acknowledged, self.read, self.read_committed, self.log_end, self.high_watermark)
        return max((offset for line in lines for _, offset in line), default=1) or 1


def series_of(result: Result) -> list[Series]:
    """Every partition in which something was sent or read, by topic and number."""
    found: dict[tuple[str, int], Series] = {}
    for one in result.history:
        if one.topic and one.partition >= 0 and one.op in {Op.SEND, Op.POLL, Op.PROCESS, Op.READ}:
            found.setdefault((one.topic, one.partition), Series(one.topic, one.partition))
    _add_operations(result, found)
    _add_findings(result, found)
    for (topic, partition), series in found.items():
        own = (one for one in result.events if (one.topic, one.partition) == (topic, partition))
        _add_events(series, own, result.origin_ms)
    return [found[place] for place in sorted(found)]


def duration_ms(result: Result) -> float:
    """Of what the history shows."""
    return max((one.time_ms for one in result.history), default=1.0) or 1.0


def _add_operations(result: Result, found: dict[tuple[str, int], Series]) -> None:
    for one in result.history:
        series = found.get((one.topic, one.partition))
        if series is None or one.offset < 0:
            continue
        point = (one.time_ms, one.offset)
        if one.op is Op.SEND and one.type is Type.OK:
            series.acknowledged.append(point)
        elif one.op is Op.POLL:
            (series.read_committed if one.isolation == "read_committed" else series.read).append(point)
        elif one.op is Op.PROCESS:
            series.processed.append(point)


def _add_findings(result: Result, found: dict[tuple[str, int], Series]) -> None:
    """At the last line of evidence that has an offset, which is where it can be seen; below the axis if none has."""
    for finding in () if result.client is None else result.client.findings:
        places = [one for one in finding.evidence if one.offset >= 0] or list(finding.evidence)
        if places:
            place = places[-1]
            series = found.get((place.topic, place.partition))
            if series is not None:
                series.wrong.setdefault(finding.anomaly.label, []).append((place.time_ms, place.offset))


def _add_events(series: Series, events: Iterable[Event], origin_ms: float) -> None:
    leader = -1
    for event in events:
        at = event.t_ms - origin_ms
        if event.broker == CONTROLLER_ID:
            leader = _decided(series, event, at, leader)
        elif event.kind == "leader_epoch" and event.get("role") == "leader":
            leader = event.broker
        elif event.broker == leader:
            _add_offsets(series, event, at)


def _decided(series: Series, event: Event, at: float, leader: int) -> int:
    """What the controller decided: who leads, who is in sync."""
    if event.kind not in {"election", "isr"}:
        return leader
    chosen, members = event.get("leader"), event.get("isr")
    leader = chosen if isinstance(chosen, int) else leader
    if isinstance(members, list | tuple):
        series.isr.append((at, leader, tuple(one for one in members if isinstance(one, int))))
    return leader


def _add_offsets(series: Series, event: Event, at: float) -> None:
    for line, offset in _moved(series, event):
        line.append((at, offset))


def _moved(series: Series, event: Event) -> Iterator[tuple[list[Point], int]]:
    last, offset = event.get("last_offset"), event.get("offset")
    if event.kind == "append" and not event.get("replicated") and isinstance(last, int):
        yield series.log_end, last + 1
    elif event.kind == "marker" and isinstance(offset, int) and event.get("what") in {"commit", "abort"}:
        yield series.log_end, offset + 1
    elif event.kind == "truncate" and isinstance(offset, int):
        yield series.log_end, offset
    elif event.kind == "high_watermark" and isinstance(offset, int):
        yield series.high_watermark, offset
    elif event.kind == "last_stable_offset" and isinstance(offset, int):
        yield series.last_stable, offset
