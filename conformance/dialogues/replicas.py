"""Administration of replicas: reassignment, elections, log directories, the quorum, brokers that are not there."""

from __future__ import annotations

from minikafka.wire.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)
from minikafka.wire.messages.describe_log_dirs import DescribableLogDirTopic, DescribeLogDirsRequest
from minikafka.wire.messages.describe_quorum import (
    DescribeQuorumRequest,
    DescribeQuorumRequestPartitionData,
    DescribeQuorumRequestTopicData,
)
from minikafka.wire.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsTopics,
)
from minikafka.wire.messages.unregister_broker import UnregisterBrokerRequest

from conformance.dialogues.requests import make_topic
from conformance.dialogues.talk import Talk


def reassign_partitions(talk: Talk) -> None:
    """One broker is enough for everything that is refused, and for a move that is done before it begins."""
    make_topic(talk, "moving")

    def ask(
        what: str, replicas: list[int] | None, *, topic: str = "moving", index: int = 0, factor: bool = True
    ) -> None:
        moved = ReassignableTopic(topic, [ReassignablePartition(index, replicas)])
        request = AlterPartitionReassignmentsRequest(allow_replication_factor_change=factor, topics=[moved])
        for version in (0, 1) if factor else (1,):
            talk.ask(what, request, version)

    ask("where it is", [1])
    ask("unknown topic", [1], topic="moving-none")
    ask("unknown partition", [1], index=9)
    ask("nobody", [])
    ask("a stranger", [77])
    ask("a stranger too", [1, 77])
    ask("twice", [1, 1])
    ask("another factor, forbidden", [1, 77], factor=False)
    ask("nothing to give up", None)
    ask("unknown partition to give up", None, index=9)
    ask("negative", [-1])
    talk.ask("all", ListPartitionReassignmentsRequest(topics=None), 0)
    names = [
        ListPartitionReassignmentsTopics("moving", [0, 9]),
        ListPartitionReassignmentsTopics("moving-none", [0]),
    ]
    talk.ask("some", ListPartitionReassignmentsRequest(topics=names), 0)
    talk.ask("none", ListPartitionReassignmentsRequest(topics=[]), 0)


def log_dirs(talk: Talk) -> None:
    make_topic(talk, "lying")
    for version in range(1, 6):
        asked = [DescribableLogDirTopic("lying", [0, 9]), DescribableLogDirTopic("lying-none", [0])]
        talk.ask("some", DescribeLogDirsRequest(topics=asked), version)
    talk.ask("none", DescribeLogDirsRequest(topics=[]), 5)


def quorum(talk: Talk) -> None:
    def ask(what: str, *asked: tuple[str, int]) -> None:
        topics = [
            DescribeQuorumRequestTopicData(name, [DescribeQuorumRequestPartitionData(index)])
            for name, index in asked
        ]
        for version in range(3):
            talk.ask(what, DescribeQuorumRequest(topics), version)

    ask("of the metadata", ("__cluster_metadata", 0))
    ask("of another partition", ("__cluster_metadata", 1))
    ask("of a topic", ("a-topic", 0))
    ask("of two", ("__cluster_metadata", 0), ("a-topic", 0))
    ask("of nothing")


def unknown_brokers(talk: Talk) -> None:
    talk.ask("unregister a stranger", UnregisterBrokerRequest(77), 0)
    talk.ask("unregister nobody", UnregisterBrokerRequest(-1), 0)


SCRIPTS = {each.__name__: each for each in (reassign_partitions, log_dirs, quorum, unknown_brokers)}
