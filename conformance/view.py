"""The cluster as any client sees it through metadata: topics, leaders, in-sync replicas, committed offsets."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import Consumer, IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._metadata import PartitionMetadata
from confluent_kafka.cimpl import NewTopic
from minikafka.wire.messages.find_coordinator import FindCoordinatorRequest, FindCoordinatorResponse

from conformance.raw import ConnectionEnded, RawConnection
from conformance.waiting import wait_until

GROUP, TRANSACTION = 0, 1
"""What a coordinator coordinates, as FindCoordinator says it."""

REQUEST_TIMEOUT_S = 10


class ClusterView:
    """Asks on every call; nothing is cached."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._bootstrap_servers = bootstrap_servers
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 2})

    def create_topic(
        self,
        name: str,
        partitions: int,
        replication_factor: int = -1,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Create a topic and wait until every partition has a full ISR and a leader that answers for it.

        A leader may be in metadata before it knows of its office. A client whose first batch is refused for that
        sends it again behind the second one, unless it is idempotent: reordered, and rightly so.
        """
        new = NewTopic(name, partitions, replication_factor, config=dict(config or {}))
        for created in self._admin.create_topics([new], operation_timeout=REQUEST_TIMEOUT_S).values():
            created.result(REQUEST_TIMEOUT_S)
        wait_until(f"leaders of {name}", lambda: self._is_complete(name, partitions), 20)
        wait_until(f"leaders of {name} in office", lambda: self._is_served(name, partitions), 20)

    def delete_topic(self, name: str) -> None:
        """Delete a topic; raises KafkaException when the cluster refuses."""
        for deleted in self._admin.delete_topics([name], operation_timeout=REQUEST_TIMEOUT_S).values():
            deleted.result(REQUEST_TIMEOUT_S)

    def leader(self, topic: str, partition: int) -> int:
        """The leader's broker id, -1 when there is none."""
        return self._partition(topic, partition).leader

    def isr(self, topic: str, partition: int) -> list[int]:
        return sorted(self._partition(topic, partition).isrs)

    def wait_for_isr(self, topic: str, partitions: int, size: int, timeout_s: float = 60) -> None:
        """Return once every partition of `topic` has `size` in-sync replicas; raises NeverHappened."""
        wait_until(
            f"{size} in-sync replicas in every partition of {topic}",
            lambda: all(len(self.isr(topic, partition)) == size for partition in range(partitions)),
            timeout_s,
        )

    def wait_for_leader_other_than(
        self, broker: int, topic: str, partition: int, timeout_s: float = 60
    ) -> int:
        """Return the new leader once one other than `broker` leads; raises NeverHappened."""
        wait_until(
            f"a leader of {topic}-{partition} other than {broker}",
            lambda: self.leader(topic, partition) not in (broker, -1),
            timeout_s,
        )
        return self.leader(topic, partition)

    def wait_for_full_isrs(self, timeout_s: float = 60) -> None:
        """Return once every replica of every topic, internal ones too, is in sync; raises NeverHappened."""
        wait_until("all replicas in sync", self._are_all_in_sync, timeout_s)

    def coordinator(self, kind: int, key: str, timeout_s: float = 30) -> int:
        """The broker that coordinates a GROUP or a TRANSACTION(al id); raises NeverHappened while there is none."""
        wait_until(f"a coordinator of {key}", lambda: self._coordinator(kind, key) >= 0, timeout_s)
        return self._coordinator(kind, key)

    def shares(self, group: str) -> list[int]:
        """How many partitions each member of the group has; empty while nobody can tell."""
        # librdkafka's admin client keeps to the coordinator it found first for a minute, whatever that one answers.
        admin = AdminClient({"bootstrap.servers": self._bootstrap_servers, "log_level": 2})
        try:
            described = admin.describe_consumer_groups([group])[group].result(REQUEST_TIMEOUT_S)
        except KafkaException:
            return []
        return sorted(len(member.assignment.topic_partitions) for member in described.members)

    def is_stable(self, topic: str, partitions: int) -> bool:
        """Whether no transaction holds the last stable offset of any partition back from its high watermark."""
        ends = (self._ends(topic, partitions, level) for level in IsolationLevel)
        return len(set(map(tuple, ends))) == 1

    def committed(self, group: str, topic: str, partitions: int) -> list[int]:
        """The group's committed offset per partition, negative where there is none; empty while nobody can tell."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap_servers, "group.id": group, "log_level": 2})
        try:
            places = [TopicPartition(topic, partition) for partition in range(partitions)]
            return [place.offset for place in consumer.committed(places, REQUEST_TIMEOUT_S)]
        except KafkaException:
            # The coordinator has died or is moving.
            return []
        finally:
            consumer.close()

    def _coordinator(self, kind: int, key: str) -> int:
        for address in self._bootstrap_servers.split(","):
            try:
                with RawConnection(address) as connection:
                    asked = FindCoordinatorRequest(key_type=kind, coordinator_keys=[key])
                    answer = connection.ask(asked, 4)
            except (ConnectionEnded, OSError):
                continue
            assert isinstance(answer, FindCoordinatorResponse)
            found = answer.coordinators[0]
            if found.error_code == 0:
                return found.node_id
        return -1

    def _ends(self, topic: str, partitions: int, level: IsolationLevel) -> list[int]:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        places = [TopicPartition(topic, partition) for partition in range(partitions)]
        answers = self._admin.list_offsets(
            dict.fromkeys(places, latest), isolation_level=level, request_timeout=REQUEST_TIMEOUT_S
        )
        return [answers[place].result(REQUEST_TIMEOUT_S).offset for place in places]

    def _are_all_in_sync(self) -> bool:
        topics = self._admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics.values()
        return all(
            each.leader >= 0 and len(each.isrs) == len(each.replicas)
            for topic in topics
            for each in topic.partitions.values()
        )

    def _partition(self, topic: str, partition: int) -> PartitionMetadata:
        return self._admin.list_topics(topic, REQUEST_TIMEOUT_S).topics[topic].partitions[partition]

    def _is_complete(self, topic: str, partitions: int) -> bool:
        known = self._admin.list_topics(topic, REQUEST_TIMEOUT_S).topics[topic].partitions
        return len(known) == partitions and all(
            each.leader >= 0 and len(each.isrs) == len(each.replicas) for each in known.values()
        )

    def _is_served(self, name: str, partitions: int) -> bool:
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(name, partition): latest for partition in range(partitions)}
        try:
            for answer in self._admin.list_offsets(asked, request_timeout=REQUEST_TIMEOUT_S).values():
                answer.result(REQUEST_TIMEOUT_S)
        except KafkaException:
            return False
        return True
