"""The trace tells what happened, why, and what caused it; nothing while nobody listens."""

from __future__ import annotations

import json

import pytest
from minikafka.history import History
from minikafka.trace import NOBODY, Events, Fact, Trace
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


def test_the_ring_keeps_as_many_as_it_may_whatever_is_forgotten_together() -> None:
    """Turns of different lengths, of several nodes: the newest `limit` events are there, each with its node and `n`."""
    history = History(limit=5_000)
    traces = {broker: Trace(on=True) for broker in (1, 2, 3)}
    expected = []
    for turn in range(4_000):
        broker = turn % 3 + 1
        for _ in range(turn % 4 + 1):
            expected.append(
                (len(expected) + 1, broker, traces[broker].event("append", "L3", ORDERS, turn=turn))
            )
        history.record(broker, traces[broker].take())
    found = [(event.seq, event.broker, event.n) for event in history.events()]
    assert found == expected[-5_000:]
    assert [event.seq for event in history.events(after=9_998)] == [9_999, 10_000]
    seq, broker, n = expected[-4_000]
    told = history.events(after=seq - 1)[0].told
    assert (told.n, history.find(broker, told).seq) == (n, seq)


def test_events_of_a_turn_are_a_sequence() -> None:
    """They are objects as soon as somebody looks."""
    trace = a_trace()
    trace.stimulus("request", api="Produce")
    trace.event("append", "L3", ORDERS, base_offset=0)
    events = trace.take()
    request, append = events
    assert (len(events), events[0], events[-1], events[1:]) == (2, request, append, [append])
    assert events.kinds() == ["request", "append"]
    assert Events.of([request, append]).row == events.row
    with pytest.raises(IndexError):
        events[2]
    assert len(trace.take()) == 0


def test_a_stimulus_of_many_events_is_told_each_time_it_causes_something() -> None:
    """A connection asks for the same thing again: the facts are shared, the event is another one."""
    trace = a_trace()
    facts: dict[str, Fact] = {"api": "Produce"}
    for _ in range(2):
        trace.stimulus_again("request", facts)
        trace.event("append", "L3", ORDERS)
    told = trace.take()
    assert [(event.n, event.kind, event.cause) for event in told] == [
        (1, "request", None),
        (2, "append", 1),
        (3, "request", None),
        (4, "append", 3),
    ]
    assert told[0].facts == told[2].facts == facts
