"""What a group member of a story lives in: it gives up at once what it should, and the page tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from minikafka.controller.image import TopicImage
from minikafka.sim.members.base import Member
from minikafka.story.lines import client_line
from minikafka.story.session import Story
from minikafka.types import BrokerId, TopicPartition

M = TypeVar("M")


class ToldMember:
    """`Surroundings` in a story."""

    def __init__(self, story: Story) -> None:
        self._story = story

    def ask(
        self,
        broker: BrokerId,
        client: str,
        message: object,
        version: int,
        answer: Callable[[M | None], None],
        timeout_ms: int,
    ) -> None:
        self._story.ask(broker, client, message, version, answer, timeout_ms)

    def anyone(self) -> BrokerId:
        return self._story.anyone()

    def after(self, delay_ms: int, run: Callable[[], None]) -> None:
        self._story.world.clock.after(delay_ms * 1_000, run)

    def topics(self) -> Mapping[str, TopicImage]:
        controller = self._story.world.controller()
        assert controller is not None, "stories about groups have a controller"
        return controller.image.topics

    def told(self, member: Member, what: str, facts: str = "") -> None:
        self._story.tell(client_line(member.name, what, member.group, facts))

    def given(self, member: Member, partitions: frozenset[TopicPartition]) -> None:
        """The assignment is told as it is taken."""

    def let_go(self, member: Member, partitions: frozenset[TopicPartition], then: Callable[[], None]) -> None:
        then()

    def owned_changed(self, member: Member) -> None:
        """Nobody reads in a story unless it says so."""
