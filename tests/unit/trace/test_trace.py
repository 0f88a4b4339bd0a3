"""The trace tells what happened, why, and what caused it; nothing while nobody listens."""

from __future__ import annotations

import json

from minikafka.history import History
from minikafka.trace import NOBODY, Trace
from minikafka.types import Now, TopicPartition

ORDERS = TopicPartition("orders", 0)


def a_trace() -> Trace:
    trace = Trace(on=True)
    trace.begin(Now(1_203, 0))
    return trace


def test_a_stimulus_is_told_when_it_first_causes_something() -> None:
    """A request that changes nothing leaves no event; one that does comes before what it caused."""
    trace = a_trace()
    trace.stimulus("request", api="Fetch")
    trace.stimulus("request", api="Produce")
    trace.event("append", "L3", ORDERS, base_offset=0)
    trace.event("high_watermark", "R4", ORDERS, offset=1)
    request, append, high_watermark = trace.take()
    assert (request.kind, request.facts, request.cause) == ("request", {"api": "Produce"}, None)
    assert append.cause == request.n
    assert high_watermark.cause == request.n


def test_an_event_may_name_its_own_cause() -> None:
    """An acknowledgement is caused by the append, although another request moved the high watermark."""
    trace = a_trace()
    append = trace.event("append", "L3", ORDERS)
    trace.stimulus("request", api="Fetch")
    trace.event("ack", "R7", ORDERS, append)
    assert [event.cause for event in trace.take()] == [None, append]


def test_what_settles_a_turn_has_no_stimulus() -> None:
    """Several events may have led to it."""
    trace = a_trace()
    trace.stimulus("timer", key="isr/check")
    trace.no_stimulus()
    trace.event("isr", "R8", ORDERS)
    assert [event.cause for event in trace.take()] == [None]


def test_n_goes_on_after_events_were_taken() -> None:
    """So `(broker, n)` names one event for ever."""
    trace = a_trace()
    first = trace.event("append", "L3", ORDERS)
    trace.take()
    assert trace.event("append", "L3", ORDERS) == first + 1


def test_nobody_listens_to_nobody() -> None:
    """The default of every machine is off."""
    assert not NOBODY.on


def test_history_numbers_events_as_they_arrive_and_forgets_the_oldest() -> None:
    """`seq` orders the nodes; the ring is bounded; a listener hears each event once."""
    history = History(limit=2)
    heard = []
    stop = history.listen(lambda event: heard.append(event.seq))
    for broker in (1, 2, 1):
        trace = a_trace()
        trace.event("append", "L3", ORDERS, base_offset=broker)
        history.record(broker, trace.take())
    stop()
    assert heard == [1, 2, 3]
    assert [(event.seq, event.broker) for event in history.events()] == [(2, 2), (3, 1)]
    assert [event.seq for event in history.events(after=2)] == [3]


def test_one_schema_one_line() -> None:
    """The fixed fields first, then the facts; a partition is two fields."""
    trace = a_trace()
    trace.event("isr", "R8", ORDERS, isr=[1, 2], why="lag")
    history = History()
    history.record(2, trace.take())
    (event,) = history.events()
    assert json.loads(event.as_json()) == {
        "seq": 1,
        "t_ms": 1_203,
        "broker": 2,
        "n": 1,
        "kind": "isr",
        "rule": "R8",
        "topic": "orders",
        "partition": 0,
        "isr": [1, 2],
        "why": "lag",
    }


def test_who_can_wait_hears_the_turns_together_and_misses_none() -> None:
    """Put aside until somebody asks, or there are many; `seq` counts what is aside as well."""
    history, trace = History(limit=2), Trace(on=True)
    heard: list[tuple[int, int, list[str]]] = []
    stop = history.listen_late(
        lambda broker, seq, events: heard.append((broker, seq, [told.kind for told in events]))
    )
    for broker, kinds in ((1, ("append", "ack")), (2, ("isr",))):
        for kind in kinds:
            trace.event(kind, "R1")
        history.record(broker, trace.take())
    assert (heard, history.last_seq) == ([], 3)
    assert [(event.seq, event.kind) for event in history.events()] == [(2, "ack"), (3, "isr")]
    assert heard == [(1, 1, ["append", "ack"]), (2, 3, ["isr"])]
    trace.event("flush", "D2")
    told = trace.take()
    history.record(1, told)
    stop()
    assert heard[2:] == [(1, 4, ["flush"])]
    assert history.find(1, told[0]).seq == 4
