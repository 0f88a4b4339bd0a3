"""`GET /v1/events`: the trace, as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute, Route, Stream, Text, header, query
from minikafka.admin.scope import Scope
from minikafka.admin.stream import EVENT_STREAM, EventStream, Wanted
from minikafka.faults.names import nearest
from minikafka.trace import KINDS

JSON_LINES: Final = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Events:
    after: Annotated[
        int | None,
        query("begin behind this `seq`; 0: with the oldest that is kept; not given: with the next", least=0),
    ] = None
    kind: Annotated[list[str] | None, query("only these kinds, comma-separated")] = None
    broker: Annotated[
        list[int] | None, query("only of these nodes, comma-separated; 1000: the controller")
    ] = None
    topic: Annotated[str | None, query("only about this topic")] = None
    partition: Annotated[int | None, query("only about partitions of this number")] = None
    follow: Annotated[bool, query("`false`: only what is kept already, one JSON object per line")] = True
    last_event_id: Annotated[int | None, header("the `seq` heard last; wins over `after`")] = None


async def events(scope: Scope, asked: Events) -> Stream | Text:
    for kind in asked.kind or ():
        if kind not in KINDS:
            raise Problem(
                422, f"query parameter 'kind': there is no kind of event {kind!r}{nearest(kind, KINDS)}"
            )
    after = asked.after if asked.last_event_id is None else asked.last_event_id
    wanted = Wanted(
        None if asked.kind is None else frozenset(asked.kind),
        None if asked.broker is None else frozenset(asked.broker),
        asked.topic,
        asked.partition,
    )
    if asked.follow:
        return Stream(EventStream(scope, after, wanted).run, EVENT_STREAM)
    kept = scope.history.events(after=after or 0)
    return Text("".join(f"{event.as_json()}\n" for event in kept if wanted.takes(event)), JSON_LINES)


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET", "/v1/events",
        "What brokers and the controller did and why, one event at a time (server-sent events, `id:` is `seq`). "
        "Listening switches the recording on, if it is not.",
        Events, Stream, events, waits=True, example="after=0&kind=isr,election&follow=false",
    ),
)  # fmt: skip
