"""Single answers that the comparison with Apache Kafka 4.4.0 found wrong once, asked for without any Java."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import pytest
from minikafka.wire.message import Message
from minikafka.wire.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse
from minikafka.wire.messages.create_topics import CreateTopicsResponse
from minikafka.wire.messages.describe_configs import (
    DescribeConfigsRequest,
    DescribeConfigsResource,
    DescribeConfigsResponse,
)
from minikafka.wire.messages.fetch import FetchResponse, PartitionData
from minikafka.wire.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)
from minikafka.wire.messages.list_config_resources import (
    ListConfigResourcesRequest,
    ListConfigResourcesResponse,
)
from minikafka.wire.messages.list_offsets import ListOffsetsResponse
from minikafka.wire.messages.metadata import MetadataRequest, MetadataRequestTopic, MetadataResponse
from minikafka.wire.messages.produce import PartitionProduceResponse, ProduceResponse

from conformance.dialogues.requests import (
    ATTRIBUTES,
    UNKNOWN_ID,
    batch,
    changed,
    create,
    fetched,
    offsets_at,
    produced,
)
from conformance.raw import RawConnection
from conformance.targets import running
from conformance.targets.embedded import EmbeddedMiniKafka

TOPIC = "orders"
GROUP = 32
Answer = TypeVar("Answer", bound=Message)


@pytest.fixture(scope="module")
def broker() -> Iterator[RawConnection]:
    """One broker with one topic of one partition, led."""
    with running(EmbeddedMiniKafka(1)) as target:
        target.cluster.topic(TOPIC)
        with RawConnection(target.bootstrap_servers) as connection:
            yield connection


def ask(broker: RawConnection, request: Message, version: int, kind: type[Answer]) -> Answer:
    answer = broker.ask(request, version)
    assert isinstance(answer, kind)
    return answer


def write(broker: RawConnection, data: bytes) -> PartitionProduceResponse:
    return ask(broker, produced(TOPIC, data), 9, ProduceResponse).responses[0].partition_responses[0]


def read(broker: RawConnection, topic: str, isolation: int = 0) -> PartitionData:
    return ask(broker, fetched(topic, isolation=isolation), 12, FetchResponse).responses[0].partitions[0]


def test_l8_a_refusal_by_the_log_tells_where_it_starts(broker: RawConnection) -> None:
    """But not one of the request's own form, nor of a size or a CRC."""
    assert write(broker, batch(base_offset=5)).log_start_offset == 0
    assert write(broker, batch() + batch()).log_start_offset == -1
    assert write(broker, changed(batch(), 30, b"\7", sealed=False)).log_start_offset == -1


@pytest.mark.parametrize("data", [b"\0" * 100, changed(batch(), 16, b"\3")], ids=["zeros", "magic 3"])
def test_l1_what_no_magic_has_is_corrupt(broker: RawConnection, data: bytes) -> None:
    """CORRUPT_MESSAGE; INVALID_RECORD is for batches of an old magic."""
    assert write(broker, data).error_code == 2
    assert write(broker, changed(batch(), 16, b"\1")).error_code == 87


@pytest.mark.parametrize("codec", [2, 3, 4, 7])
def test_l3_what_cannot_be_decompressed_is_not_sent_again(broker: RawConnection, codec: int) -> None:
    """UNKNOWN_SERVER_ERROR, which clients give up on; CORRUPT_MESSAGE they would retry for ever."""
    assert write(broker, changed(batch(), ATTRIBUTES.start, bytes((0, codec)))).error_code == -1


def test_f1_only_read_committed_hears_of_aborted_transactions(broker: RawConnection) -> None:
    """The list is null for others, and empty where there is no partition."""
    assert read(broker, TOPIC).aborted_transactions is None
    assert read(broker, TOPIC, isolation=1).aborted_transactions == []
    assert read(broker, "nothing").aborted_transactions == []


@pytest.mark.parametrize(("timestamp", "since"), [(-3, 7), (-4, 8), (-5, 9), (-6, 11), (-7, 99)])
def test_f5_a_special_timestamp_needs_its_version(broker: RawConnection, timestamp: int, since: int) -> None:
    """UNSUPPORTED_VERSION before it had a meaning."""
    for version in range(4, 12):
        answer = ask(broker, offsets_at(TOPIC, timestamp), version, ListOffsetsResponse)
        assert answer.topics[0].partitions[0].error_code == (0 if version >= since else 35)


