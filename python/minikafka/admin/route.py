"""A route: what is asked for under which path, what it takes, what it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar
from urllib.parse import unquote

from minikafka.admin.scope import Scope

T = TypeVar("T")

JSON: Final = "application/json"


class Place(Enum):
    """Where a field of a request stands."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"
    HEADER = "header"


class In(NamedTuple):
    """Annotates a field of what a route takes: where it stands and what it means. least: the smallest number."""

    place: Place
    about: str
    least: int | None = None


def path(about: str) -> In:
    return In(Place.PATH, about)


def query(about: str, *, least: int | None = None) -> In:
    return In(Place.QUERY, about, least)


def body(about: str, *, least: int | None = None) -> In:
    return In(Place.BODY, about, least)


def header(about: str) -> In:
    """The field `last_event_id` is the header `Last-Event-ID`."""
    return In(Place.HEADER, about)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Taken by a route that wants to know no more than that it is asked."""


class Text(NamedTuple):
    """An answer that is not JSON."""

    body: str
    content_type: str


Send: TypeAlias = Callable[[bytes], Awaitable[None]]
"""Returns once the other side can take more."""


class Stream(NamedTuple):
    """An answer without an end of its own. `run` sends until it has sent everything, or is cancelled."""

    run: Callable[[Send], Coroutine[None, None, None]]
    content_type: str


@dataclass(frozen=True, slots=True)
class Route(Generic[T]):
    """One row of the table.

    about: one sentence on what it does. answers: the type of what `handle` returns. waits: it may take long by its
    nature, so it is given up when whoever asked hangs up. whole: only a process with the whole cluster in it can do
    it. example: a query string or a JSON body, as a reader of the reference would send it.
    """

    method: str
    path: str
    about: str
    takes: type[T]
    answers: Any
    handle: Callable[[Scope, T], Awaitable[object]]
    status: HTTPStatus = HTTPStatus.OK
    waits: bool = False
    whole: bool = False
    example: str = ""

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The values of the path's names, if these segments (still percent-encoded) are of this path."""
        own = self.path.strip("/").split("/")
        if len(own) != len(segments):
            return None
        found = {}
        for name, segment in zip(own, segments, strict=True):
            if name.startswith("{"):
                found[name.strip("{}")] = unquote(segment)
            elif name != segment:
                return None
        return found


AnyRoute: TypeAlias = Route[Any]
