"""High watermark, ISR changes, new leaderships (R4, R6, R8-R10, R17, R18, F9)."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode
from minikafka.partition.acks import ALL, LEADER
from minikafka.partition.isr import Committed, IsrProposal, Refused

from tests.unit.partition.kit import World, at, state

LAG = 30_000


def filled(
    replicas: tuple[int, ...] = (1, 2, 3), *, isr: tuple[int, ...] | None = None, count: int = 3
) -> World:
    world = World({"min.insync.replicas": 2}).lead(replicas, isr=isr)
    for _ in range(count):
        world.append(acks=LEADER)
    return world


def propose(world: World, ms: int = 0) -> IsrProposal | None:
    return world.partition.propose_isr(world.brokers, at(ms))


def members(proposal: IsrProposal | None) -> list[int]:
    assert proposal is not None
    return [broker for broker, _ in proposal.isr]


def test_r4_the_high_watermark_is_the_lowest_end_of_the_isr() -> None:
    """The slowest member holds it; it rises as that member fetches."""
    world = filled()
    world.ack(2, 3)
    assert world.high_watermark == 0
    world.ack(3, 1)
    assert world.high_watermark == 1
    world.ack(3, 3)
    assert world.high_watermark == 3


def test_r4_it_never_moves_back() -> None:
    """A member that fetches from further back (its log was cut) does not take it along."""
    world = filled()
    world.ack(2, 3)
    world.ack(3, 3)
    world.ack(3, 1)
    assert world.high_watermark == 3


def test_r4_a_replica_outside_the_isr_does_not_count() -> None:
    """A follower far behind, not in the ISR, holds nothing."""
    world = filled(isr=(1, 2))
    world.ack(2, 3)
    assert world.high_watermark == 3


def test_r4_a_caught_up_follower_about_to_join_counts() -> None:
    """It will be in the ISR in a moment, and must not lack what is below the high watermark."""
    world = filled(isr=(1, 2))
    world.ack(3, 3, ms=1_000)
    world.append(acks=LEADER, ms=1_001)
    world.ack(2, 4, ms=1_002)
    assert world.high_watermark == 3
    world.brokers.fenced.add(3)
    world.ack(2, 4, ms=1_003)
    assert world.high_watermark == 4


def test_r6_under_min_isr_the_high_watermark_is_frozen() -> None:
    """With the ISR below min ISR even acks=1 writes stay invisible, although nobody is waited for."""
    world = filled(isr=(1,))
    assert world.high_watermark == 0
    assert world.read(0).records == b""
    world.lead((1, 2, 3), isr=(1, 2), partition_epoch=1)
    world.ack(2, 3)
    assert world.high_watermark == 3


def test_r6_a_member_about_to_join_does_not_unfreeze_it() -> None:
    """The controller still counts one; if the leader died now, whoever it elects must have everything visible."""
    world = filled(isr=(1,))
    world.ack(2, 3)
    proposal = propose(world)
    assert members(proposal) == [1, 2]
    assert world.partition.maximal_isr == [1, 2]
    assert world.high_watermark == 0
    assert proposal is not None
    world.partition.isr_answered(proposal, Committed((1, 2), 1, 0), at())
    assert world.high_watermark == 3


def test_r8_a_member_that_falls_behind_is_dropped() -> None:
    """Not caught up for `replica.lag.time.max.ms`; counted still, until the controller has agreed."""
    world = filled()
    world.ack(2, 3, ms=10)
    assert propose(world, LAG) is None
    proposal = propose(world, LAG + 1)
    assert members(proposal) == [1, 2]
    assert world.partition.maximal_isr == [1, 2, 3]
    assert world.high_watermark == 0
    assert proposal is not None
    world.partition.isr_answered(proposal, Committed((1, 2), 1, 0), at(LAG + 2))
    assert (world.partition.isr, world.partition.partition_epoch, world.high_watermark) == ([1, 2], 1, 3)


def test_r8_one_change_is_in_flight_at_a_time() -> None:
    """While one is pending, nothing else is proposed; no answer leaves it pending."""
    world = filled()
    proposal = propose(world, LAG + 1)
    assert members(proposal) == [1]
    assert propose(world, 2 * LAG) is None
    assert proposal is not None
    assert world.partition.is_pending(proposal)


def test_r8_a_level_follower_stays_however_long_ago_it_fetched() -> None:
    """Nothing new was written: its end equals the leader's."""
    world = filled()
    world.ack(2, 3)
    world.ack(3, 3)
    assert propose(world, 10 * LAG) is None


def joinable(*, broker_epoch: int | None = None) -> World:
    world = filled(isr=(1, 2))
    world.ack(2, 3)
    world.ack(3, 3, broker_epoch=broker_epoch)
    return world


def test_r9_a_follower_at_the_high_watermark_joins() -> None:
    """With the broker epochs of everybody, for the controller to check."""
    proposal = propose(joinable())
    assert proposal is not None
    assert proposal == IsrProposal(((1, 101), (2, 102), (3, 103)), 0, 0)


@pytest.mark.parametrize("why", ["fenced", "leaving", "rebooted", "unregistered"])
def test_r9_who_may_not_join(why: str) -> None:
    """Fenced, shutting down, of an earlier life than the registered one, or not registered at all."""
    world = joinable()
    if why == "fenced":
        world.brokers.fenced.add(3)
    elif why == "leaving":
        world.brokers.leaving.add(3)
    elif why == "rebooted":
        world.brokers.epochs[3] = 203
    else:
        del world.brokers.epochs[3]
    assert propose(world) is None


