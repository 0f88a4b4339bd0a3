"""ConsumerGroupHeartbeat and ConsumerGroupDescribe on the wire, every version served (G12, C2)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from minikafka.errors import ErrorCode
from minikafka.wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from minikafka.wire.messages.consumer_group_heartbeat import (
    ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse,
)

from tests.unit.group.consumer_kit import ConsumerWorld
from tests.unit.group.test_handlers import ORDERS_ID, Broker


@pytest.fixture
def broker() -> Broker:
    broker = Broker()
    world = ConsumerWorld()
    world.topics = dict(broker.image.topics)  # type: ignore[arg-type]
    broker.world = world
    broker.image = replace(broker.image, features={"group.version": 1})
    return broker


def join(broker: Broker, version: int) -> ConsumerGroupHeartbeatResponse:
    request = ConsumerGroupHeartbeatRequest(
        group_id="g",
        member_id="a",
        rebalance_timeout_ms=1_000,
        subscribed_topic_names=["orders"],
        topic_partitions=[],
    )
    return broker.ask(request, version)  # type: ignore[no-any-return]


@pytest.mark.parametrize("version", [0, 1])
def test_g12_a_member_joins_and_is_described_in_every_version(broker: Broker, version: int) -> None:
    """It hears its partitions by topic id; the description names the topic too, and v1 the member's protocol."""
    joined = join(broker, version)
    assert (joined.error_code, joined.member_epoch, joined.heartbeat_interval_ms) == (0, 1, 5_000)
    assert joined.assignment is not None
    (row,) = joined.assignment.topic_partitions
    assert (row.topic_id, row.partitions) == (ORDERS_ID, [0])
    answer = broker.ask(ConsumerGroupDescribeRequest(group_ids=["g", "x"]), version)
    described, missing = answer.groups
    assert (described.group_state, described.group_epoch, described.assignor_name) == ("Stable", 1, "uniform")
    (member,) = described.members
    for assignment in (member.assignment, member.target_assignment):
        assert [(each.topic_name, each.partitions) for each in assignment.topic_partitions] == [
            ("orders", [0])
        ]
    assert member.member_type == (1 if version else -1)
    assert missing.error_code == ErrorCode.GROUP_ID_NOT_FOUND


@pytest.mark.parametrize("version", [0, 1])
def test_c2_group_version_0_refuses_both(broker: Broker, version: int) -> None:
    """UNSUPPORTED_VERSION [35]; the level may be raised while clients are connected."""
    broker.image = replace(broker.image, features={})
    assert join(broker, version).error_code == ErrorCode.UNSUPPORTED_VERSION
    answer = broker.ask(ConsumerGroupDescribeRequest(group_ids=["g"]), version)
    assert [group.error_code for group in answer.groups] == [ErrorCode.UNSUPPORTED_VERSION]


def test_g12_a_refused_heartbeat_says_why(broker: Broker) -> None:
    """In `error_message`, which clients log."""
    request = ConsumerGroupHeartbeatRequest(group_id="g", member_id="a", member_epoch=3)
    answer = broker.ask(request, 1)
    assert (answer.error_code, bool(answer.error_message)) == (ErrorCode.GROUP_ID_NOT_FOUND, True)
