"""The event stream: nothing twice, nothing left out, nobody waited for."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from http.client import IncompleteRead
from itertools import takewhile
from typing import Any

import pytest
from minikafka import Cluster
from minikafka.admin import stream
from minikafka.admin.scope import Listens
from minikafka.history import Event, History
from minikafka.trace import TraceEvent

from tests.unit.admin.http import TIMEOUT_S, Http


def tell(kafka: Cluster, count: int) -> None:
    """So many events more, as a broker would tell them."""
    told = [TraceEvent(n, 0, "timer", "", None, None, {"number": n}) for n in range(1, count + 1)]
    kafka.look(lambda supervisor: supervisor.hosting.history.record(7, told))


def test_what_happens_is_told_as_it_happens(kafka: Cluster) -> None:
    """With the ids by which a listener that lost the connection goes on."""
    ask = Http(kafka.admin_url)
    with ask.listen("/v1/events?kind=topic&topic=fresh") as events:
        assert "events follow" in next(events).comment
        kafka.topic("fresh")
        first = next(events)
        assert (first.data["what"], first.data["name"], first.data["seq"]) == ("created", "fresh", first.id)
        ask("DELETE", "/v1/topics/fresh")
        second = next(events)
    with ask.listen("/v1/events?kind=topic&topic=fresh", headers={"Last-Event-ID": str(first.id)}) as events:
        assert next(events).comment
        assert next(events) == second


def test_what_is_kept_can_be_had_at_once(kafka: Cluster) -> None:
    """One JSON object per line, the same as `Cluster.events` has."""
    answered = Http(kafka.admin_url)("GET", "/v1/events?follow=false&kind=broker,election")
    assert answered.headers["Content-Type"] == "application/x-ndjson"
    seen = [json.loads(line) for line in answered.text.splitlines()]
    last = seen[-1]["seq"]
    kept = takewhile(lambda event: event.seq <= last, kafka.events())
    assert seen == [event.as_dict() for event in kept if event.kind in ("broker", "election")]
    assert Http(kafka.admin_url)("GET", "/v1/events?kind=elektion").why.endswith("did you mean election?")


def test_nothing_is_lost_between_what_is_kept_and_what_comes(small: Cluster) -> None:
    """A listener that joins while events pour in has each `seq` once."""
    tell(small, 500)
    with Http(small.admin_url).listen("/v1/events?after=0&broker=7") as events:
        next(events)
        pouring = threading.Thread(target=lambda: [tell(small, 100) for _ in range(20)])
        pouring.start()
        numbers = [next(events).id or 0 for _ in range(2_500)]
        pouring.join()
    assert len(set(numbers)) == 2_500
    assert numbers == sorted(numbers)


def test_events_that_are_gone_are_said_to_be(small: Cluster) -> None:
    """Behind the ring's beginning, or counted by a process before this one."""
    ask = Http(small.admin_url)
    with ask.listen("/v1/events", headers={"Last-Event-ID": "99999999"}) as events:
        next(events)
        gap = next(events)
    assert (gap.name, gap.data["after"]) == ("gap", 99999999)
    last = ask.get("/v1/cluster")["last_event"]
    assert gap.data["oldest"] <= last + 1


def test_who_reads_too_slowly_is_dropped_with_a_word(small: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The brokers wait for nobody; the listener can come back for the rest."""
    monkeypatch.setattr(stream, "QUEUE_EVENTS", 10)
    with Http(small.admin_url).listen("/v1/events?broker=7") as events:
        next(events)
        tell(small, 1_000)
        told = list(events)
    assert "you read too slowly" in told[-1].comment
    assert [one.data["number"] for one in told[:-1]] == list(range(1, len(told)))


def test_silence_is_broken_by_a_comment(small: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that both sides know that the other is there."""
    monkeypatch.setattr(stream, "SILENCE_S", 0.01)
    with Http(small.admin_url).listen("/v1/events?broker=8") as events:
        next(events)
        assert next(events).comment == "still here"


def test_nodes_tell_only_while_somebody_listens() -> None:
    """A cluster that does not record begins with the first listener and stops with the last."""
    scope = Silent()
    heard: list[Event] = []
    first, second = scope.listen(heard.append), scope.listen(heard.append)
    second()
    assert [node.told for node in scope.two] == [[True], [True]]
    first()
    assert [node.told for node in scope.two] == [[True, False], [True, False]]


class Node:
    """Only listens to whether it is to tell."""

    def __init__(self) -> None:
        self.told: list[bool] = []

    def tell(self, *, on: bool) -> None:
        self.told.append(on)


class Silent(Listens):
    """Two nodes that record nothing."""

    is_recording = False
    history = History()

    def __init__(self) -> None:
        super().__init__()
        self.two = (Node(), Node())

    @property
    def nodes(self) -> Any:
        return self.two


def test_a_stream_ends_with_the_cluster() -> None:
    """And the cluster with the stream open."""
    with Cluster(admin=True) as kafka, Http(kafka.admin_url).listen("/v1/events") as events:
        next(events)
        ended = threading.Thread(target=kafka.close)
        ended.start()
        with suppress(ConnectionError, IncompleteRead):
            list(events)
        ended.join(TIMEOUT_S)
        assert not ended.is_alive()