def test_f5_a_partition_asked_for_twice_is_refused(broker: RawConnection) -> None:
    """INVALID_REQUEST for both."""
    request = offsets_at(TOPIC, -1)
    request.topics[0].partitions *= 2
    answer = ask(broker, request, 7, ListOffsetsResponse)
    assert [each.error_code for each in answer.topics[0].partitions] == [42, 42]


def test_f12_metadata_by_id_is_refused_before_v12(broker: RawConnection) -> None:
    """v10 and v11 have the field; an answer is given, the connection stays."""
    request = MetadataRequest([MetadataRequestTopic(UNKNOWN_ID, None)], allow_auto_topic_creation=False)
    for version, code in ((10, 42), (11, 42), (12, 100)):
        assert ask(broker, request, version, MetadataResponse).topics[0].error_code == code


def test_q5_a_topic_being_created_is_unknown(broker: RawConnection) -> None:
    """Kafka 4.4 does not say LEADER_NOT_AVAILABLE; waiting for it is the fast profile's."""
    request = MetadataRequest([MetadataRequestTopic(name="being-created")], allow_auto_topic_creation=True)
    assert ask(broker, request, 9, MetadataResponse).topics[0].error_code in (0, 3)


def test_c1_a_client_that_means_another_broker_is_sent_back(broker: RawConnection) -> None:
    """v5: REBOOTSTRAP_REQUIRED when cluster or node is another, INVALID_REQUEST for one without the other."""
    for cluster_id, node_id, code in (("x" * 22, 77, 129), ("x" * 22, -1, 42), (None, 77, 42), (None, -1, 0)):
        request = ApiVersionsRequest("raw", "1", cluster_id, node_id)
        assert ask(broker, request, 5, ApiVersionsResponse).error_code == code


def test_a_created_topic_has_no_error_message(broker: RawConnection) -> None:
    """Null, not the empty text: some clients show it."""
    answer = ask(broker, create("made"), 7, CreateTopicsResponse)
    assert (answer.topics[0].error_code, answer.topics[0].error_message) == (0, None)


def test_no_keys_ask_for_all_settings(broker: RawConnection) -> None:
    """DescribeConfigs: an empty list means what null means."""
    resource = DescribeConfigsResource(2, TOPIC, [])
    answer = ask(broker, DescribeConfigsRequest([resource]), 4, DescribeConfigsResponse)
    assert "retention.ms" in {each.name for each in answer.results[0].configs}


def test_g16_groups_have_settings_and_are_listed_for_them(broker: RawConnection) -> None:
    """A group need not exist; without settings of its own it has the broker's, and is not listed."""
    listing = ListConfigResourcesRequest([GROUP])
    assert ask(broker, listing, 1, ListConfigResourcesResponse).config_resources == []
    session = AlterableConfig("consumer.session.timeout.ms", value="50000")
    broker.ask(IncrementalAlterConfigsRequest([AlterConfigsResource(GROUP, "paced", [session])]), 1)
    listed = ask(broker, listing, 1, ListConfigResourcesResponse).config_resources
    assert [(each.resource_type, each.resource_name) for each in listed] == [(GROUP, "paced")]
    asked = [DescribeConfigsResource(GROUP, name, [session.name]) for name in ("paced", "others")]
    described = ask(broker, DescribeConfigsRequest(asked), 4, DescribeConfigsResponse).results
    assert [(row.value, row.config_source) for each in described for row in each.configs] == [
        ("50000", 8),
        ("45000", 5),
    ]


def test_what_may_have_settings_is_listed_by_type(broker: RawConnection) -> None:
    """v0 knows metric subscriptions alone; an unknown type is UNSUPPORTED_VERSION [35]."""
    nodes = ask(broker, ListConfigResourcesRequest([2, 4]), 1, ListConfigResourcesResponse).config_resources
    assert {(each.resource_type, each.resource_name) for each in nodes} >= {(2, TOPIC), (4, "1")}
    everything = ask(broker, ListConfigResourcesRequest(), 1, ListConfigResourcesResponse).config_resources
    assert {each.resource_type for each in everything} >= {2, 4, 8}
    assert ask(broker, ListConfigResourcesRequest([1]), 1, ListConfigResourcesResponse).error_code == 35
    assert ask(broker, ListConfigResourcesRequest(), 0, ListConfigResourcesResponse).config_resources == []
