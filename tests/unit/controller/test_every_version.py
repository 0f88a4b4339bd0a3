"""Each API the controller serves is answered in each version it advertises."""

from __future__ import annotations

import pytest
from minikafka.broker.controller_handlers import HANDLERS, SERVED_BY_CONTROLLER
from minikafka.wire import codec
from minikafka.wire.message import Message
from minikafka.wire.messages.allocate_producer_ids import AllocateProducerIdsRequest
from minikafka.wire.messages.alter_configs import AlterableConfig, AlterConfigsRequest, AlterConfigsResource
from minikafka.wire.messages.alter_partition import AlterPartitionRequest
from minikafka.wire.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse,
    ReassignablePartition,
    ReassignableTopic,
)
from minikafka.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from minikafka.wire.messages.broker_heartbeat import BrokerHeartbeatRequest
from minikafka.wire.messages.broker_registration import BrokerRegistrationRequest
from minikafka.wire.messages.create_partitions import CreatePartitionsRequest, CreatePartitionsTopic
from minikafka.wire.messages.create_topics import CreatableTopic, CreateTopicsRequest, CreateTopicsResponse
from minikafka.wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicsResponse, DeleteTopicState
from minikafka.wire.messages.describe_cluster import DescribeClusterRequest
from minikafka.wire.messages.describe_quorum import (
    DescribeQuorumRequest,
    DescribeQuorumRequestPartitionData,
    DescribeQuorumRequestTopicData,
    DescribeQuorumResponse,
)
from minikafka.wire.messages.elect_leaders import ElectLeadersRequest, ElectLeadersResponse, TopicPartitions
from minikafka.wire.messages.envelope import EnvelopeRequest
from minikafka.wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from minikafka.wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from minikafka.wire.messages.list_partition_reassignments import (
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
    ListPartitionReassignmentsTopics,
)
from minikafka.wire.messages.unregister_broker import UnregisterBrokerRequest, UnregisterBrokerResponse
from minikafka.wire.messages.update_features import UpdateFeaturesRequest

from tests.unit.controller.world import World


def request_of(api_key: int, version: int) -> Message:
    """A small but not empty request."""
    topic = CreatableTopic(name="new", num_partitions=1, replication_factor=1)
    resource = AlterConfigsResource(
        resource_type=2, resource_name="t", configs=[AlterableConfig(name="retention.ms", value="1")]
    )
    named = DeleteTopicsRequest(topic_names=["t"])
    return {
        1: FetchRequest(),
        18: ApiVersionsRequest(),
        19: CreateTopicsRequest(topics=[topic]),
        20: DeleteTopicsRequest(topics=[DeleteTopicState(name="t")]) if version >= 6 else named,
        33: AlterConfigsRequest(resources=[resource]),
        37: CreatePartitionsRequest(topics=[CreatePartitionsTopic(name="t", count=3)]),
        43: ElectLeadersRequest(topic_partitions=[TopicPartitions(topic="t", partitions=[0])]),
        44: IncrementalAlterConfigsRequest(),
        45: AlterPartitionReassignmentsRequest(
            topics=[ReassignableTopic(name="t", partitions=[ReassignablePartition()])]
        ),
        46: ListPartitionReassignmentsRequest(topics=None),
        55: DescribeQuorumRequest(),
        56: AlterPartitionRequest(broker_id=1),
        57: UpdateFeaturesRequest(),
        58: EnvelopeRequest(request_data=b"", client_host_address=b""),
        60: DescribeClusterRequest() if version == 0 else DescribeClusterRequest(endpoint_type=2),
        62: BrokerRegistrationRequest(broker_id=7),
        63: BrokerHeartbeatRequest(broker_id=7),
        64: UnregisterBrokerRequest(broker_id=7),
        67: AllocateProducerIdsRequest(broker_id=7),
    }[api_key]


VERSIONS = [
    (key, version)
    for key, served in SERVED_BY_CONTROLLER.items()
    for version in range(served.min, served.max + 1)
]


@pytest.mark.parametrize(("api_key", "version"), VERSIONS)
def test_every_version_is_answered(api_key: int, version: int) -> None:
    """A response that the codec can encode in the version asked, and the connection stays open."""
    world = World()
    world.start_brokers(1)
    request = request_of(api_key, version)
    assert world.answer(world.send(request, version), request, version) is not None


def test_the_table_of_handlers_is_the_table_of_versions() -> None:
    """Nothing is advertised that has no handler."""
    assert set(HANDLERS) == set(SERVED_BY_CONTROLLER)
    answer = World().ask(ApiVersionsRequest(), 4, ApiVersionsResponse)
    assert {row.api_key for row in answer.api_keys} == set(HANDLERS)
    assert all(
        codec.schema_versions(row.api_key) == (row.min_version, row.max_version) for row in answer.api_keys
    )


def test_topics_are_created_described_and_deleted_over_the_wire() -> None:
    """A duplicate name is nobody's; the settings told are those in force; a deleted id is unknown afterwards."""
    world = World()
    world.start_brokers(1)
    new = CreatableTopic(name="a", num_partitions=2, replication_factor=1)
    twice = CreatableTopic(name="b", num_partitions=1, replication_factor=1)
    made = world.ask(CreateTopicsRequest(topics=[new, twice, twice]), 7, CreateTopicsResponse)
    by_name = {topic.name: topic for topic in made.topics}
    assert (by_name["a"].error_code, by_name["a"].num_partitions, by_name["b"].error_code) == (0, 2, 42)
    settings = {config.name: config for config in by_name["a"].configs or []}
    assert (settings["min.insync.replicas"].value, settings["min.insync.replicas"].config_source) == ("1", 5)
    asked = [DeleteTopicState(name=None, topic_id=by_name["a"].topic_id), DeleteTopicState(name="nobody")]
    gone = world.ask(DeleteTopicsRequest(topics=asked), 6, DeleteTopicsResponse)
    assert {(topic.name, topic.error_code) for topic in gone.responses} == {("a", 0), ("nobody", 3)}
    again = world.ask(DeleteTopicsRequest(topics=asked[:1]), 6, DeleteTopicsResponse)
    assert [topic.error_code for topic in again.responses] == [100]


