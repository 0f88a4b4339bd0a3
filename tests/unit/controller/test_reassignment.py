"""Reassignment: where a partition goes, when it is there, and what it is when the move is given up (R17)."""

from __future__ import annotations

import pytest
from minikafka.controller.alter_partition import IsrMember, PartitionAlteration, alter_partition
from minikafka.controller.reassign import Move, moving, reassign
from minikafka.controller.reassignment import Assignment, Reverted, completed, moved_to, reverted
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import PartitionState
from minikafka.types import TopicPartition
from minikafka.wire.message import Message

from tests.unit.controller.builders import (
    TOPIC_ID,
    ClusterView,
    applied,
    broker,
    cluster,
    partition,
    state_of,
)

ORDERS_0 = TopicPartition("orders", 0)


def five_brokers() -> list[Message]:
    return [broker(number) for number in (1, 2, 3, 4, 5)]


def moved(view: ClusterView, *target: int, allow_factor_change: bool = True) -> ClusterView:
    return applied(view, reassign(view, Move(ORDERS_0, target), allow_factor_change=allow_factor_change))


def isr_becomes(view: ClusterView, *isr: int) -> tuple[ClusterView, PartitionState | Rejected]:
    """The leader proposes this ISR."""
    state = state_of(view)
    members = tuple(IsrMember(member, 100 + member) for member in isr)
    asked = PartitionAlteration(TOPIC_ID, 0, state.leader_epoch, state.partition_epoch, members)
    records, outcome = alter_partition(view, state.leader, asked)
    return applied(view, records), outcome


# The arithmetic.

MOVES = [
    ("elsewhere", Assignment((1, 2, 3)), (4, 5, 3), Assignment((4, 5, 3, 1, 2), (4, 5), (1, 2))),
    ("another order", Assignment((1, 2, 3)), (3, 2, 1), Assignment((3, 2, 1))),
    ("one more", Assignment((1, 2)), (1, 2, 3), Assignment((1, 2, 3), (3,))),
    ("one less", Assignment((1, 2, 3)), (1, 2), Assignment((1, 2, 3), (), (3,))),
    (
        "on, from 4 to 5",
        Assignment((2, 3, 4, 1), (4,), (1,)),
        (2, 3, 5),
        Assignment((2, 3, 5, 1, 4), (5,), (1, 4)),
    ),
    ("the same again", Assignment((2, 3, 4, 1), (4,), (1,)), (2, 3, 4), Assignment((2, 3, 4, 1), (4,), (1,))),
    ("back by name", Assignment((2, 3, 4, 1), (4,), (1,)), (1, 2, 3), Assignment((1, 2, 3, 4), (), (4,))),
    ("keep the old too", Assignment((2, 3, 4, 1), (4,), (1,)), (1, 2, 3, 4), Assignment((1, 2, 3, 4), (4,))),
]


@pytest.mark.parametrize(
    ("current", "target", "then"), [case[1:] for case in MOVES], ids=[case[0] for case in MOVES]
)
def test_r17_replicas_are_the_target_and_then_the_old_ones(
    current: Assignment, target: tuple[int, ...], then: Assignment
) -> None:
    """R17: while it moves a partition has the replicas it is to have, in their order, and those it is to lose."""
    assert moved_to(current, target) == then


COMPLETIONS = [
    ("nothing moves", Assignment((1, 2)), (1, 2), None),
    ("the new one is missing", Assignment((1, 3, 2), (3,), (2,)), (1, 2), None),
    ("the new one is in sync", Assignment((1, 3, 2), (3,), (2,)), (1, 2, 3), ((1, 3), (1, 3))),
    ("nobody stays", Assignment((2, 1), (), (1,)), (1,), None),
    ("shrinking, one who stays is not in sync", Assignment((1, 2, 3), (), (3,)), (1, 3), None),
    ("shrinking, all who stay are", Assignment((1, 2, 3), (), (3,)), (1, 2), ((1, 2), (1, 2))),
    ("same size, an old one lags", Assignment((3, 2, 1), (3,), (1,)), (1, 3), ((3, 2), (3,))),
]


@pytest.mark.parametrize(
    ("current", "isr", "then"), [case[1:] for case in COMPLETIONS], ids=[case[0] for case in COMPLETIONS]
)
def test_r17_when_a_move_is_done(
    current: Assignment, isr: tuple[int, ...], then: tuple[tuple[int, ...], tuple[int, ...]] | None
) -> None:
    """R17: every added replica in the ISR and somebody staying in it; to shrink, all who stay."""
    expected = None if then is None else (Assignment(then[0]), then[1])
    assert completed(current, isr) == expected


def test_r17_giving_up_takes_the_added_ones_out() -> None:
    """R17: the replicas and the ISR without whom the move added; if that leaves no ISR, its first replica."""
    moving_on = Assignment((4, 2, 1), (4,), (1,))
    assert reverted(moving_on, (1, 2, 4)) == Reverted((2, 1), (1, 2), is_unclean=False)
    assert reverted(moving_on, (4,)) == Reverted((2, 1), (2,), is_unclean=True)


# The cluster.


