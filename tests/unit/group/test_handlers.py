"""The group APIs on the wire: every version served, through the real codec (G1, G2, G5, G7, G11, T12, F12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from minikafka.broker.group_connections import GroupConnections
from minikafka.broker.groups import forget_deleted_topics
from minikafka.broker.handlers import HANDLERS
from minikafka.broker.request import Request
from minikafka.controller.image import MetadataImage, TopicImage
from minikafka.errors import ErrorCode
from minikafka.types import Now, TopicPartition
from minikafka.wire import codec
from minikafka.wire.messages import (
    delete_groups,
    describe_groups,
    heartbeat,
    join_group,
    leave_group,
    list_groups,
    offset_commit,
    offset_delete,
    offset_fetch,
    sync_group,
    txn_offset_commit,
)
from minikafka.wire.support import SERVED

from tests.unit.group.kit import RANGE, World

ORDERS_ID = b"o" * 16
PRODUCER = 77


class Verifier:
    """The transaction coordinator's opinion."""

    def __init__(self) -> None:
        self.opinion = ErrorCode.NONE
        self.asked: list[tuple[list[TopicPartition], bool]] = []

    def verify(
        self,
        broker: object,
        transactional_id: str,
        producer_id: int,
        producer_epoch: int,
        partitions: list[TopicPartition],
        add: bool,
        on_done: Callable[[dict[TopicPartition, ErrorCode], Now], None],
        now: Now,
    ) -> None:
        self.asked.append((partitions, add))
        on_done(dict.fromkeys(partitions, self.opinion), now)


class OffsetsPartition:
    """`__consumer_offsets-0` as far as a transaction's first write looks at it."""

    topic_partition = TopicPartition("__consumer_offsets", 0)

    def __init__(self) -> None:
        self.open: set[int] = set()

    def has_transaction(self, producer_id: int, producer_epoch: int) -> bool:
        return producer_id in self.open


class Broker:
    """What handlers of the group APIs find on a broker."""

    def __init__(self) -> None:
        self.world = World()
        self.settings = self.world.settings
        partitions: Any = {0: object()}
        orders = TopicImage("orders", ORDERS_ID, partitions)
        self.image = MetadataImage(topics={"orders": orders}, topic_names={ORDERS_ID: "orders"})
        self.verifier = Verifier()
        self.partition = OffsetsPartition()
        self.replicas = SimpleNamespace(leader=lambda _: self.partition)
        self.connection = 0
        self.group_connections = GroupConnections()

    @property
    def groups(self) -> object:
        return self.world.runtime

    def ask(self, body: Any, version: int, *, client_id: str = "client") -> Any:
        """Send over the wire, let timers run, read the answer off the wire."""
        answers: list[Any] = []
        frame = codec.encode_request(body.API_KEY, version, 1, client_id, body)[4:]
        header, decoded = codec.decode_request(frame)

        def answer(request: Request[object], reply: object) -> None:
            encoded = codec.encode_response(request.api_key, request.api_version, 1, reply)
            answers.append(codec.decode_response(request.api_key, request.api_version, encoded[4:])[1])

        session: Any = SimpleNamespace(answer=answer, client_host="127.0.0.1", connection=1, internal=False)
        handle = import_module(HANDLERS[body.API_KEY]).handle
        handle(self, Request(session, header, decoded), self.world.now)
        self.world.advance()
        (only,) = answers
        return only

    def member(self, version: int = 9) -> join_group.JoinGroupResponse:
        """A group of one, Stable."""
        request = join_group.JoinGroupRequest(
            group_id="g",
            session_timeout_ms=10_000,
            protocol_type="consumer",
            protocols=[join_group.JoinGroupRequestProtocol(name="range", metadata=RANGE.metadata)],
        )
        joined = self.ask(request, version)
        if joined.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            request.member_id = joined.member_id
            joined = self.ask(request, version)
        plan = [sync_group.SyncGroupRequestAssignment(member_id=joined.member_id, assignment=b"p0")]
        self.ask(
            sync_group.SyncGroupRequest(
                group_id="g", generation_id=1, member_id=joined.member_id, assignments=plan
            ),
            4,
        )
        return joined  # type: ignore[no-any-return]


def versions(api_key: int) -> range:
    served = SERVED[api_key]
    return range(served.min, served.max + 1)


