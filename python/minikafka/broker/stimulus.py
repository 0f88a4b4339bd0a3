"""What a turn's events are called in the trace: every chain of causes begins with something from outside.

Requests name themselves when they are decoded (`router.py`): one read may bring several.
"""

from __future__ import annotations

from minikafka.effects import (
    Event,
    FaultsHealed,
    FlushCompleted,
    FlushFailed,
    JobDone,
    PeerLost,
    PeerReplied,
    StopRequested,
    TimerFired,
)
from minikafka.trace import Trace


def tell_stimulus(trace: Trace, event: Event) -> None:
    """What is told from here on was caused by `event`."""
    match event:
        case TimerFired(key):
            trace.stimulus("timer", key="/".join(map(str, key)))
        case PeerReplied(call):
            trace.stimulus("peer", call=call, what="replied")
        case PeerLost(call, why):
            trace.stimulus("peer", call=call, what="lost", why=why)
        case FlushCompleted(partition, recovery_point):
            trace.stimulus("disk", what="flushed", of=str(partition), recovery_point=recovery_point)
        case FlushFailed(partition, why):
            trace.stimulus("disk", what="flush failed", of=str(partition), why=why)
        case JobDone(job, _, error):
            trace.stimulus("disk", what="job done", job=job, why=error)
        case StopRequested():
            trace.stimulus("control", what="stop")
        case FaultsHealed():
            trace.stimulus("control", what="faults healed")
        case _:
            trace.no_stimulus()
