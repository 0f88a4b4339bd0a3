"""A member of the KIP-848 protocol: one heartbeat says everything (G12-G16).

It tells the coordinator its epoch and, when that changed, what it owns; it is told its epoch and what it should own. It
gives up what it should not own, which may take its time, says so in its next heartbeat, and only then the coordinator
gives that away. An answer that did not come is followed by a full request: everything about itself, to hear everything.
"""

from __future__ import annotations

from typing import Final

from minikafka.errors import ErrorCode
from minikafka.sim.members.base import LOOK_AGAIN, RETRY_MS, USUAL, Member, Surroundings, Timers, code_of
from minikafka.types import TopicPartition
from minikafka.wire.messages import consumer_group_heartbeat as wire

VERSION: Final = 1
JOINING: Final = 0
LEAVING: Final = -1
LEAVING_FOR_NOW: Final = -2


class ConsumerMember(Member):
    """See the module. From v1 on members choose their ids: `member_id` is its name unless another is given."""

    def __init__(
        self,
        around: Surroundings,
        name: str,
        group: str,
        topics: list[str],
        *,
        timers: Timers = USUAL,
        instance_id: str | None = None,
        member_id: str | None = None,
    ) -> None:
        super().__init__(around, name, group, topics, timers, instance_id)
        self.member_id = member_id or name
        self.epoch = JOINING
        self._told: set[TopicPartition] | None = None
        self._is_sure = True
        self._releasing: set[TopicPartition] = set()

    def join(self) -> None:
        """And go on for as long as it lives."""
        self._beat()

    def _beat(self) -> None:
        """A full request when it joins, and after an answer that did not come."""
        is_full = self.epoch == JOINING or not self._is_sure
        says_owned = is_full or self._told != self.owned
        request = wire.ConsumerGroupHeartbeatRequest(
            group_id=self.group,
            member_id=self.member_id,
            member_epoch=self.epoch,
            instance_id=self.instance_id,
            rebalance_timeout_ms=self.timers.rebalance_ms if is_full else -1,
            subscribed_topic_names=self.topics if is_full else None,
            topic_partitions=self._owned_by_id() if says_owned else None,
        )
        self._told = set(self.owned)
        self.ask_coordinator(request, VERSION, self._heard)

    def _heard(self, response: wire.ConsumerGroupHeartbeatResponse | None) -> None:
        code = code_of(response)
        if response is None or code in LOOK_AGAIN:
            self._is_sure = False
            self.look_again(self._beat)
        elif code is not ErrorCode.NONE:
            self._refused(code)
        else:
            self._is_sure = True
            self._follow(response)

    def _refused(self, code: ErrorCode) -> None:
        self.around.told(self, "is refused", code.name)
        self.next_turn()
        self._releasing.clear()
        self.epoch = JOINING
        self.revoke(frozenset(self.owned))
        if code is ErrorCode.FENCED_INSTANCE_ID:
            self.is_alive = False
        elif code in (ErrorCode.FENCED_MEMBER_EPOCH, ErrorCode.UNKNOWN_MEMBER_ID):
            self._beat()
        else:
            # UNRELEASED_INSTANCE_ID, say: whoever has its name may still be there (G15).
            self.later(RETRY_MS, self._beat)

    def _follow(self, response: wire.ConsumerGroupHeartbeatResponse) -> None:
        if response.member_epoch != self.epoch:
            self.epoch = response.member_epoch
            self.around.told(self, "is told", f"epoch {self.epoch}")
        if response.assignment is not None:
            target = self._target(response.assignment)
            self.around.given(self, target)
            self._release(frozenset(self.owned - target - self._releasing))
            self.assign(target)
        self.later(0 if self._told != self.owned else self.timers.heartbeat_ms, self._beat)

    def _release(self, partitions: frozenset[TopicPartition]) -> None:
        """Give these up; until that is done they are still reported."""
        if not partitions:
            return

        def done() -> None:
            if self.is_alive and partitions <= self._releasing:
                self._releasing -= partitions
                self.revoke(partitions)

        self._releasing |= partitions
        self.around.let_go(self, partitions, done)

    def leave(self) -> None:
        """Epoch -1; a static member leaves for now (-2), and its place is kept (G12)."""

        def done() -> None:
            self.revoke(frozenset(self.owned))
            self.next_turn()
            self.epoch = LEAVING if self.instance_id is None else LEAVING_FOR_NOW
            self._beat()
            self.is_alive = False

        self.next_turn()
        self.around.let_go(self, frozenset(self.owned), self.in_turn(done))

    def _topic_ids(self) -> dict[str, bytes]:
        known = self.around.topics()
        return {topic: known[topic].topic_id for topic in self.topics if topic in known}

    def _owned_by_id(self) -> list[wire.ConsumerGroupHeartbeatRequestTopicPartitions]:
        return [
            wire.ConsumerGroupHeartbeatRequestTopicPartitions(
                topic_id=topic_id, partitions=sorted(index for topic, index in self.owned if topic == name)
            )
            for name, topic_id in self._topic_ids().items()
        ]

    def _target(self, assignment: wire.Assignment) -> frozenset[TopicPartition]:
        found = {topic_id: topic for topic, topic_id in self._topic_ids().items()}
        return frozenset(
            TopicPartition(found[each.topic_id], index)
            for each in assignment.topic_partitions
            if each.topic_id in found
            for index in each.partitions
        )
