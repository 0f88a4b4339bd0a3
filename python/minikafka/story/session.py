"""A story being told: one simulated cluster, its clients, and what they tell.

The world of a story is the simulator's with every delay the shortest, so that a page shows the rule rather than the
network's luck. Commands run one after another; each lets the world go on until what it asked for has been answered, or
for as long as it says. Events of the kinds in force, about topics of the story, are told in the order they happen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from random import Random
from typing import Final, TypeVar

from minikafka.errors import ConfigError
from minikafka.history import Event
from minikafka.sim.connection import REQUEST_TIMEOUT_MS, Connection
from minikafka.sim.world import World
from minikafka.story.command import Command
from minikafka.story.lines import event_line
from minikafka.types import NO_LEADER, BrokerId, Buffer, TopicPartition
from minikafka.wire import codec

ANSWER_WITHIN_MS: Final = 60_000
SHOWN_KINDS: Final = frozenset(
    {
        "append",
        "ack",
        "refused",
        "sequence",
        "high_watermark",
        "last_stable_offset",
        "isr",
        "leader_epoch",
        "election",
        "truncate",
        "recovery",
        "transaction",
        "marker",
        "group",
        "offset_commit",
        "disk_failed",
        "fault",
    }
)
"""Kinds told unless a story says otherwise (`trace`)."""

COMMANDS: Final = {
    "cluster": "nodes",
    "topic": "nodes",
    "start": "nodes",
    "stop": "nodes",
    "kill": "nodes",
    "power-loss": "nodes",
    "pause": "nodes",
    "resume": "nodes",
    "cut": "nodes",
    "isolate": "nodes",
    "heal": "nodes",
    "elect": "nodes",
    "config": "nodes",
    "advance": "waiting",
    "until": "waiting",
    "trace": "looking",
    "show": "looking",
    "records": "looking",
    "produce": "producing",
    "producer": "producing",
    "send": "producing",
    "resend": "producing",
    "consume": "consuming",
    "begin": "transactions",
    "commit": "transactions",
    "abort": "transactions",
    "delay": "transactions",
    "deliver": "transactions",
    "member": "groups",
    "leave": "groups",
    "crash": "groups",
    "owners": "groups",
}
"""Verb -> module of `story/commands/` that has a function of its name (dashes as underscores)."""

M = TypeVar("M")


class Shortest(Random):
    """Draws the shortest of every delay, and never the rare slow one; ids are as random as ever."""

    def random(self) -> float:
        """Above any share of rare things."""
        return 0.99

    def randint(self, a: int, b: int) -> int:
        return a


class StoryWorld(World):
    """A world without luck."""

    def fork(self, name: str) -> Random:
        return Shortest(f"{self.seed}/{name}")


class Story:
    """What the commands of one page share."""

    def __init__(self) -> None:
        self._world: World | None = None
        self.kinds = SHOWN_KINDS
        self.topics: set[str] = set()
        self.clients: dict[str, object] = {}
        """Producers, consumers and members by the names a story gives them."""
        self._told: list[str] = []
        self._correlation = 0

    @property
    def world(self) -> World:
        """Raises ConfigError before `cluster`."""
        if self._world is None:
            raise ConfigError("a story begins with `cluster`")
        return self._world

    def begin(self, world: World) -> None:
        """A new cluster; what was before is forgotten."""
        self._world = world
        self.clients = {}
        self.topics = set()
        self.kinds = SHOWN_KINDS
        world.history.listen(self._heard)

    def run(self, lines: Iterable[str]) -> list[str]:
        """What the commands make the cluster tell. Raises ConfigError naming the line that cannot be run."""
        for text in lines:
            command = Command.parse(text)
            if command is None:
                continue
            try:
                self._function(command.verb)(self, command)
            except ConfigError as error:
                raise ConfigError(f"`{text.strip()}`: {error}") from error
        told, self._told = self._told, []
        return told

    def _function(self, verb: str) -> Callable[[Story, Command], None]:
        if verb not in COMMANDS:
            raise ConfigError(f"no command {verb!r}; there are {', '.join(sorted(COMMANDS))}")
        module = import_module(f"minikafka.story.commands.{COMMANDS[verb]}")
        found: Callable[[Story, Command], None] = getattr(module, verb.replace("-", "_"))
        return found

    # Telling.

    def tell(self, line: str) -> None:
        self._told.append(line.rstrip())

    def _heard(self, event: Event) -> None:
        about_us = event.topic is None or event.topic in self.topics
        if event.kind in self.kinds and about_us:
            self.tell(event_line(event))

    # What commands use.

    def wait(self, done: Callable[[], bool], what: str, within_ms: int = ANSWER_WITHIN_MS) -> None:
        """Let the world go on until `done`. Raises ConfigError when it does not come true."""
        if not self.world.run_until(done, within_ms):
            raise ConfigError(f"{what} did not come true within {within_ms} ms")

    def leader(self, name: TopicPartition) -> BrokerId:
        """As the controller says. Raises ConfigError when there is none."""
        controller = self.world.controller()
        state = None if controller is None else controller.image.partition(name)
        if state is None or state.leader == NO_LEADER:
            raise ConfigError(f"{name} has no leader")
        return state.leader

    def ask(
        self,
        broker: BrokerId,
        client: str,
        message: object,
        version: int,
        answer: Callable[[M | None], None],
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> None:
        """Send one request on a connection of its own; `answer` runs once, with None when none came."""
        key: int = message.API_KEY  # type: ignore[attr-defined]
        self._correlation += 1
        frame = codec.encode_request(key, version, self._correlation, client, message)
        connection = Connection(self.world, broker)

        def received(data: Buffer | None) -> None:
            connection.close()
            answer(None if data is None else codec.decode_response(key, version, data)[1])  # type: ignore[arg-type]

        connection.ask(frame, received, timeout_ms)

    def answer_of(self, broker: BrokerId, client: str, message: object, version: int) -> object:
        """The same, waited for. Raises ConfigError when no answer comes."""
        answers: list[object | None] = []
        self.ask(broker, client, message, version, answers.append)
        self.wait(lambda: bool(answers), "an answer")
        if answers[0] is None:
            raise ConfigError(f"broker {broker} did not answer")
        return answers[0]

    def anyone(self) -> BrokerId:
        """A broker that is alive. Raises ConfigError when there is none."""
        for broker in self.world.brokers:
            host = self.world.hosts[broker]
            if host.is_up and not host.paused:
                return broker
        raise ConfigError("no broker is alive")