def commit_request(version: int, **fields: Any) -> offset_commit.OffsetCommitRequest:
    topic = offset_commit.OffsetCommitRequestTopic(
        name="" if version >= 10 else "orders",
        topic_id=ORDERS_ID if version >= 10 else bytes(16),
        partitions=[offset_commit.OffsetCommitRequestPartition(partition_index=0, committed_offset=42)],
    )
    return offset_commit.OffsetCommitRequest(group_id="g", topics=[topic], **fields)


def commit_error(answer: Any) -> int:
    return answer.topics[0].partitions[0].error_code  # type: ignore[no-any-return]


@pytest.mark.parametrize("version", versions(11))
def test_g2_join_in_every_version(version: int) -> None:
    """A lone member joins, leads and hears its own metadata."""
    joined = Broker().member(version)
    assert (joined.error_code, joined.generation_id, joined.protocol_name) == (0, 1, "range")
    assert joined.leader == joined.member_id
    assert bytes(joined.members[0].metadata) == RANGE.metadata


@pytest.mark.parametrize("version", versions(11))
def test_g2_a_refused_join_in_every_version(version: int) -> None:
    """An error leaves the protocol null from v7 on, the empty string before."""
    refused = Broker().ask(join_group.JoinGroupRequest(group_id="", session_timeout_ms=10_000), version)
    assert refused.error_code == ErrorCode.INVALID_GROUP_ID
    assert refused.protocol_name == (None if version >= 7 else "")


@pytest.mark.parametrize("version", versions(14))
def test_g5_sync_in_every_version(version: int) -> None:
    """In Stable a member hears its assignment."""
    broker = Broker()
    member_id = broker.member().member_id
    synced = broker.ask(
        sync_group.SyncGroupRequest("g", 1, member_id, protocol_type="consumer", protocol_name="range"),
        version,
    )
    assert (synced.error_code, bytes(synced.assignment)) == (0, b"p0")


def test_g5_a_sync_that_names_no_protocol_is_refused_from_v5() -> None:
    """Found against Apache Kafka: INCONSISTENT_GROUP_PROTOCOL, before anything else is looked at."""
    broker = Broker()
    request = sync_group.SyncGroupRequest("g", 1, broker.member().member_id)
    assert broker.ask(request, 5).error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert broker.ask(request, 4).error_code == ErrorCode.NONE


@pytest.mark.parametrize("version", versions(12))
def test_g6_heartbeat_in_every_version(version: int) -> None:
    """NONE for the member, ILLEGAL_GENERATION for its past."""
    broker = Broker()
    member_id = broker.member().member_id
    beat = heartbeat.HeartbeatRequest(group_id="g", generation_id=1, member_id=member_id)
    assert broker.ask(beat, version).error_code == 0
    beat.generation_id = 0
    assert broker.ask(beat, version).error_code == ErrorCode.ILLEGAL_GENERATION


def test_g6_a_loading_coordinator_answers_heartbeats() -> None:
    """NONE instead of COORDINATOR_LOAD_IN_PROGRESS, so that members do not rejoin for nothing."""
    broker = Broker()
    broker.world.runtime.begin_load(0, 2, broker.world.now)
    assert broker.ask(heartbeat.HeartbeatRequest(group_id="g", member_id="m"), 4).error_code == 0


def test_g1_before_the_offsets_topic_exists() -> None:
    """COORDINATOR_NOT_AVAILABLE; OffsetFetch says NOT_COORDINATOR, which older consumers understand."""
    broker = Broker()
    broker.world.runtime.partition_count = 0
    assert (
        broker.ask(heartbeat.HeartbeatRequest(group_id="g"), 4).error_code
        == ErrorCode.COORDINATOR_NOT_AVAILABLE
    )
    fetched = broker.ask(offset_fetch.OffsetFetchRequest(group_id="g"), 7)
    assert fetched.error_code == ErrorCode.NOT_COORDINATOR


@pytest.mark.parametrize("version", versions(13))
def test_g8_leave_in_every_version(version: int) -> None:
    """v0-v2 one member and one error, from v3 on an error per member."""
    broker = Broker()
    member_id = broker.member().member_id

    def leave() -> int:
        if version < 3:
            left = broker.ask(leave_group.LeaveGroupRequest(group_id="g", member_id=member_id), version)
            return left.error_code  # type: ignore[no-any-return]
        named = [leave_group.MemberIdentity(member_id=member_id)]
        left = broker.ask(leave_group.LeaveGroupRequest(group_id="g", members=named), version)
        return left.members[0].error_code  # type: ignore[no-any-return]

    assert leave() == 0
    assert leave() == ErrorCode.UNKNOWN_MEMBER_ID


