"""One request, from the guard to the answer. Knows no socket and no HTTP framing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import parse_qsl

from minikafka.admin.guards import Guard
from minikafka.admin.plain import to_json
from minikafka.admin.problem import Problem
from minikafka.admin.reading import Given, read
from minikafka.admin.route import JSON, Stream, Text
from minikafka.admin.scope import Scope
from minikafka.admin.table import Found, find
from minikafka.errors import BrokerHalted, ConfigError, MinikafkaError, WaitTimeout

MOST_PARAMETERS: Final = 50


class Request(NamedTuple):
    """headers: by lower-case name. target: path and query, as sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """content: the whole body, or a stream of it."""

    status: int
    content: Text | Stream
    headers: tuple[tuple[str, str], ...] = ()


class Application:
    """Answers requests about one scope. `failed` is told of errors that are ours."""

    def __init__(self, scope: Scope, guard: Guard, failed: Callable[[Exception], None]) -> None:
        self._scope = scope
        self._guard = guard
        self._failed = failed

    def find(self, request: Request) -> Found:
        """Whether this may be asked, and what is meant. Raises Problem."""
        self._guard.check(request.headers)
        return find(request.method, path_of(request.target))

    async def answer(self, found: Found, request: Request) -> Answer:
        """Whatever happens is an answer."""
        try:
            return await self._carried_out(found, request)
        except Problem as problem:
            return refusal(problem)
        except WaitTimeout as late:
            return refusal(Problem(504, str(late)))
        except ConfigError as error:
            return refusal(Problem(422, str(error)))
        except BrokerHalted as halted:
            return refusal(Problem(500, str(halted)))
        except MinikafkaError as error:
            return refusal(Problem(409, str(error)))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not take the connection, or the loop, with it
            self._failed(error)
            return refusal(Problem(500, f"{type(error).__name__}: {error}"))

    async def _carried_out(self, found: Found, request: Request) -> Answer:
        route = found.route
        if route.whole:
            _ = self._scope.whole  # 409 comes before whatever may be wrong with the request
        given = Given(found.names, _query(request.target), request.headers, _body(request))
        answered = await route.handle(self._scope, read(route.takes, given))
        if isinstance(answered, Text | Stream):
            return Answer(route.status, answered)
        return Answer(route.status, Text(to_json(answered), JSON))


def refusal(problem: Problem) -> Answer:
    """The answer that says why not."""
    return Answer(problem.status, Text(to_json(problem.as_dict()), JSON), problem.headers)


def path_of(target: str) -> str:
    return target.partition("?")[0]


def _query(target: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            target.partition("?")[2], keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS
        )
    except ValueError as error:
        raise Problem(400, f"the query cannot be read: {error}") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Problem(400, "a query parameter is given twice")
    return found


def _body(request: Request) -> dict[str, Any]:
    """A JSON object; nothing is an empty one."""
    if not request.body:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a body is JSON: send Content-Type: {JSON}")
    try:
        value = json.loads(request.body, parse_constant=_no_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Problem(400, "the body is JSON, but not an object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice")
    return found
