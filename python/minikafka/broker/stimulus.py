"""What a turn's events are called in the trace: every chain of causes begins with something from outside.

Requests name themselves when they are decoded (`router.py`): one read may bring several.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from minikafka.effects import (
    Event,
    FaultsHealed,
    FlushCompleted,
    FlushFailed,
    JobDone,
    PeerLost,
    PeerReplied,
    StopRequested,
    TakenBack,
    TimerFired,
)
from minikafka.trace import Trace


def tell_stimulus(trace: Trace, event: Event) -> None:
    """What is told from here on was caused by `event`."""
    tell = STIMULI.get(type(event))
    if tell is None:
        trace.no_stimulus()
    else:
        tell(trace, event)


def _flushed(trace: Trace, event: FlushCompleted) -> None:
    trace.stimulus("disk", what="flushed", of=str(event.partition), recovery_point=event.recovery_point)


def _job_done(trace: Trace, event: JobDone) -> None:
    trace.stimulus("disk", what="job done", job=event.job, why=event.error)


# By type: every event of every turn is looked up here while the trace is on.
STIMULI: Final[dict[type[Any], Callable[[Trace, Any], None]]] = {
    TimerFired: lambda trace, event: trace.stimulus("timer", key="/".join(map(str, event.key))),
    PeerReplied: lambda trace, event: trace.stimulus("peer", call=event.call, what="replied"),
    PeerLost: lambda trace, event: trace.stimulus("peer", call=event.call, what="lost", why=event.why),
    FlushCompleted: _flushed,
    FlushFailed: lambda trace, event: trace.stimulus(
        "disk", what="flush failed", of=str(event.partition), why=event.why
    ),
    JobDone: _job_done,
    StopRequested: lambda trace, _: trace.stimulus("control", what="stop"),
    TakenBack: lambda trace, event: trace.stimulus(
        "control", what="taken back", metadata_offset=event.offset
    ),
    FaultsHealed: lambda trace, _: trace.stimulus("control", what="faults healed"),
}
