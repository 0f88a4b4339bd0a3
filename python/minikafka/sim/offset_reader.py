"""Asks for everything that groups have committed, from outside (OffsetFetch without a member)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from minikafka.sim.checker.group_history import Fetched, GroupHistory
from minikafka.sim.connection import Client
from minikafka.sim.members.base import FIND_VERSION, GROUP_KEY
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.messages import find_coordinator, offset_fetch

if TYPE_CHECKING:
    from minikafka.sim.world import World

VERSION: Final = 8


class OffsetReader(Client):
    """One group after the other; asks until each has answered."""

    def __init__(
        self, world: World, groups: Sequence[str], partitions: Sequence[TopicPartition], history: GroupHistory
    ) -> None:
        super().__init__(world, "offset-reader", world.fork("offset-reader"))
        self._left = list(groups)
        self._partitions = partitions
        self._history = history

    @property
    def is_done(self) -> bool:
        return not self._left

    def run(self) -> None:
        """Begin; goes on by itself."""
        if self._left:
            request = find_coordinator.FindCoordinatorRequest(
                key_type=GROUP_KEY, coordinator_keys=[self._left[0]]
            )
            self._ask(self._anyone(), request, FIND_VERSION, self._found, self.run)

    def _found(self, response: find_coordinator.FindCoordinatorResponse) -> None:
        if response.coordinators[0].error_code:
            self._later(self.run)
        else:
            self._fetch(response.coordinators[0].node_id)

    def _fetch(self, coordinator: BrokerId) -> None:
        asked_us = self._world.clock.now_us
        topics = [
            offset_fetch.OffsetFetchRequestTopics(
                name=topic,
                partition_indexes=[each.partition for each in self._partitions if each.topic == topic],
            )
            for topic in sorted({each.topic for each in self._partitions})
        ]
        group = offset_fetch.OffsetFetchRequestGroup(group_id=self._left[0], topics=topics)
        request = offset_fetch.OffsetFetchRequest(groups=[group], require_stable=True)

        def answered(response: offset_fetch.OffsetFetchResponse) -> None:
            answer = response.groups[0]
            if answer.error_code or any(
                each.error_code for topic in answer.topics for each in topic.partitions
            ):
                self._later(self.run)
                return
            self._history.fetched += [
                Fetched(
                    answer.group_id,
                    TopicPartition(topic.name, each.partition_index),
                    each.committed_offset,
                    each.metadata or "",
                    asked_us,
                )
                for topic in answer.topics
                for each in topic.partitions
            ]
            self._left.pop(0)
            self.run()

        self._ask(coordinator, request, VERSION, answered, self.run)
