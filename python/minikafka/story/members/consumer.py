"""A member of the KIP-848 protocol: one heartbeat says everything (G12-G16).

It tells the coordinator its epoch and, when that changed, what it owns; it is told its epoch and what it should own. It
gives up at once what it should not own, says so in its next heartbeat, and only then the coordinator gives that away.
"""

from __future__ import annotations

from typing import Final

from minikafka.errors import ErrorCode
from minikafka.story.members.base import HEARTBEAT_MS, LOOK_AGAIN, RETRY_MS, Member
from minikafka.story.session import Story
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.messages import consumer_group_heartbeat as wire

VERSION: Final = 1
JOINING: Final = 0
LEAVING: Final = -1
REBALANCE_MS: Final = 10_000


class ConsumerMember(Member):
    """See the module. Its id is its name: from v1 on members choose theirs."""

    def __init__(self, story: Story, name: str, group: str, topics: list[str]) -> None:
        super().__init__(story, name, group, topics)
        self._epoch = JOINING
        self._told: set[TopicPartition] | None = None

    def join(self) -> None:
        self.with_coordinator("_beat_at")

    def leave(self) -> None:
        self.revoke(self.owned)
        self._epoch = LEAVING
        self.with_coordinator("_beat_at")

    def _beat_at(self, broker: BrokerId) -> None:
        joins = self._epoch == JOINING
        changed = joins or self._told != self.owned
        request = wire.ConsumerGroupHeartbeatRequest(
            group_id=self.group,
            member_id=self.name,
            member_epoch=self._epoch,
            rebalance_timeout_ms=REBALANCE_MS if joins else -1,
            subscribed_topic_names=self.topics if joins else None,
            topic_partitions=self._owned_by_id() if changed else None,
        )
        self._told = set(self.owned)
        if self._epoch == LEAVING:
            self.is_alive = False
        self.story.ask(broker, self.name, request, VERSION, self._heard)

    def _heard(self, response: wire.ConsumerGroupHeartbeatResponse | None) -> None:
        if not self.is_alive:
            return
        code = ErrorCode.NETWORK_EXCEPTION if response is None else ErrorCode(response.error_code)
        if response is None or code in LOOK_AGAIN:
            self._told = None
            self.later(RETRY_MS, "join")
            return
        if code is not ErrorCode.NONE:
            self.tell("is refused", code.name)
            self.revoke(self.owned)
            self._epoch = JOINING
            self.join()
            return
        if response.member_epoch != self._epoch:
            self._epoch = response.member_epoch
            self.tell("is told", f"epoch {self._epoch}")
        if response.assignment is not None:
            target = self._target(response.assignment)
            self.revoke(self.owned - target)
            self.assign(target)
        self.later(0 if self._told != self.owned else HEARTBEAT_MS, "join")

    def _topic_ids(self) -> dict[str, bytes]:
        controller = self.story.world.controller()
        assert controller is not None, "stories about groups have a controller"
        found = {topic: controller.image.topic(topic) for topic in self.topics}
        return {topic: image.topic_id for topic, image in found.items() if image is not None}

    def _owned_by_id(self) -> list[wire.ConsumerGroupHeartbeatRequestTopicPartitions]:
        return [
            wire.ConsumerGroupHeartbeatRequestTopicPartitions(
                topic_id=topic_id, partitions=sorted(index for topic, index in self.owned if topic == name)
            )
            for name, topic_id in self._topic_ids().items()
        ]

    def _target(self, assignment: wire.Assignment) -> set[TopicPartition]:
        names = {topic_id: topic for topic, topic_id in self._topic_ids().items()}
        return {
            TopicPartition(names[each.topic_id], index)
            for each in assignment.topic_partitions
            if each.topic_id in names
            for index in each.partitions
        }
