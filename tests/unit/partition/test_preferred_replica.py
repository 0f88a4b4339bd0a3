"""Who reads where: consumers and the replicas in their rack (F11)."""

from __future__ import annotations

import pytest
from minikafka.config import BrokerSettings
from minikafka.errors import ConfigError, ErrorCode, Rejected
from minikafka.partition.partition import Isolation, Read
from minikafka.partition.preferred_replica import Candidate, preferred_replica

from tests.unit.partition.kit import World, at
from tests.unit.partition.test_following import deliver

RACKS = {1: "a", 2: "b", 3: "b"}


def near(
    broker_id: int = 2,
    *,
    in_isr: bool = True,
    start: int = 0,
    end: int = 10,
    caught_up_ms: int = 0,
    rack: str | None = "b",
) -> Candidate:
    return Candidate(broker_id, rack, in_isr, start, end, caught_up_ms)


def chosen(*followers: Candidate, offset: int = 5, client_rack: str = "b") -> int | None:
    return preferred_replica(followers, offset=offset, client_rack=client_rack, leader_rack="a")


def test_f11_a_follower_in_the_readers_rack_is_preferred() -> None:
    """Nobody is when the leader stands there itself, the client does not say, or nobody else stands there."""
    assert chosen(near()) == 2
    assert chosen(near(rack="a"), client_rack="a") is None
    assert chosen(near(rack=""), client_rack="") is None
    assert chosen(near(), client_rack="c") is None
    assert chosen(near(rack=None)) is None


@pytest.mark.parametrize(
    ("follower", "expected"),
    [
        (near(start=5, end=5), 2),
        (near(end=4), None),
        (near(start=6), None),
        (near(in_isr=False), None),
    ],
)
def test_f11_only_a_replica_that_can_serve_is_preferred(follower: Candidate, expected: int | None) -> None:
    """In the ISR, and with offset 5 between its log start and its end."""
    assert chosen(follower) == expected


def test_f11_of_several_the_one_with_the_most_is_preferred() -> None:
    """Then who was level with the leader last; then the highest id."""
    assert chosen(near(2, end=10), near(3, end=9, caught_up_ms=7)) == 2
    assert chosen(near(2, caught_up_ms=7), near(3)) == 2
    assert chosen(near(2), near(3)) == 3


def follower_of(leader: World) -> World:
    follower = World().follow()
    deliver(follower, leader)
    return follower


def read_anywhere(world: World, offset: int, *, epoch: int = -1) -> Read:
    return world.partition.read(
        offset=offset,
        max_bytes=1 << 20,
        at_least_one_batch=True,
        isolation=Isolation.READ_UNCOMMITTED,
        current_leader_epoch=epoch,
        last_fetched_epoch=-1,
        now=at(),
        only_from_leader=False,
    )


def test_f11_the_leader_answers_with_the_replica_instead_of_records() -> None:
    """Its offsets come along."""
    leader = World().lead((1, 2, 3))
    leader.append()
    for broker in (2, 3):
        leader.ack(broker, 1)
    redirected = leader.partition.redirect(0, "b", RACKS, -1)
    assert redirected is not None
    assert (redirected.preferred_replica, redirected.records, redirected.high_watermark) == (3, b"", 1)
    assert leader.partition.redirect(0, "a", RACKS, -1) is None
    assert leader.partition.redirect(0, "b", {1: "a"}, -1) is None, "fenced brokers are in no rack"


def test_f11_a_follower_serves_up_to_its_own_high_watermark() -> None:
    """Which trails the leader's by one fetch; beyond its end an offset does not exist here yet (F2)."""
    leader = World().lead((1, 2))
    leader.append()
    follower = follower_of(leader)
    assert read_anywhere(follower, 0).records == b""
    leader.ack(2, 1)
    deliver(follower, leader)
    read = read_anywhere(follower, 0)
    assert (len(read.records) > 0, read.high_watermark) == (True, 1)
    with pytest.raises(Rejected) as refused:
        read_anywhere(follower, 2)
    assert refused.value.code is ErrorCode.OFFSET_OUT_OF_RANGE


def test_f11_a_follower_redirects_nobody_and_checks_epochs() -> None:
    """F8 holds on followers too; and who may read from the leader only still hears NOT_LEADER_OR_FOLLOWER [6]."""
    follower = follower_of(World().lead((1, 2)))
    assert follower.partition.redirect(0, "b", RACKS, -1) is None
    with pytest.raises(Rejected) as refused:
        read_anywhere(follower, 0, epoch=1)
    assert refused.value.code is ErrorCode.UNKNOWN_LEADER_EPOCH
    with pytest.raises(Rejected) as refused:
        follower.read(0)
    assert refused.value.code is ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_f11_only_kafkas_own_selectors_are_known() -> None:
    """Others would be classes to load."""
    name = "replica.selector.class"
    assert not BrokerSettings().selects_by_rack
    rack_aware = "org.apache.kafka.common.replica.RackAwareReplicaSelector"
    assert BrokerSettings().with_overrides({name: rack_aware}).selects_by_rack
    with pytest.raises(ConfigError):
        BrokerSettings().with_overrides({name: "com.example.MySelector"})
