"""Whom to ask what: any broker, a partition's leader, a coordinator; and asking again while the cluster moves."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Final, TypeVar

from minikafka.client.connection import ANY_VERSION, AnswerT, Connection
from minikafka.client.settings import ClientSettings
from minikafka.errors import ErrorCode, MinikafkaError, RequestRefused, Unreachable, error_name
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.message import Message
from minikafka.wire.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse
from minikafka.wire.messages.metadata import (
    MetadataRequest,
    MetadataRequestTopic,
    MetadataResponse,
    MetadataResponseTopic,
)

T = TypeVar("T")

PAUSE_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0
TRANSIENT: Final = frozenset(
    {
        ErrorCode.LEADER_NOT_AVAILABLE,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.BROKER_NOT_AVAILABLE,
        ErrorCode.REPLICA_NOT_AVAILABLE,
        ErrorCode.NETWORK_EXCEPTION,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        ErrorCode.NOT_CONTROLLER,
        ErrorCode.CONCURRENT_TRANSACTIONS,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.FENCED_LEADER_EPOCH,
        ErrorCode.UNKNOWN_LEADER_EPOCH,
        ErrorCode.OFFSET_NOT_AVAILABLE,
        ErrorCode.UNSTABLE_OFFSET_COMMIT,
    }
)
"""Errors of a cluster that is moving: the same request may succeed a moment later."""
CREATION_S: Final = 3.0
"""A broker that creates topics answers "unknown" until it has; so does one that never will."""
GROUP: Final = 0
TRANSACTION: Final = 1


class Client:
    """Connections are opened as needed and kept; nothing happens in the background."""

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings
        self._connections: dict[tuple[str, int], Connection] = {}
        self._brokers: dict[BrokerId, tuple[str, int]] = {}
        self._leaders: dict[TopicPartition, BrokerId] = {}

    def close(self) -> None:
        """Idempotent."""
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    # Connections.

    def any(self) -> Connection:
        """A connection to whichever known broker answers. Raises Unreachable naming all that were tried."""
        tried = []
        for address in dict.fromkeys((*self._connections, *self.settings.bootstrap, *self._brokers.values())):
            try:
                return self._to(address)
            except Unreachable as error:
                tried.append(str(error))
        raise Unreachable("; ".join(tried))

    def broker(self, broker: BrokerId) -> Connection:
        """Raises Unreachable."""
        if broker not in self._brokers:
            self.metadata([])
        if broker not in self._brokers:
            raise Unreachable(f"broker {broker} is not among the living: {sorted(self._brokers)}")
        return self._to(self._brokers[broker])

    def drop(self, connection: Connection) -> None:
        """Forget a connection that failed, or that was left with an answer unread."""
        connection.close()
        self._connections = {a: c for a, c in self._connections.items() if c is not connection}

    def _to(self, address: tuple[str, int]) -> Connection:
        if address not in self._connections:
            self._connections[address] = Connection(*address, self.settings)
        return self._connections[address]

    # Asking.

    def ask(
        self,
        whom: Callable[[], Connection],
        request: Message,
        answer: type[AnswerT],
        *,
        highest: int = ANY_VERSION,
        timeout_s: float = 0.0,
    ) -> AnswerT:
        """One request, once. Raises Unreachable, RequestRefused."""
        connection = whom()
        try:
            return connection.call(request, answer, highest=highest, timeout_s=timeout_s)
        except BaseException as error:
            # Whatever was interrupted, its answer would be taken for the next request's.
            if not isinstance(error, RequestRefused):
                self.drop(connection)
            raise

    def until_settled(self, what: str, attempt: Callable[[], T], *, also: Iterable[ErrorCode] = ()) -> T:
        """What `attempt` returns, tried again while the cluster moves, for as long as the settings allow.

        also: further codes worth another try. Raises RequestRefused at once for any other, MinikafkaError in the end.
        """
        deadline = time.monotonic() + self.settings.timeout_s
        pause = PAUSE_S
        again = TRANSIENT | set(also)
        while True:
            try:
                return attempt()
            except (RequestRefused, Unreachable) as error:
                if isinstance(error, RequestRefused) and error.code not in again:
                    raise
                if time.monotonic() + pause > deadline:
                    raise MinikafkaError(
                        f"{what}: given up after {self.settings.timeout_s:g} s; last: {error}"
                    ) from error
                if isinstance(error, Unreachable) and not self._brokers:
                    # Nobody ever answered: an address that is wrong does not become right.
                    raise
                self._leaders.clear()
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)

    # Who is who.

    def metadata(self, topics: Iterable[str] | None = None, *, create: bool = False) -> MetadataResponse:
        """What any broker knows of these topics, None meaning all; leaders and brokers are remembered.

        create: a topic that is missing may be created, where the broker does so.
        """
        wanted = None if topics is None else [MetadataRequestTopic(name=topic) for topic in topics]
        request = MetadataRequest(wanted, allow_auto_topic_creation=create)
        # Versions below 4 always create, and 0 has no controller: Kafka 0.10 and older, not spoken to.
        response = self.ask(self.any, request, MetadataResponse, highest=12)
        self._brokers = {broker.node_id: (broker.host, broker.port) for broker in response.brokers}
        for topic in response.topics:
            for partition in topic.partitions:
                self._leaders[TopicPartition(topic.name or "", partition.partition_index)] = (
                    partition.leader_id
                )
        return response

    def brokers(self) -> list[BrokerId]:
        """Those that live, as any of them sees it."""
        return sorted(broker.node_id for broker in self.metadata([]).brokers)

    def partitions(self, topic: str) -> list[int]:
        """The topic's partitions. Raises RequestRefused, naming what it may have been meant to be."""
        return self._settled_partitions(topic, lambda: _numbers(*self.metadata([topic]).topics))

    def partitions_or_create(self, topic: str) -> list[int]:
        """The topic's partitions, of a topic that this may create where the broker does so (auto.create.topics.enable).

        Raises RequestRefused when it is still not there after a while.
        """
        deadline = time.monotonic() + min(CREATION_S, self.settings.timeout_s)

        def look() -> list[int]:
            (found,) = self.metadata([topic], create=True).topics
            is_late = time.monotonic() > deadline
            if found.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION and not is_late:
                raise RequestRefused(ErrorCode.LEADER_NOT_AVAILABLE, f"topic {topic!r} is being created")
            return _numbers(found)

        return self._settled_partitions(topic, look)

    def _settled_partitions(self, topic: str, look: Callable[[], list[int]]) -> list[int]:
        try:
            return self.until_settled(f"looking for topic {topic!r}", look)
        except RequestRefused as error:
            if error.code != ErrorCode.UNKNOWN_TOPIC_OR_PARTITION:
                raise
            raise self.unknown_topic(topic) from None

    def unknown_topic(self, topic: str) -> RequestRefused:
        """The error for a topic that is not there, with the nearest one that is."""
        near = get_close_matches(topic, [found.name or "" for found in self.metadata().topics], n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return RequestRefused(
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"topic {topic!r} does not exist here{hint}"
        )

    def leader(self, partition: TopicPartition) -> Connection:
        """Of one partition. Raises RequestRefused LEADER_NOT_AVAILABLE, Unreachable."""
        return self.broker(self.leader_id(partition))

    def leader_id(self, partition: TopicPartition) -> BrokerId:
        """As remembered, else as any broker knows. Raises RequestRefused."""
        if self._leaders.get(partition, -1) < 0:
            (found,) = self.metadata([partition.topic]).topics
            check(found.error_code, f"topic {partition.topic!r}")
        leader = self._leaders.get(partition)
        if leader is None:
            raise RequestRefused(
                ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                f"topic {partition.topic!r} has no partition {partition.partition}",
            )
        if leader < 0:
            raise RequestRefused(ErrorCode.LEADER_NOT_AVAILABLE, f"{partition} has no leader")
        return leader

    def forget_leader(self, partition: TopicPartition) -> None:
        """Ask again next time."""
        self._leaders.pop(partition, None)

    def coordinator(self, key: str, kind: int = GROUP) -> Connection:
        """Of a group, or with `kind` TRANSACTION of a transactional id. Raises RequestRefused, Unreachable."""
        # From version 4 on many keys are asked for at once; one is all that is ever needed here.
        found = self.ask(
            self.any, FindCoordinatorRequest(key=key, key_type=kind), FindCoordinatorResponse, highest=3
        )
        check(found.error_code, f"coordinator of {key!r}", found.error_message)
        return self._to((found.host, found.port))

    def controller(self) -> Connection:
        """Where topics are created and deleted: in KRaft any broker says it is the one, and forwards."""
        return self.broker(self.metadata([]).controller_id)


def _numbers(topic: MetadataResponseTopic) -> list[int]:
    check(topic.error_code, f"topic {topic.name!r}")
    return sorted(partition.partition_index for partition in topic.partitions)


def check(code: int, what: str, message: str | None = None) -> None:
    """Raises RequestRefused for any code but 0."""
    if code:
        raise RequestRefused(code, f"{what}: {error_name(code)}{f': {message}' if message else ''}")