@pytest.mark.parametrize("version", versions(8))
def test_g7_commit_and_fetch_in_every_version(version: int) -> None:
    """What a member commits is what the group fetches, by every version of OffsetFetch."""
    broker = Broker()
    member_id = broker.member().member_id
    request = commit_request(version, member_id=member_id, generation_id_or_member_epoch=1)
    assert commit_error(broker.ask(request, version)) == 0
    for fetch_version in versions(9):
        assert fetched_offset(broker, fetch_version) == 42


def fetched_offset(broker: Broker, version: int) -> int:
    if version < 8:
        asked = [offset_fetch.OffsetFetchRequestTopic(name="orders", partition_indexes=[0])]
        fetched = broker.ask(offset_fetch.OffsetFetchRequest(group_id="g", topics=asked), version)
        return fetched.topics[0].partitions[0].committed_offset  # type: ignore[no-any-return]
    topic = offset_fetch.OffsetFetchRequestTopics(
        name="" if version >= 10 else "orders",
        topic_id=ORDERS_ID if version >= 10 else bytes(16),
        partition_indexes=[0],
    )
    group = offset_fetch.OffsetFetchRequestGroup(group_id="g", topics=[topic])
    fetched = broker.ask(offset_fetch.OffsetFetchRequest(groups=[group]), version)
    return fetched.groups[0].topics[0].partitions[0].committed_offset  # type: ignore[no-any-return]


@pytest.mark.parametrize("version", [version for version in versions(9) if version >= 2])
def test_g7_everything_a_group_committed(version: int) -> None:
    """Null topics ask for all offsets; with ids, topics are named by id."""
    broker = Broker()
    broker.ask(commit_request(9), 9)
    if version < 8:
        topics = broker.ask(offset_fetch.OffsetFetchRequest(group_id="g", topics=None), version).topics
    else:
        group = offset_fetch.OffsetFetchRequestGroup(group_id="g", topics=None)
        topics = broker.ask(offset_fetch.OffsetFetchRequest(groups=[group]), version).groups[0].topics
    (topic,) = topics
    assert topic.partitions[0].committed_offset == 42
    if version >= 10:
        assert topic.topic_id == ORDERS_ID
    else:
        assert topic.name == "orders"


def test_g7_several_groups_are_answered_together() -> None:
    """OffsetFetch v8+: in the order they were asked."""
    broker = Broker()
    broker.ask(commit_request(9), 9)
    asked = [offset_fetch.OffsetFetchRequestGroup(group_id=name, topics=None) for name in ("h", "g")]
    fetched = broker.ask(offset_fetch.OffsetFetchRequest(groups=asked), 8)
    assert [(group.group_id, len(group.topics)) for group in fetched.groups] == [("h", 0), ("g", 1)]


def test_f12_an_unknown_topic_id_is_told() -> None:
    """OffsetCommit v10 and OffsetFetch v10: UNKNOWN_TOPIC_ID for a topic that is gone."""
    broker = Broker()
    request = commit_request(10)
    request.topics[0].topic_id = b"x" * 16
    assert commit_error(broker.ask(request, 10)) == ErrorCode.UNKNOWN_TOPIC_ID
    topic = offset_fetch.OffsetFetchRequestTopics(topic_id=b"x" * 16, partition_indexes=[0])
    group = offset_fetch.OffsetFetchRequestGroup(group_id="g", topics=[topic])
    fetched = broker.ask(offset_fetch.OffsetFetchRequest(groups=[group]), 10)
    partition = fetched.groups[0].topics[0].partitions[0]
    assert (partition.error_code, partition.committed_offset) == (ErrorCode.UNKNOWN_TOPIC_ID, -1)


def test_g7_partitions_that_do_not_exist_do_not_fail_the_others() -> None:
    """UNKNOWN_TOPIC_OR_PARTITION for them, in their place; the rest is committed."""
    broker = Broker()
    request = commit_request(9)
    missing = offset_commit.OffsetCommitRequestPartition(partition_index=9, committed_offset=1)
    request.topics[0].partitions.insert(0, missing)
    request.topics.insert(0, offset_commit.OffsetCommitRequestTopic(name="nowhere", partitions=[missing]))
    answer = broker.ask(request, 9)
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert [[each.error_code for each in topic.partitions] for topic in answer.topics] == [
        [unknown],
        [unknown, 0],
    ]
    assert broker.world.committed() == 42