def test_r17_a_partition_moves_when_its_leader_lets_the_last_new_replica_in() -> None:
    """R17, R10: asked for, nothing but the lists changes; the ISR change that brings the last one completes it, and the
    leader epoch rises, because a replica went."""
    view = cluster(*five_brokers(), partition(replicas=(1, 2, 3), isr=(1, 2, 3)))
    view = moved(view, 1, 2, 4)
    state = state_of(view)
    assert (state.replicas, state.adding, state.removing) == ((1, 2, 4, 3), (4,), (3,))
    assert (state.isr, state.leader_epoch) == ((1, 2, 3), 5)
    assert moving(view, None) == [(ORDERS_0, state)]
    view, outcome = isr_becomes(view, 1, 2, 3, 4)
    state = state_of(view)
    assert outcome == state
    assert (state.replicas, state.isr, state.adding, state.removing) == ((1, 2, 4), (1, 2, 4), (), ())
    assert (state.leader, state.leader_epoch) == (1, 6)
    assert moving(view, None) == []


def test_r17_a_growing_partition_keeps_its_leader_epoch() -> None:
    """R17: nobody goes, so nobody's leader epoch has to end."""
    view = moved(cluster(*five_brokers(), partition(replicas=(1, 2), isr=(1, 2))), 1, 2, 3)
    view, _ = isr_becomes(view, 1, 2, 3)
    state = state_of(view)
    assert (state.replicas, state.isr, state.leader_epoch) == ((1, 2, 3), (1, 2, 3), 5)


def test_r17_finishing_may_end_the_leadership_that_finished_it() -> None:
    """R17, R10: the leader was to go, so its own change elects the next one; it is told NEW_LEADER_ELECTED [108]."""
    view = moved(cluster(*five_brokers(), partition(replicas=(1, 2), isr=(1, 2))), 3, 2)
    view, outcome = isr_becomes(view, 1, 2, 3)
    assert isinstance(outcome, Rejected)
    assert outcome.code is ErrorCode.NEW_LEADER_ELECTED
    state = state_of(view)
    assert (state.leader, state.leader_epoch, state.replicas, state.isr) == (3, 6, (3, 2), (2, 3))


def test_r17_what_needs_nobody_new_is_done_at_once() -> None:
    """R17: another order, or fewer replicas all of whom are in sync."""
    view = cluster(*five_brokers(), partition(replicas=(1, 2, 3), isr=(1, 2, 3)))
    reordered = state_of(moved(view, 3, 1, 2))
    assert (reordered.replicas, reordered.adding, reordered.leader_epoch) == ((3, 1, 2), (), 5)
    fewer = state_of(moved(view, 2, 1))
    assert (fewer.replicas, fewer.isr, fewer.removing, fewer.leader_epoch) == ((2, 1), (1, 2), (), 6)
    assert reassign(view, Move(ORDERS_0, (1, 2, 3))) == []


def test_r17_a_move_given_up_raises_the_leader_epoch() -> None:
    """R17: the added replica goes, in or out of the ISR."""
    view = moved(cluster(*five_brokers(), partition(replicas=(1, 2, 3), isr=(1, 2, 3))), 1, 4, 5)
    view, _ = isr_becomes(view, 1, 2, 3, 4)
    state = state_of(applied(view, reassign(view, Move(ORDERS_0, None))))
    assert (state.replicas, state.isr, state.leader_epoch) == ((1, 2, 3), (1, 2, 3), 6)
    assert (state.adding, state.removing) == ((), ())


def test_r17_giving_up_uncleanly_needs_the_topics_leave() -> None:
    """R17: with only added replicas in the ISR the move cannot be given up without losing something."""
    only_new = partition(replicas=(4, 2, 1), isr=(4,), leader=4, adding=(4,), removing=(1,))
    with pytest.raises(Rejected) as refusal:
        reassign(cluster(*five_brokers(), only_new), Move(ORDERS_0, None))
    assert refusal.value.code is ErrorCode.INVALID_REPLICA_ASSIGNMENT
    allowing = cluster(*five_brokers(), only_new, configs={"unclean.leader.election.enable": "true"})
    state = state_of(applied(allowing, reassign(allowing, Move(ORDERS_0, None))))
    assert (state.replicas, state.isr, state.leader) == ((2, 1), (2,), 2)


REFUSALS = [
    ("an unknown topic", Move(TopicPartition("nobody", 0), (1,)), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ("an unknown partition", Move(TopicPartition("orders", 9), (1,)), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ("nothing to give up", Move(ORDERS_0, None), ErrorCode.NO_REASSIGNMENT_IN_PROGRESS),
    ("nobody", Move(ORDERS_0, ()), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
    ("a stranger", Move(ORDERS_0, (1, 9)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
    ("a broker twice", Move(ORDERS_0, (1, 1)), ErrorCode.INVALID_REPLICA_ASSIGNMENT),
    ("another factor", Move(ORDERS_0, (1, 2)), ErrorCode.INVALID_REPLICATION_FACTOR),
]


@pytest.mark.parametrize(
    ("asked", "code"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_r17_refusals(asked: Move, code: ErrorCode) -> None:
    """R17: each has its own code, and writes nothing."""
    view = cluster(*five_brokers(), partition(replicas=(1, 2, 3)))
    with pytest.raises(Rejected) as refusal:
        reassign(view, asked, allow_factor_change=False)
    assert refusal.value.code is code


def test_r17_the_factor_is_that_of_the_move_under_way() -> None:
    """KIP-860: with four replicas for a while, of which one goes, three are no change."""
    view = cluster(*five_brokers(), partition(replicas=(1, 2, 4, 3), adding=(4,), removing=(3,)))
    state = state_of(moved(view, 1, 2, 5, allow_factor_change=False))
    assert (state.replicas, state.adding, state.removing) == ((1, 2, 5, 3, 4), (5,), (3, 4))