def test_r15_r16_elections_that_are_not_needed_say_so() -> None:
    """R15, R16: the preferred leader leads already; an unclean election needs a leaderless partition."""
    world = World()
    world.start_brokers(1)
    world.ask(
        CreateTopicsRequest(topics=[CreatableTopic(name="t", num_partitions=1, replication_factor=1)]),
        7,
        CreateTopicsResponse,
    )
    for election_type in (0, 1):
        asked = [TopicPartitions(topic="t", partitions=[0, 9])]
        request = ElectLeadersRequest(election_type=election_type, topic_partitions=asked)
        answer = world.ask(request, 2, ElectLeadersResponse).replica_election_results[0]
        assert [each.error_code for each in answer.partition_result] == [84, 3]
    everything = ElectLeadersRequest(election_type=0, topic_partitions=None)
    assert world.ask(everything, 2, ElectLeadersResponse).replica_election_results == []


def test_r17_a_move_is_asked_for_listed_and_given_up_over_the_wire() -> None:
    """R17: each partition has its own answer; the list holds what moves and leaves out what does not exist."""
    world = World()
    world.start_brokers(1, 2, 3)
    topic = CreatableTopic(name="t", num_partitions=2, replication_factor=1)
    world.ask(CreateTopicsRequest(topics=[topic]), 7, CreateTopicsResponse)
    leader = world.node.image.topics["t"].partitions[0].leader
    other = leader % 3 + 1

    def alter(*asked: ReassignablePartition, factor: bool = True) -> list[tuple[int, int]]:
        request = AlterPartitionReassignmentsRequest(
            allow_replication_factor_change=factor,
            topics=[ReassignableTopic(name="t", partitions=list(asked))],
        )
        answer = world.ask(request, 1, AlterPartitionReassignmentsResponse)
        assert (answer.error_code, answer.allow_replication_factor_change) == (0, factor)
        return [(each.partition_index, each.error_code) for each in answer.responses[0].partitions]

    def listed(
        names: list[ListPartitionReassignmentsTopics] | None,
    ) -> list[tuple[list[int], list[int], list[int]]]:
        answer = world.ask(
            ListPartitionReassignmentsRequest(topics=names), 0, ListPartitionReassignmentsResponse
        )
        return [
            (each.replicas, each.adding_replicas, each.removing_replicas)
            for found in answer.topics
            for each in found.partitions
        ]

    asked = ReassignablePartition(partition_index=0, replicas=[other])
    assert alter(asked, ReassignablePartition(partition_index=7, replicas=[1])) == [(0, 0), (7, 3)]
    assert listed(None) == [([other, leader], [other], [leader])]
    assert listed([ListPartitionReassignmentsTopics(name="t", partition_indexes=[1, 9])]) == []
    assert listed([ListPartitionReassignmentsTopics(name="nobody", partition_indexes=[0])]) == []
    assert alter(ReassignablePartition(partition_index=0, replicas=[1, 2]), factor=False) == [(0, 38)]
    assert alter(ReassignablePartition(partition_index=0, replicas=None)) == [(0, 0)]
    assert alter(ReassignablePartition(partition_index=0, replicas=None)) == [(0, 85)]
    assert listed(None) == []


def test_r12_a_broker_that_will_not_come_back_is_unregistered() -> None:
    """R12: it leads nothing any more and is forgotten; a second time there is nobody to forget."""
    world = World()
    world.start_brokers(1, 2)
    topic = CreatableTopic(name="t", num_partitions=2, replication_factor=2)
    world.ask(CreateTopicsRequest(topics=[topic]), 7, CreateTopicsResponse)
    gone = UnregisterBrokerRequest(broker_id=1)
    assert world.ask(gone, 0, UnregisterBrokerResponse).error_code == 0
    assert sorted(world.node.image.brokers) == [2]
    assert {state.leader for state in world.node.image.topics["t"].partitions.values()} == {2}
    assert world.ask(gone, 0, UnregisterBrokerResponse).error_code == 102


def test_the_quorum_is_the_controller_and_brokers_observe_it() -> None:
    """KIP-595: one voter, whose log end counts; an observer is as far as its last fetch. Nothing else has a quorum."""
    world = World()
    world.start_brokers(1)
    topic = FetchTopic(topic="__cluster_metadata", partitions=[FetchPartition(partition=0, fetch_offset=2)])
    world.send(FetchRequest(replica_id=1, topics=[topic]), 12)

    def quorum(name: str) -> DescribeQuorumResponse:
        asked = DescribeQuorumRequestTopicData(
            topic_name=name, partitions=[DescribeQuorumRequestPartitionData()]
        )
        return world.ask(DescribeQuorumRequest(topics=[asked]), 2, DescribeQuorumResponse)

    (found,) = quorum("__cluster_metadata").topics[0].partitions
    end = world.node.image.offset + 1
    assert (found.error_code, found.leader_id, found.high_watermark) == (0, 1000, end)
    assert [(each.replica_id, each.log_end_offset) for each in found.current_voters] == [(1000, end)]
    assert [(each.replica_id, each.log_end_offset) for each in found.observers] == [(1, 2)]
    assert (found.observers[0].last_fetch_timestamp > 0, found.observers[0].last_caught_up_timestamp) == (
        True,
        -1,
    )
    assert quorum("t").topics[0].partitions[0].error_code == 3
