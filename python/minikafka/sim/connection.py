"""Talking to brokers from outside the cluster: a connection, and what every simulated client does with one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final, TypeVar

from minikafka.sim.network import CLIENT, Wire
from minikafka.types import BrokerId, Buffer
from minikafka.wire import codec

if TYPE_CHECKING:
    from minikafka.sim.world import World

LENGTH_BYTES: Final = 4
REQUEST_TIMEOUT_MS: Final = 2_000
BACKOFF_US: Final = 20_000

R = TypeVar("R")


class Connection:
    """One client connection: requests go out in order, answers come back in the same order (C1)."""

    def __init__(self, world: World, broker: BrokerId) -> None:
        self._world = world
        self.broker = broker
        self._waiting: deque[Callable[[Buffer | None], None]] = deque()
        self.wire: Wire | None = None
        if world.network.reaches(CLIENT, broker):
            self.wire = world.hosts[broker].accept(CLIENT, self._received, self._broken)

    @property
    def is_open(self) -> bool:
        return self.wire is not None and self.wire.open

    def ask(
        self, frame: bytes, answer: Callable[[Buffer | None], None], timeout_ms: int = REQUEST_TIMEOUT_MS
    ) -> None:
        """`answer(frame)` runs once; with None when no answer came."""
        clock = self._world.clock
        self._waiting.append(answer)
        if self.wire is None or not self.wire.open:
            clock.after(BACKOFF_US, self._broken)
            return
        self.wire.send(frame[LENGTH_BYTES:], to_b=True)

        def time_out() -> None:
            if answer in self._waiting:
                self.close()
                self._broken()

        clock.after(timeout_ms * 1000, time_out)

    def close(self) -> None:
        if self.wire is not None:
            self.wire.break_()

    def _received(self, frame: Buffer) -> None:
        if self._waiting:
            self._waiting.popleft()(frame)

    def _broken(self) -> None:
        waiting, self._waiting = self._waiting, deque()
        for answer in waiting:
            answer(None)


class Client:
    """Finds brokers, asks, waits a little and asks again. One connection at a time."""

    def __init__(self, world: World, name: str, random: Random) -> None:
        self._world = world
        self._name = name
        self._random = random
        self._correlation = 0
        self._connection: Connection | None = None

    def run(self) -> None:
        """Begin; goes on by itself."""
        raise NotImplementedError

    def _ask(
        self,
        broker: BrokerId,
        request: object,
        version: int,
        answered: Callable[[R], None],
        lost: Callable[[], None],
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> None:
        """`answered` runs with the response, or `lost`, after a short wait, when none came."""
        key: int = request.API_KEY  # type: ignore[attr-defined]
        connection = self._connection
        if connection is None or connection.broker != broker or not connection.is_open:
            self._hang_up()
            connection = self._connection = Connection(self._world, broker)
        self._correlation += 1
        frame = codec.encode_request(key, version, self._correlation, self._name, request)

        def received(answer: Buffer | None) -> None:
            if answer is None:
                self._later(lost)
                return
            _, body = codec.decode_response(key, version, answer)
            answered(body)  # type: ignore[arg-type]

        connection.ask(frame, received, timeout_ms)

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _later(self, run: Callable[[], None]) -> None:
        self._world.clock.after(BACKOFF_US + self._random.randint(0, BACKOFF_US), run)

    def _anyone(self) -> BrokerId:
        return self._random.choice(self._world.brokers)
