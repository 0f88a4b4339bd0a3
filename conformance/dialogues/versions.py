"""ApiVersions and Metadata: the first things any client asks (C1, C2, Q5)."""

from __future__ import annotations

import struct

from minikafka import _core
from minikafka.wire.messages.api_versions import ApiVersionsRequest
from minikafka.wire.messages.describe_cluster import DescribeClusterRequest
from minikafka.wire.messages.describe_topic_partitions import (
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsRequestCursor,
    TopicRequest,
)
from minikafka.wire.messages.metadata import MetadataRequest, MetadataRequestTopic

from conformance.dialogues.requests import UNKNOWN_ID, make_topic
from conformance.dialogues.talk import Talk


def api_versions(talk: Talk) -> None:
    for version in range(6):
        named = ApiVersionsRequest("raw", "1.0") if version >= 3 else ApiVersionsRequest()
        talk.ask("sound", named, version)
    for name, number in (
        ("", "1.0"),
        ("-raw", "1.0"),
        ("raw", ""),
        ("raw", "1 0"),
        ("raw.", "1.0"),
        ("r", "1"),
    ):
        talk.ask(f"named {name!r} {number!r}", ApiVersionsRequest(name, number), 3)
    talk.ask("another cluster and node", ApiVersionsRequest("raw", "1.0", "x" * 22, 77), 5)
    talk.ask("another cluster", ApiVersionsRequest("raw", "1.0", cluster_id="x" * 22), 5)
    talk.ask("another node", ApiVersionsRequest("raw", "1.0", node_id=77), 5)


def unknown_versions(talk: Talk) -> None:
    header = struct.pack(">hhih3sx", 18, 99, 1, 3, b"raw")
    talk.raw().send_frame(struct.pack(">i", len(header)) + header)
    _, answer = _core.decode_response(18, 0, talk.raw().receive_frame())
    talk.note("ApiVersions v99, read as v0", answer)
    for key, version in ((0, 2), (0, 14), (1, 3), (3, 99), (999, 0), (4, 0), (22, 6)):
        header = struct.pack(">hhih3s", key, version, 1, 3, b"raw")
        frame = struct.pack(">i", len(header)) + header
        talk.closes(f"API {key} v{version}", frame)


def metadata(talk: Talk) -> None:
    topic_id = make_topic(talk, "metadata", 2)
    for version in range(14):
        unknown = [MetadataRequestTopic(name="metadata-none")] if version >= 4 else []
        asked = [MetadataRequestTopic(name="metadata"), *unknown]
        talk.ask("by name", MetadataRequest(asked, allow_auto_topic_creation=version < 4), version)
    for version in (1, 9, 13):
        talk.ask("no topics", MetadataRequest([], allow_auto_topic_creation=version < 4), version)
    for version in (10, 12, 13):
        known = MetadataRequestTopic(topic_id=topic_id, name=None)
        unknown = MetadataRequestTopic(topic_id=UNKNOWN_ID, name=None)
        talk.ask("by id", MetadataRequest([known, unknown], allow_auto_topic_creation=False), version)
    talk.ask("both", MetadataRequest([MetadataRequestTopic(topic_id, "metadata")]), 12)
    for name in ("bad name", "", ".", "x" * 250):
        bad = MetadataRequest([MetadataRequestTopic(name=name)], allow_auto_topic_creation=False)
        talk.ask(f"named {name[:10]!r}", bad, 9)
    created = MetadataRequest([MetadataRequestTopic(name="bad name too")], allow_auto_topic_creation=True)
    talk.ask("created by a bad name", created, 9)
    permissions = MetadataRequest(
        [MetadataRequestTopic(name="metadata")],
        allow_auto_topic_creation=False,
        include_topic_authorized_operations=True,
        include_cluster_authorized_operations=True,
    )
    talk.ask("operations", permissions, 9)


def cluster(talk: Talk) -> None:
    for version in range(3):
        talk.ask("brokers", DescribeClusterRequest(), version)
    talk.ask("controllers", DescribeClusterRequest(endpoint_type=2), 1)
    talk.ask("no such type", DescribeClusterRequest(endpoint_type=9), 1)


def topic_partitions(talk: Talk) -> None:
    make_topic(talk, "described-a", 2)
    make_topic(talk, "described-b", 3)
    names = [TopicRequest("described-a"), TopicRequest("described-b"), TopicRequest("described-none")]
    talk.ask("three topics", DescribeTopicPartitionsRequest(names, 2000), 0)
    talk.ask("at most 3", DescribeTopicPartitionsRequest(names, 3), 0)
    cursor = DescribeTopicPartitionsRequestCursor("described-b", 1)
    talk.ask("from a cursor", DescribeTopicPartitionsRequest(names, 2000, cursor), 0)
    below = DescribeTopicPartitionsRequestCursor("described-b", -1)
    talk.ask("from a bad cursor", DescribeTopicPartitionsRequest(names, 2000, below), 0)
    talk.ask("none at all", DescribeTopicPartitionsRequest(names, 0), 0)


SCRIPTS = {
    each.__name__: each for each in (api_versions, unknown_versions, metadata, cluster, topic_partitions)
}