def test_r9_a_dropped_follower_has_to_fetch_before_it_is_let_in_again() -> None:
    """Under min ISR the high watermark stands still, so a dropped follower's old end may well have reached it: it
    would be let in at once, be late again, and so on for ever."""
    world = filled((1, 2))
    world.ack(2, 0)
    proposal = propose(world, LAG + 1)
    assert members(proposal) == [1]
    assert proposal is not None
    world.partition.isr_answered(proposal, Committed((1,), 1, 0), at(LAG + 2))
    assert propose(world, LAG + 3) is None
    world.ack(2, 0, ms=LAG + 4)
    assert members(propose(world, LAG + 4)) == [1, 2]


def test_r9_a_follower_below_the_start_of_the_epoch_does_not_join() -> None:
    """It may still have to truncate: reaching the high watermark is not enough."""
    world = filled((1, 2))
    world.lead((1, 2), isr=(1,), epoch=1, partition_epoch=1)
    world.ack(2, 2)
    assert propose(world) is None
    world.ack(2, 3)
    assert members(propose(world)) == [1, 2]


def test_r9_a_fetch_of_an_earlier_life_changes_nothing() -> None:
    """A request from before the follower's restart arrives late."""
    world = filled()
    world.ack(3, 1, broker_epoch=103)
    world.ack(3, 3, broker_epoch=99)
    world.ack(2, 3)
    assert world.high_watermark == 1


@pytest.mark.parametrize("code", [ErrorCode.INELIGIBLE_REPLICA, ErrorCode.OPERATION_NOT_ATTEMPTED])
def test_r10_a_plain_refusal_returns_to_the_set_in_force(code: ErrorCode) -> None:
    """The new member counts no longer, and may be proposed again when it has fetched again."""
    world = joinable()
    proposal = propose(world)
    assert proposal is not None
    world.partition.isr_answered(proposal, Refused(code), at())
    assert (world.partition.isr, world.partition.maximal_isr) == ([1, 2], [1, 2])
    assert propose(world) is None
    world.ack(3, 3)
    assert propose(world) is not None


@pytest.mark.parametrize("code", [ErrorCode.INVALID_UPDATE_VERSION, ErrorCode.FENCED_LEADER_EPOCH])
def test_r10_a_refusal_that_says_something_is_newer_stays_pending(code: ErrorCode) -> None:
    """An earlier copy of the request may have been applied: the new member counts until the metadata log tells."""
    world = joinable()
    proposal = propose(world)
    assert proposal is not None
    world.partition.isr_answered(proposal, Refused(code), at())
    assert world.partition.maximal_isr == [1, 2, 3]
    assert world.partition.is_pending(proposal)
    world.lead((1, 2, 3), isr=(1, 2, 3), partition_epoch=1)
    assert not world.partition.is_pending(proposal)
    assert world.partition.isr == [1, 2, 3]


def test_r10_an_answer_older_than_the_metadata_log_is_ignored() -> None:
    """The log already told of the change, and of the next one."""
    world = joinable()
    proposal = propose(world)
    assert proposal is not None
    world.lead((1, 2, 3), isr=(1, 3), partition_epoch=2)
    world.partition.isr_answered(proposal, Committed((1, 2, 3), 1, 0), at())
    assert (world.partition.isr, world.partition.partition_epoch) == ([1, 3], 2)


def test_r10_older_metadata_is_ignored() -> None:
    """A state of a lower partition epoch, or leader epoch, changes nothing."""
    world = World().lead((1, 2, 3), epoch=5, partition_epoch=7)
    world.lead((1, 2, 3), isr=(1,), epoch=5, partition_epoch=6)
    world.partition.become_follower(state((1, 2, 3), leader=2, leader_epoch=4, partition_epoch=9), at())
    assert (world.partition.isr, world.partition.is_leader) == ([1, 2, 3], True)


def test_r17_a_fetch_of_no_replica_acknowledges_nothing() -> None:
    """Broker 3 is not assigned; its fetch neither counts nor joins."""
    world = filled((1, 2))
    world.ack(3, 3)
    assert world.high_watermark == 0
    assert propose(world) is None


def test_r18_a_new_leader_starts_its_epoch_at_its_log_end() -> None:
    """It keeps the high watermark it knew, and waits for every ISR member to fetch before it moves."""
    world = filled()
    world.ack(2, 3)
    world.ack(3, 2)
    world.lead((1, 2, 3), epoch=1)
    assert world.log.epochs.start_of(1) == 3
    assert world.high_watermark == 2
    world.ack(2, 3)
    assert world.high_watermark == 2
    world.ack(3, 3)
    assert world.high_watermark == 3


def test_r18_the_isr_counts_as_caught_up_at_the_election() -> None:
    """Members have a full lag time from then on; replicas outside count as never caught up."""
    world = filled()
    world.lead((1, 2, 3), isr=(1, 2), epoch=1, ms=100_000)
    assert propose(world, 100_000 + LAG) is None
    assert members(propose(world, 100_001 + LAG)) == [1]


def test_f9_a_diverging_follower_acknowledges_nothing() -> None:
    """Its offset is ours, its records are not: the high watermark must not pass what it will truncate."""
    world = World().lead((1, 2), epoch=1)
    world.append(acks=LEADER)
    world.lead((1, 2), epoch=3)
    world.append(acks=ALL)
    world.ack(2, 2, last_epoch=2)
    assert world.high_watermark == 0
    world.ack(2, 2, last_epoch=3)
    assert world.high_watermark == 2


def test_f8_a_fetch_of_another_leader_epoch_acknowledges_nothing() -> None:
    """The follower follows an earlier leadership."""
    world = World().lead((1, 2), epoch=1)
    world.append()
    world.partition.follower_fetched(2, 102, 1, 0, at(), leader_epoch=0)
    assert world.high_watermark == 0
    world.partition.follower_fetched(2, 102, 1, 0, at(), leader_epoch=1)
    assert world.high_watermark == 1
