"""The other side of the admin, for the command line: asks, reads the answer, follows the event stream."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from minikafka.errors import ConfigError, MinikafkaError

TIMEOUT_S: Final = 60.0
"""For an answer; a broker that is started recovers first."""
ASKED_WRONGLY: Final = frozenset({400, 404, 405, 415, 422})


class Told(NamedTuple):
    """One block of the event stream. name: `message`, or `gap` where events are missing. data: parsed."""

    name: str
    data: dict[str, Any]


class AdminClient:
    """url: `http://HOST:PORT`. token: None where the admin has none."""

    def __init__(self, url: str, token: str | None = None) -> None:
        """Raises ConfigError for what is no such address."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ConfigError(f"{url!r} is not http://HOST:PORT, the address of an admin")
        try:
            self._address = (parts.hostname, parts.port or 80)
        except ValueError as error:
            raise ConfigError(f"{url!r}: {error}") from None
        self._url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer, parsed. Raises ConfigError for what was asked wrongly, MinikafkaError for all else."""
        with self._asked(method, target, body, TIMEOUT_S) as answered:
            return json.loads(answered.read())

    def get(self, target: str) -> Any:
        """See `ask`."""
        return self.ask("GET", target)

    def lines(self, target: str) -> Iterator[str]:
        """Of an answer that is no JSON."""
        with self._asked("GET", target, None, TIMEOUT_S) as answered:
            yield from answered.read().decode().splitlines()

    def follow(self, target: str) -> Iterator[Told]:
        """The blocks of an event stream as they come; ends when the other side does."""
        with self._asked("GET", target, None, None) as answered:
            fields: dict[str, str] = {}
            while line := answered.readline().decode():
                if line != "\n":
                    name, _, value = line.rstrip("\n").partition(":")
                    fields[name] = value.strip()
                    continue
                if "data" in fields:
                    yield Told(fields.get("event", "message"), json.loads(fields["data"]))
                fields = {}

    @contextmanager
    def _asked(
        self, method: str, target: str, body: Mapping[str, Any] | None, timeout_s: float | None
    ) -> Iterator[http.client.HTTPResponse]:
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        with closing(http.client.HTTPConnection(*self._address, timeout=timeout_s)) as connection:
            try:
                connection.request(method, target, None if body is None else json.dumps(body), headers)
                answered = connection.getresponse()
                if answered.status >= http.client.BAD_REQUEST:
                    raise _refused(answered)
                yield answered
            except (OSError, http.client.HTTPException) as error:
                raise MinikafkaError(f"no admin answers at {self._url}: {error}") from error


def _refused(answered: http.client.HTTPResponse) -> MinikafkaError:
    text = answered.read().decode(errors="replace")
    try:
        why = json.loads(text)["error"]["message"]
    except (ValueError, TypeError, KeyError):
        return MinikafkaError(f"this is no minikafka admin: {answered.status} {answered.reason}")
    return ConfigError(why) if answered.status in ASKED_WRONGLY else MinikafkaError(why)
