"""What members of both protocols have in common: a name, what they own, a heartbeat, and who coordinates them.

A member lives in its `Surroundings`: they carry its requests, let time pass, and hear what it may read. In a story that
is the page that tells of it; in a simulated run, a process that reads, commits, hangs and dies (`sim/worker.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple, Protocol, TypeVar

from minikafka.controller.image import TopicImage
from minikafka.errors import ErrorCode
from minikafka.sim.connection import REQUEST_TIMEOUT_MS
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.messages import find_coordinator

RETRY_MS: Final = 100
GROUP_KEY: Final = 0
FIND_VERSION: Final = 4
NO_COORDINATOR: Final = -1
LOOK_AGAIN: Final = frozenset(
    {
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.NETWORK_EXCEPTION,
    }
)
"""What a member hears while the coordinator moves; NETWORK_EXCEPTION: it heard nothing."""

M = TypeVar("M")


class Timers(NamedTuple):
    """Of one member. session_ms: of the classic protocol; in KIP-848 it is the broker's to say (G16)."""

    heartbeat_ms: int = 300
    session_ms: int = 6_000
    rebalance_ms: int = 10_000


USUAL: Final = Timers()


class Surroundings(Protocol):
    """What a member lives in."""

    def ask(
        self,
        broker: BrokerId,
        client: str,
        message: object,
        version: int,
        answer: Callable[[M | None], None],
        timeout_ms: int,
    ) -> None:
        """Send one request; `answer` runs once, with None when none came."""

    def anyone(self) -> BrokerId:
        """A broker to ask first."""

    def after(self, delay_ms: int, run: Callable[[], None]) -> None:
        """Run then."""

    def topics(self) -> Mapping[str, TopicImage]:
        """Those of the cluster."""

    def told(self, member: Member, what: str, facts: str = "") -> None:
        """Something happened to it."""

    def given(self, member: Member, partitions: frozenset[TopicPartition]) -> None:
        """What the coordinator answered that it is to have, at its present epoch."""

    def let_go(self, member: Member, partitions: frozenset[TopicPartition], then: Callable[[], None]) -> None:
        """It is to give these up: finish with them, then call `then`."""

    def owned_changed(self, member: Member) -> None:
        """`member.owned` is what it may read from now on."""


class Member(ABC):
    """One member of `group`, from its first request to its end. owned: what it may read now.

    member_id, epoch: who it says it is; a generation in the classic protocol. instance_id: of a static member (G8).
    """

    def __init__(
        self,
        around: Surroundings,
        name: str,
        group: str,
        topics: list[str],
        timers: Timers,
        instance_id: str | None,
    ) -> None:
        self.around = around
        self.name = name
        self.group = group
        self.topics = topics
        self.timers = timers
        self.instance_id = instance_id
        self.member_id = ""
        self.epoch = -1
        self.owned: set[TopicPartition] = set()
        self.is_alive = True
        self._turn = 0
        self._coordinator: BrokerId = NO_COORDINATOR

    @abstractmethod
    def join(self) -> None:
        """Ask to be a member."""

    @abstractmethod
    def leave(self) -> None:
        """Say goodbye, once everything is given up."""

    def crash(self) -> None:
        """Nothing more is heard of it."""
        self.is_alive = False

    # What it may read.

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop reading these."""
        given_up = sorted(self.owned & set(partitions))
        if given_up:
            self.owned -= set(given_up)
            self.around.told(self, "revokes", names(given_up))
            self.around.owned_changed(self)

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin to read those that are new."""
        new = sorted(set(partitions) - self.owned)
        if new:
            self.owned |= set(new)
            self.around.told(self, "is assigned", names(new))
            self.around.owned_changed(self)

    def partitions(self) -> list[TopicPartition]:
        """Every partition of its topics, in order."""
        known = self.around.topics()
        return [
            TopicPartition(topic, index)
            for topic in sorted(self.topics)
            if topic in known
            for index in sorted(known[topic].partitions)
        ]

    # One conversation at a time.

    def next_turn(self) -> None:
        """Whatever is still awaited does not matter any more."""
        self._turn += 1

    def in_turn(self, run: Callable[[], None]) -> Callable[[], None]:
        """`run`, unless the member has ended or another turn has begun by then."""
        turn = self._turn
        return lambda: self._if_in_turn(turn, run)

    def _if_in_turn(self, turn: int, run: Callable[[], None]) -> None:
        if self.is_alive and turn == self._turn:
            run()

    def later(self, delay_ms: int, run: Callable[[], None]) -> None:
        """Then, if it is still this turn."""
        self.around.after(delay_ms, self.in_turn(run))

    def ask_coordinator(
        self,
        request: object,
        version: int,
        heard: Callable[[M | None], None],
        timeout_ms: int = REQUEST_TIMEOUT_MS,
    ) -> None:
        """Ask whoever coordinates the group (G1); `heard` runs if it is still this turn."""
        turn = self._turn

        def answered(response: M | None) -> None:
            if response is None:
                self.forget_coordinator()
            self._if_in_turn(turn, lambda: heard(response))

        def ask(broker: BrokerId) -> None:
            self.around.ask(broker, self.name, request, version, answered, timeout_ms)

        self.with_coordinator(lambda broker: self._if_in_turn(turn, lambda: ask(broker)))

    def look_again(self, run: Callable[[], None]) -> None:
        """The coordinator moved, or may have: find it, and go on with `run` after a moment."""
        self.forget_coordinator()
        self.later(RETRY_MS, run)

    def forget_coordinator(self) -> None:
        """Whoever it was, it is asked for anew."""
        self._coordinator = NO_COORDINATOR

    def with_coordinator(self, use: Callable[[BrokerId], None]) -> None:
        """Call `use` with it, found first if need be; looks again while there is none."""
        if self._coordinator != NO_COORDINATOR:
            use(self._coordinator)
            return

        def found(response: find_coordinator.FindCoordinatorResponse | None) -> None:
            if not self.is_alive:
                return
            if response is None or response.coordinators[0].error_code != ErrorCode.NONE:
                self.around.after(RETRY_MS, lambda: self.with_coordinator(use))
                return
            self._coordinator = response.coordinators[0].node_id
            use(self._coordinator)

        request = find_coordinator.FindCoordinatorRequest(key_type=GROUP_KEY, coordinator_keys=[self.group])
        self.around.ask(self.around.anyone(), self.name, request, FIND_VERSION, found, REQUEST_TIMEOUT_MS)


def code_of(response: object | None) -> ErrorCode:
    """What an answer says; NETWORK_EXCEPTION when there is none."""
    if response is None:
        return ErrorCode.NETWORK_EXCEPTION
    code: int = response.error_code  # type: ignore[attr-defined]
    return ErrorCode(code)


def names(partitions: Iterable[TopicPartition]) -> str:
    return " ".join(map(str, partitions)) or "nothing"
