"""What members of both protocols have in common: a name, what they own, a heartbeat, and who coordinates them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Final

from minikafka.errors import ErrorCode
from minikafka.story.lines import client_line
from minikafka.story.session import Story
from minikafka.types import TopicPartition
from minikafka.wire.messages import find_coordinator

HEARTBEAT_MS: Final = 300
RETRY_MS: Final = 100
GROUP_KEY: Final = 0
FIND_VERSION: Final = 4
LOOK_AGAIN: Final = frozenset(
    {
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    }
)


class Member(ABC):
    """One member of `group`. owned: what it may read now. It runs until it leaves or crashes."""

    def __init__(self, story: Story, name: str, group: str, topics: list[str]) -> None:
        self.story = story
        self.name = name
        self.group = group
        self.topics = topics
        self.owned: set[TopicPartition] = set()
        self.is_alive = True

    @abstractmethod
    def join(self) -> None:
        """Ask to be a member."""

    @abstractmethod
    def leave(self) -> None:
        """Say goodbye (LeaveGroup, or epoch -1)."""

    def crash(self) -> None:
        """Nothing more is heard of it."""
        self.is_alive = False

    def tell(self, what: str, facts: str = "") -> None:
        self.story.tell(client_line(self.name, what, self.group, facts))

    def revoke(self, partitions: Iterable[TopicPartition]) -> None:
        """Stop reading these."""
        given_up = sorted(self.owned & set(partitions))
        if given_up:
            self.owned -= set(given_up)
            self.tell("revokes", names(given_up))

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin to read those that are new."""
        new = sorted(set(partitions) - self.owned)
        if new:
            self.owned |= set(new)
            self.tell("is assigned", names(new))

    def later(self, delay_ms: int, what: str) -> None:
        """Call the method of this name then, unless it has ended by then."""

        def run() -> None:
            if self.is_alive:
                getattr(self, what)()

        self.story.world.clock.after(delay_ms * 1_000, run)

    def with_coordinator(self, use: str) -> None:
        """Find the coordinator (G1), then call the method of this name with it; looks again while there is none."""

        def found(response: find_coordinator.FindCoordinatorResponse | None) -> None:
            if not self.is_alive:
                return
            if response is None or response.coordinators[0].error_code != ErrorCode.NONE:
                self.story.world.clock.after(RETRY_MS * 1_000, lambda: self.with_coordinator(use))
                return
            getattr(self, use)(response.coordinators[0].node_id)

        request = find_coordinator.FindCoordinatorRequest(key_type=GROUP_KEY, coordinator_keys=[self.group])
        self.story.ask(self.story.anyone(), self.name, request, FIND_VERSION, found)

    def partitions(self) -> list[TopicPartition]:
        """Every partition of its topics, in order."""
        controller = self.story.world.controller()
        assert controller is not None, "stories about groups have a controller"
        return [
            TopicPartition(topic, index)
            for topic in sorted(self.topics)
            if (image := controller.image.topic(topic)) is not None
            for index in sorted(image.partitions)
        ]


def names(partitions: Iterable[TopicPartition]) -> str:
    return " ".join(map(str, partitions)) or "nothing"
