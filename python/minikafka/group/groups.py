"""The groups of one `__consumer_offsets` partition, and what deciding about them needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from minikafka.config import BrokerSettings, GroupPace, pace_of
from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.group import ClassicGroup
from minikafka.group.consumer.group import ConsumerGroup
from minikafka.group.consumer.topics import CurrentTopics
from minikafka.group.outcome import Reply
from minikafka.trace import NOBODY, Trace
from minikafka.types import Now

T = TypeVar("T")
A = TypeVar("A")


GroupConfigs = Callable[[str], Mapping[str, str]]
"""The settings of a group by its id, without any default."""


def no_configs(group_id: str) -> Mapping[str, str]:
    """Of a cluster whose admin set nothing."""
    return {}


class Groups:
    """by_id: every classic group with a record in the log, in the order they appeared.

    consumer: the same for KIP-848 groups; an id is in one of the two at most.
    topics: the topics of the cluster as this broker knows them now.
    configs: what an admin set for one group, by its id (G16).
    forming: groups whose first record is being written; they exist once it is (and never, if the log refuses it).
    unsent: parked requests whose answer is decided but not committed yet, with what they hear if that never happens.
    retired: classic groups that became consumer groups (G17) and still owe an answer to requests parked with them.
    rejoining: (group, member) of classic members of consumer groups that were told to join again, and are being timed.
    new_member_id: makes a fresh member id from a client or instance id; the only randomness here, injected.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        new_member_id: Callable[[str], str],
        topics: CurrentTopics = dict,
        configs: GroupConfigs = no_configs,
        trace: Trace = NOBODY,
    ) -> None:
        self.trace = trace
        self.configs = configs
        self.settings = settings
        self.new_member_id = new_member_id
        self.topics = topics
        self.consumer: dict[str, ConsumerGroup] = {}
        self.by_id: dict[str, ClassicGroup] = {}
        self.forming: dict[str, ClassicGroup] = {}
        self.retired: list[ClassicGroup] = []
        self.rejoining: set[tuple[str, str]] = set()
        self.unsent: dict[int, Callable[[], None]] = {}
        self._next_unsent = 0

    def get(self, group_id: str) -> ClassicGroup | None:
        return self.by_id.get(group_id)

    def find(self, group_id: str, otherwise: ErrorCode) -> ClassicGroup:
        """The group. Raises Rejected: INVALID_GROUP_ID [24] for the empty id, `otherwise` when there is none."""
        if not group_id:
            raise Rejected(ErrorCode.INVALID_GROUP_ID, "the empty group id has no members", rule="G1")
        group = self.by_id.get(group_id)
        if group is None:
            raise Rejected(otherwise, f"no group {group_id}", rule="G1")
        return group

    def pace(self, group_id: str) -> GroupPace:
        """How fast a KIP-848 group goes now: its own settings, and the broker's (G16)."""
        return pace_of(self.configs(group_id), self.settings)

    def answer(self, outcome: Result[T], reply: Reply[A], value: A, otherwise: A) -> None:
        """Answer a parked request with `value` once the outcome is committed, or with `otherwise` if the coordinator
        moves before."""
        number = self._next_unsent
        self._next_unsent += 1

        def tell(_: Now) -> None:
            if self.unsent.pop(number, None) is not None:
                reply(value)

        self.unsent[number] = lambda: reply(otherwise)
        outcome.after.append(tell)

    def give_up_unsent(self) -> None:
        """Leadership is lost: nobody here will learn whether what was decided came true."""
        unsent, self.unsent = self.unsent, {}
        for refuse in unsent.values():
            refuse()
