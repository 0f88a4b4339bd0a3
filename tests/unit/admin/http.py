"""A client for the tests: the standard library's, or a bare socket."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

TIMEOUT_S = 30.0


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def why(self) -> str:
        """The message of an error."""
        return str(self.json["error"]["message"])


class Http:
    """Asks the admin at `url`."""

    def __init__(self, url: str) -> None:
        self.host, _, port = url.removeprefix("http://").rpartition(":")
        self.port = int(port)

    def __call__(
        self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        data = None if body is None else json.dumps(body)
        given = {"Content-Type": "application/json"} if body is not None else {}
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)) as connection:
            connection.request(method, target, data, given | dict(headers or {}))
            answered = connection.getresponse()
            return Answer(answered.status, dict(answered.getheaders()), answered.read().decode())

    def get(self, target: str) -> Any:
        answered = self("GET", target)
        assert answered.status == 200, answered.text
        return answered.json

    def post(self, target: str, body: Any = None) -> Any:
        answered = self("POST", target, body)
        assert answered.status in (200, 201), answered.text
        return answered.json

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        with closing(socket.create_connection((self.host, self.port), timeout=TIMEOUT_S)) as connection:
            yield connection

    def raw(self, data: bytes) -> bytes:
        """Everything that comes back for these bytes, until the other side closes."""
        with self.socket() as connection:
            connection.sendall(data)
            return drain(connection)

    @contextmanager
    def listen(self, target: str, headers: Mapping[str, str] | None = None) -> Iterator[Iterator[Told]]:
        """The events of a stream, as they come."""
        with closing(http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_S)) as connection:
            connection.request("GET", target, headers=dict(headers or {}))
            answered = connection.getresponse()
            assert answered.status == 200
            assert answered.headers["Content-Type"] == "text/event-stream"
            yield _told(answered)


class Told(NamedTuple):
    """One block of a stream. data: parsed, None of a comment."""

    id: int | None
    name: str
    data: Any
    comment: str


def _told(answered: http.client.HTTPResponse) -> Iterator[Told]:
    fields: dict[str, str] = {}
    while line := answered.readline().decode():
        if line == "\n":
            data = json.loads(fields["data"]) if "data" in fields else None
            number = int(fields["id"]) if "id" in fields else None
            yield Told(number, fields.get("event", "message"), data, fields.get("", ""))
            fields = {}
            continue
        name, _, value = line.rstrip("\n").partition(":")
        fields[name] = value.strip()


def drain(connection: socket.socket) -> bytes:
    found = b""
    while data := connection.recv(1 << 16):
        found += data
    return found
