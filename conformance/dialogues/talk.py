"""What a script talks through: each answer is written down, normalised, under the step's name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from minikafka.wire.message import Message

from conformance.dialogues.normal import Flat, Normalizer
from conformance.raw import ConnectionEnded, RawConnection

SETTLING = frozenset({14, 15, 16, 51})
"""Coordinator loading, not available, moved; CONCURRENT_TRANSACTIONS: how long these last is no part of a contract."""

SETTLE_TIMEOUT_S = 5.0
PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what came of it; `answer` holds one entry `outcome` when there was no message."""

    name: str
    answer: Flat


class Talk:
    """One broker and one script. Connections are opened on demand; one that the broker ended is replaced."""

    def __init__(self, address: str) -> None:
        self.steps: list[Step] = []
        self._address = address
        self._normalizer = Normalizer(address)
        self._connections: dict[str, RawConnection] = {}
        self._parked: dict[str, tuple[str, int, int]] = {}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def ask(self, what: str, request: Message, version: int, *, on: str = "main") -> Message:
        """Send, write down the answer under `what`, and return it; a request without one comes back itself."""
        self.send(what, request, version, on=on)
        return self.receive(on=on) or request

    def send(self, what: str, request: Message, version: int, *, on: str = "main") -> None:
        """Send on the connection named `on`; `receive` writes down the answer."""
        name = type(request).__name__.removesuffix("Request")
        self._parked[on] = (f"{what} ({name} v{version})", request.API_KEY, version)
        self._connection(on).send(request, version)

    def receive(self, *, on: str = "main") -> Message | None:
        """The answer to what was sent on that connection, None if it was ended or nothing came."""
        what, api_key, version = self._parked.pop(on)
        try:
            message = self._connection(on).receive(api_key, version)
        except (ConnectionEnded, TimeoutError) as error:
            self._connections.pop(on).close()
            outcome = "no answer" if isinstance(error, TimeoutError) else "connection closed"
            self._write(what, {"outcome": outcome})
            return None
        self.note(what, message)
        return message

    def settle(
        self, what: str, request: Message, version: int, *, done: Callable[[Message], bool] | None = None
    ) -> Message:
        """Ask until the answer is `done` (by default: names no passing error), and write down only that one."""
        is_done = done or (lambda message: not SETTLING & set(error_codes(message)))
        deadline = time.monotonic() + SETTLE_TIMEOUT_S
        while True:
            message = self._connection("main").ask(request, version)
            if is_done(message) or time.monotonic() > deadline:
                name = type(request).__name__.removesuffix("Request")
                self.note(f"{what} ({name} v{version})", message)
                return message
            time.sleep(PAUSE_S)

    def closes(self, what: str, frame: bytes) -> None:
        """Send bytes on a connection of their own and write down how many bytes the answer has, if there is one."""
        with RawConnection(self._address) as connection:
            connection.send_frame(frame)
            try:
                outcome = f"{len(connection.receive_frame())} bytes"
            except ConnectionEnded:
                outcome = "connection closed"
        self._write(what, {"outcome": outcome})

    def note(self, what: str, message: Message) -> None:
        self._write(what, self._normalizer.flat(message))

    def _write(self, what: str, answer: Flat) -> None:
        self.steps.append(Step(f"{len(self.steps) + 1:02} {what}", answer))

    def raw(self, on: str = "main") -> RawConnection:
        """The connection itself, for bytes that no request of ours would have."""
        return self._connection(on)

    def _connection(self, name: str) -> RawConnection:
        if name not in self._connections:
            self._connections[name] = RawConnection(self._address)
        return self._connections[name]


def error_codes(message: Message) -> Iterator[int]:
    """Every error code in an answer, at any depth."""
    for name in message.__slots__:
        value = getattr(message, name)
        if name.endswith("error_code") and isinstance(value, int):
            yield value
        elif isinstance(value, Message):
            yield from error_codes(value)
        elif isinstance(value, list):
            for element in value:
                if isinstance(element, Message):
                    yield from error_codes(element)
