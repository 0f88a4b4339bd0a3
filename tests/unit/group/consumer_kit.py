"""Members of a KIP-848 group over the coordinator of `kit.World`, and a cluster's topics to subscribe to."""

from __future__ import annotations

from typing import NamedTuple

from minikafka.config import BrokerSettings
from minikafka.coordinator.runtime import CoordinatorRuntime
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.member import Slot
from minikafka.group.consumer.requests import HeartbeatAnswer, HeartbeatRequest
from minikafka.group.shard import GroupShard

from tests.unit.group.kit import GROUP, World

REVOKE_MS = 30_000
SESSION_MS = 45_000


class Topic(NamedTuple):
    """One topic, as far as groups look at it."""

    topic_id: bytes
    partitions: dict[int, object]


def topic(name: str, partitions: int) -> Topic:
    return Topic(name.encode().ljust(16, b"-"), dict.fromkeys(range(partitions)))


def slots(name: str, *indexes: int) -> frozenset[Slot]:
    return frozenset(Slot(name.encode().ljust(16, b"-"), index) for index in indexes)


class ConsumerWorld(World):
    """A World whose coordinator knows `topics` and the groups' own `configs`; change them to change the cluster."""

    def __init__(self, settings: BrokerSettings | None = None, partitions: int = 4) -> None:
        self.configs: dict[str, dict[str, str]] = {}
        self.topics = {"orders": topic("orders", partitions)}
        super().__init__(
            settings
            or BrokerSettings(group_consumer_assignment_interval_ms=0, group_initial_rebalance_delay_ms=0)
        )

    def coordinator(self) -> CoordinatorRuntime[GroupShard]:
        runtime = CoordinatorRuntime(
            "__consumer_offsets",
            lambda _: GroupShard(
                self.settings,
                self.new_member_id,
                lambda: self.topics,
                lambda group_id: self.configs.get(group_id, {}),
            ),
            self.log,
            self.timers,
            5_000,
        )
        runtime.partition_count = 1
        runtime.begin_load(0, 1, self.now)
        runtime.load(0, self.log.entries)
        runtime.finish_load(0, self.now)
        return runtime

    @property
    def group(self) -> ConsumerGroup:
        return self.shard.groups.consumer[GROUP]

    def beat(self, request: HeartbeatRequest) -> HeartbeatAnswer:
        """Raises Rejected as a member hears it."""
        answers: list[HeartbeatAnswer] = []
        refusals: list[Rejected] = []
        self.runtime.write(
            0,
            lambda shard, now: shard.consumer_heartbeat(request, now),
            lambda answer, _: answers.append(answer),
            lambda refusal, _: refusals.append(refusal),
            self.now,
        )
        if refusals:
            raise refusals[0]
        (answer,) = answers
        return answer

    def code(self, request: HeartbeatRequest) -> ErrorCode:
        """What a refused heartbeat hears."""
        try:
            self.beat(request)
        except Rejected as refusal:
            return refusal.code
        return ErrorCode.NONE


def joining(member_id: str, *topics: str, **changes: object) -> HeartbeatRequest:
    """The first request of a member."""
    request = HeartbeatRequest(
        GROUP,
        member_id,
        0,
        "client",
        rebalance_timeout_ms=REVOKE_MS,
        topics=topics or ("orders",),
        owned=frozenset(),
    )
    return request._replace(**changes)


def saying(
    member_id: str, epoch: int, owned: frozenset[Slot] | None = None, **changes: object
) -> HeartbeatRequest:
    """A later one: a keep-alive, or a report of what it owns."""
    return HeartbeatRequest(GROUP, member_id, epoch, "client", owned=owned)._replace(**changes)


class Client:
    """A well-behaved member: it does at once what it is told, and says so."""

    def __init__(self, world: ConsumerWorld, member_id: str, *topics: str, **changes: object) -> None:
        self.world = world
        self.member_id = member_id
        self.owned: frozenset[Slot] = frozenset()
        self.epoch = 0
        self.options = {key: value for key, value in changes.items() if key == "instance_id"}
        self.hear(world.beat(joining(member_id, *topics, **changes)))

    def hear(self, answer: HeartbeatAnswer) -> HeartbeatAnswer:
        self.epoch = answer.member_epoch
        if answer.assignment is not None:
            self.owned = answer.assignment
        return answer

    def beat(self, **changes: object) -> HeartbeatAnswer:
        """Report what it owns, and do as it is told."""
        return self.hear(
            self.world.beat(saying(self.member_id, self.epoch, self.owned, **self.options, **changes))
        )


def settle(*clients: Client, rounds: int = 4) -> None:
    """Everyone has heard of everything."""
    for _ in range(rounds):
        for client in clients:
            client.beat()