def test_g7_a_member_of_an_unknown_group_hears_by_version() -> None:
    """GROUP_ID_NOT_FOUND from v9 on, ILLEGAL_GENERATION before."""
    fields = {"member_id": "m", "generation_id_or_member_epoch": 1}
    assert commit_error(Broker().ask(commit_request(9, **fields), 9)) == ErrorCode.GROUP_ID_NOT_FOUND
    assert commit_error(Broker().ask(commit_request(8, **fields), 8)) == ErrorCode.ILLEGAL_GENERATION


def txn_request(version: int) -> txn_offset_commit.TxnOffsetCommitRequest:
    topic = txn_offset_commit.TxnOffsetCommitRequestTopic(
        name="" if version >= 6 else "orders",
        topic_id=ORDERS_ID if version >= 6 else bytes(16),
        partitions=[
            txn_offset_commit.TxnOffsetCommitRequestPartition(partition_index=0, committed_offset=42)
        ],
    )
    return txn_offset_commit.TxnOffsetCommitRequest(
        transactional_id="t", group_id="g", producer_id=PRODUCER, topics=[topic]
    )


@pytest.mark.parametrize("version", versions(28))
def test_t12_a_transactional_commit_in_every_version(version: int) -> None:
    """Verified with the transaction coordinator (v5+: added), pending, committed by the marker."""
    broker = Broker()
    assert commit_error(broker.ask(txn_request(version), version)) == 0
    assert broker.verifier.asked == [([TopicPartition("__consumer_offsets", 0)], version >= 5)]
    assert broker.world.committed() == -1
    broker.world.end_transaction(PRODUCER, committed=True)
    assert broker.world.committed() == 42


def test_t6_an_open_transaction_is_not_verified_again() -> None:
    """Only the first write of a transaction asks the transaction coordinator."""
    broker = Broker()
    broker.partition.open.add(PRODUCER)
    assert commit_error(broker.ask(txn_request(5), 5)) == 0
    assert broker.verifier.asked == []


def test_t6_what_the_transaction_coordinator_refuses_is_not_written() -> None:
    """Its error is the answer; trouble on the way to it becomes COORDINATOR_NOT_AVAILABLE, which clients retry."""
    broker = Broker()
    broker.verifier.opinion = ErrorCode.INVALID_PRODUCER_EPOCH
    assert commit_error(broker.ask(txn_request(5), 5)) == ErrorCode.INVALID_PRODUCER_EPOCH
    broker.verifier.opinion = ErrorCode.NOT_ENOUGH_REPLICAS
    assert commit_error(broker.ask(txn_request(5), 5)) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert broker.world.fetch(require_stable=True).error == ErrorCode.NONE


@pytest.mark.parametrize(
    ("version", "told"), [(3, ErrorCode.INVALID_TXN_STATE), (4, ErrorCode.TRANSACTION_ABORTABLE)]
)
def test_t6_a_partition_that_was_not_added_hears_by_version(version: int, told: ErrorCode) -> None:
    """TRANSACTION_ABORTABLE from v4 on, INVALID_TXN_STATE before."""
    broker = Broker()
    broker.verifier.opinion = ErrorCode.TRANSACTION_ABORTABLE
    assert commit_error(broker.ask(txn_request(version), version)) == told


def test_t6_verification_can_be_switched_off_for_old_clients() -> None:
    """transaction.partition.verification.enable=false: TV1 offsets are not verified, TV2 adds all the same."""
    broker = Broker()
    broker.settings = replace(broker.settings, transaction_partition_verification_enable=False)
    assert commit_error(broker.ask(txn_request(4), 4)) == 0
    assert broker.verifier.asked == []
    assert commit_error(broker.ask(txn_request(5), 5)) == 0
    assert len(broker.verifier.asked) == 1


def test_t12_producers_that_crash_on_loading_hear_otherwise() -> None:
    """Below v2 COORDINATOR_LOAD_IN_PROGRESS becomes COORDINATOR_NOT_AVAILABLE (KAFKA-7296)."""
    broker = Broker()
    broker.world.runtime.begin_load(0, 2, broker.world.now)
    assert commit_error(broker.ask(txn_request(1), 1)) == ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert commit_error(broker.ask(txn_request(2), 2)) == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS


