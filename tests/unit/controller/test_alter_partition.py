"""AlterPartition: what is refused, and which refusal wins."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from minikafka.controller.alter_partition import IsrMember, PartitionAlteration, alter_partition
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import RECOVERED, RECOVERING, PartitionState

from tests.unit.controller.builders import (
    TOPIC_ID,
    applied,
    broker,
    cluster,
    partition,
    state_of,
    three_brokers,
)

GOOD = PartitionAlteration(TOPIC_ID, 0, 5, 9, (IsrMember(1, 101), IsrMember(2, 102)), RECOVERED)
Change = Callable[[PartitionAlteration], PartitionAlteration]

REFUSALS: list[tuple[str, Change, ErrorCode]] = [
    ("an unknown topic id", lambda good: good._replace(topic_id=bytes(16)), ErrorCode.UNKNOWN_TOPIC_ID),
    ("an unknown partition", lambda good: good._replace(partition=7), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    ("a newer leader epoch", lambda good: good._replace(leader_epoch=6), ErrorCode.NOT_CONTROLLER),
    ("a newer partition epoch", lambda good: good._replace(partition_epoch=10), ErrorCode.NOT_CONTROLLER),
    ("an older leader epoch", lambda good: good._replace(leader_epoch=4), ErrorCode.FENCED_LEADER_EPOCH),
    (
        "an older partition epoch",
        lambda good: good._replace(partition_epoch=8),
        ErrorCode.INVALID_UPDATE_VERSION,
    ),
    (
        "an ISR without the leader",
        lambda good: good._replace(isr=(IsrMember(2, 102),)),
        ErrorCode.INVALID_REQUEST,
    ),
    ("an empty ISR", lambda good: good._replace(isr=()), ErrorCode.INVALID_REQUEST),
    (
        "a member twice",
        lambda good: good._replace(isr=(IsrMember(1), IsrMember(1))),
        ErrorCode.INVALID_REQUEST,
    ),
    ("a stranger", lambda good: good._replace(isr=(IsrMember(1), IsrMember(4))), ErrorCode.INVALID_REQUEST),
    (
        "company while recovering",
        lambda good: good._replace(leader_recovery_state=RECOVERING),
        ErrorCode.INVALID_REQUEST,
    ),
    (
        "back to recovering",
        lambda good: good._replace(leader_recovery_state=RECOVERING, isr=(IsrMember(1, 101),)),
        ErrorCode.INVALID_REQUEST,
    ),
    (
        "a member of another broker epoch",
        lambda good: good._replace(isr=(IsrMember(1, 101), IsrMember(2, 99))),
        ErrorCode.INELIGIBLE_REPLICA,
    ),
]


@pytest.mark.parametrize(("says", "change", "code"), REFUSALS, ids=[says for says, _, _ in REFUSALS])
def test_r10_refusals(says: str, change: Change, code: ErrorCode) -> None:
    """R10: each way in which the leader's picture is wrong has its own answer, and writes nothing."""
    view = cluster(*three_brokers(), partition(isr=(1, 2, 3)))
    records, outcome = alter_partition(view, 1, change(GOOD))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, records) == (code, [])


def test_r10_only_the_leader_may_ask() -> None:
    """R10: a broker that does not lead is refused, before its partition epoch is looked at."""
    view = cluster(*three_brokers(), partition())
    _, outcome = alter_partition(view, 2, GOOD._replace(partition_epoch=8))
    assert isinstance(outcome, Rejected)
    assert outcome.code is ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    "member", [broker(2, fenced=True), broker(2, leaving=True)], ids=["fenced", "leaving"]
)
def test_r10_a_member_that_may_not_lead_may_not_join(member: object) -> None:
    """R10: fenced and shutting-down brokers are ineligible."""
    view = cluster(broker(1), member, broker(3), partition(isr=(1,)))  # type: ignore[arg-type]
    _, outcome = alter_partition(view, 1, GOOD)
    assert isinstance(outcome, Rejected)
    assert outcome.code is ErrorCode.INELIGIBLE_REPLICA


def test_r10_an_accepted_change_raises_the_partition_epoch_alone() -> None:
    """R10: the answer is the partition as it is now: same leader epoch, partition epoch one higher."""
    view = cluster(*three_brokers(), partition(isr=(1, 2, 3)))
    records, outcome = alter_partition(view, 1, GOOD)
    assert isinstance(outcome, PartitionState)
    assert outcome == state_of(applied(view, records))
    assert (outcome.isr, outcome.leader_epoch, outcome.partition_epoch) == ((1, 2), 5, 10)


def test_r10_the_same_isr_again_is_answered_without_a_record() -> None:
    """R10: a repeat whose answer was lost, still with the right epochs, changes nothing."""
    view = cluster(*three_brokers(), partition(isr=(1, 2)))
    records, outcome = alter_partition(view, 1, GOOD)
    assert records == []
    assert isinstance(outcome, PartitionState)
    assert outcome.partition_epoch == 9


def test_r10_a_leader_says_that_it_has_recovered() -> None:
    """R13, R10: after an unclean election the leader ends RECOVERING with its own ISR change."""
    view = cluster(*three_brokers(), partition(isr=(1,), recovery=RECOVERING))
    records, outcome = alter_partition(view, 1, GOOD)
    assert isinstance(outcome, PartitionState)
    assert (outcome.leader_recovery_state, len(records)) == (RECOVERED, 1)


def test_r10_completing_a_reassignment_may_cost_the_sender_its_leadership() -> None:
    """R10, R17: the change is made, and the sender hears NEW_LEADER_ELECTED."""
    moving = partition(replicas=(1, 2, 3), isr=(1, 2), adding=(3,), removing=(1,))
    view = cluster(*three_brokers(), moving)
    everyone = (IsrMember(1, 101), IsrMember(2, 102), IsrMember(3, 103))
    records, outcome = alter_partition(view, 1, GOOD._replace(isr=everyone))
    assert isinstance(outcome, Rejected)
    assert outcome.code is ErrorCode.NEW_LEADER_ELECTED
    after = state_of(applied(view, records))
    assert (after.leader, after.replicas) == (2, (2, 3))