@pytest.mark.parametrize("version", versions(28))
def test_g7_a_transactional_member_of_an_unknown_group(version: int) -> None:
    """GROUP_ID_NOT_FOUND from v6 on, ILLEGAL_GENERATION before; without a generation the group is made."""
    request = txn_request(version)
    if version >= 3:
        request.member_id, request.generation_id_or_member_epoch = "m", 1
    told = {6: ErrorCode.GROUP_ID_NOT_FOUND, 0: ErrorCode.NONE, 1: ErrorCode.NONE, 2: ErrorCode.NONE}
    assert commit_error(Broker().ask(request, version)) == told.get(version, ErrorCode.ILLEGAL_GENERATION)


@pytest.mark.parametrize("version", versions(15))
def test_g1_describe_in_every_version(version: int) -> None:
    """A Stable group with its member; an unknown one is Dead, from v6 on GROUP_ID_NOT_FOUND as well."""
    broker = Broker()
    member_id = broker.member().member_id
    answer = broker.ask(describe_groups.DescribeGroupsRequest(groups=["g", "nobody"]), version)
    known, unknown = answer.groups
    assert (known.group_state, known.protocol_data, known.members[0].member_id) == (
        "Stable",
        "range",
        member_id,
    )
    assert known.members[0].client_host == "/127.0.0.1"
    assert unknown.group_state == "Dead"
    assert unknown.error_code == (ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else 0)


@pytest.mark.parametrize("version", versions(16))
def test_g1_list_in_every_version(version: int) -> None:
    """Groups with protocol type; with state from v4 and type from v5 on."""
    broker = Broker()
    broker.member()
    (listed,) = broker.ask(list_groups.ListGroupsRequest(), version).groups
    assert (listed.group_id, listed.protocol_type) == ("g", "consumer")
    assert listed.group_state == ("Stable" if version >= 4 else "")
    assert listed.group_type == ("classic" if version >= 5 else "")


def test_g1_a_loading_coordinator_does_not_hide_its_groups() -> None:
    """ListGroups hears COORDINATOR_LOAD_IN_PROGRESS rather than an answer with groups missing."""
    broker = Broker()
    broker.world.runtime.begin_load(0, 2, broker.world.now)
    answer = broker.ask(list_groups.ListGroupsRequest(), 5)
    assert answer.error_code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS


@pytest.mark.parametrize("version", versions(42))
def test_g11_delete_groups_in_every_version(version: int) -> None:
    """An error per group, in order."""
    broker = Broker()
    broker.ask(commit_request(9), 9)
    results = broker.ask(delete_groups.DeleteGroupsRequest(groups_names=["nobody", "g"]), version).results
    assert [each.error_code for each in results] == [ErrorCode.GROUP_ID_NOT_FOUND, 0]
    assert bool(results[0].error_message) == (version >= 3)


def test_g11_offset_delete() -> None:
    """An error per partition; one that does not exist hears UNKNOWN_TOPIC_OR_PARTITION."""
    broker = Broker()
    broker.ask(commit_request(9), 9)
    partitions = [offset_delete.OffsetDeleteRequestPartition(partition_index=index) for index in (0, 9)]
    topic = offset_delete.OffsetDeleteRequestTopic(name="orders", partitions=partitions)
    answer = broker.ask(offset_delete.OffsetDeleteRequest(group_id="g", topics=[topic]), 0)
    told = [each.error_code for each in answer.topics[0].partitions]
    assert told == [0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]
    assert broker.world.committed() == -1
    refused = broker.ask(offset_delete.OffsetDeleteRequest(group_id="nobody", topics=[topic]), 0)
    assert refused.error_code == ErrorCode.GROUP_ID_NOT_FOUND


def test_g10_a_deleted_topic_takes_its_offsets_along() -> None:
    """The metadata says the topic is gone, or is another one of that name: its offsets are forgotten."""
    for successor in ({}, {"orders": TopicImage("orders", b"n" * 16, {})}):
        broker = Broker()
        broker.ask(commit_request(10), 10)
        old, broker.image = broker.image, MetadataImage(topics=successor)
        forget_deleted_topics(broker, old, broker.world.now)  # type: ignore[arg-type]
        assert broker.world.committed() == -1


def test_g10_an_unrelated_change_of_topics_forgets_nothing() -> None:
    """A topic that stays keeps its offsets."""
    broker = Broker()
    broker.ask(commit_request(10), 10)
    old = broker.image
    broker.image = MetadataImage(topics={**old.topics, "new": TopicImage("new", b"n" * 16, {})})
    forget_deleted_topics(broker, old, broker.world.now)  # type: ignore[arg-type]
    assert broker.world.committed() == 42
