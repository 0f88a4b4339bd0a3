"""Brokers die, return and leave: what happens to ISR, ELR, leader and epochs."""

from __future__ import annotations

from minikafka.controller import leadership
from minikafka.controller.heartbeat import fence
from minikafka.controller.partition_change import Target, partition_change
from minikafka.partition.state import RECOVERED, RECOVERING

from tests.unit.controller.builders import applied, broker, cluster, partition, state_of, three_brokers

MIN_ISR_2 = {"min.insync.replicas": "2"}


def test_r12_a_fenced_leader_leaves_the_isr_and_the_next_replica_leads() -> None:
    """R12: fencing takes a broker out of every ISR and moves its leaderships; both epochs rise."""
    view = cluster(*three_brokers(), partition())
    view = applied(view, fence(view, 1))
    state = state_of(view)
    assert (state.leader, state.isr) == (2, (2, 3))
    assert (state.leader_epoch, state.partition_epoch) == (6, 10)
    assert view.image.is_fenced(1)


def test_r10_the_leader_epoch_stays_when_only_the_isr_changes() -> None:
    """R10: a follower that dies costs a partition epoch, no leader epoch."""
    view = cluster(*three_brokers(), partition())
    view = applied(view, fence(view, 3))
    state = state_of(view)
    assert (state.leader, state.isr, state.leader_epoch, state.partition_epoch) == (1, (1, 2), 5, 10)


def test_r13_without_elr_the_last_isr_member_stays_in_the_isr() -> None:
    """R13: ELR off, the last member dies: leaderless, but its place in the ISR is kept and it leads again."""
    before = cluster(*three_brokers(), partition(isr=(1,)), elr=False)
    dead = applied(before, fence(before, 1))
    assert (state_of(dead).leader, state_of(dead).isr) == (-1, (1,))
    back = applied(dead, leadership.broker_returns(dead, 1))
    assert (state_of(back).leader, state_of(back).isr, state_of(back).leader_recovery_state) == (
        1,
        (1,),
        RECOVERED,
    )


def test_r14_members_dropped_under_min_isr_become_eligible() -> None:
    """R14: whoever leaves while |ISR| < min ISR goes to the ELR; before that it does not."""
    one = cluster(*three_brokers(), partition(), configs=MIN_ISR_2)
    two = applied(one, fence(one, 3))
    assert state_of(two).elr == ()
    three = applied(two, fence(two, 2))
    assert (state_of(three).isr, state_of(three).elr) == ((1,), (2,))


def test_r14_the_isr_may_become_empty_and_an_eligible_replica_leads_cleanly() -> None:
    """R14: all gone, the ISR is empty; the first ELR member back is elected without loss, the ISR is itself."""
    view = cluster(*three_brokers(), partition(isr=(1, 2)), configs=MIN_ISR_2)
    for dead in (2, 1):
        view = applied(view, fence(view, dead))
    assert (state_of(view).leader, state_of(view).isr, state_of(view).elr) == (-1, (), (1, 2))
    assert state_of(view).last_known_elr == (1,)
    view = applied(view, leadership.broker_returns(view, 2))
    state = state_of(view)
    assert (state.leader, state.isr, state.elr) == (2, (2,), (1,))
    assert state.leader_recovery_state == RECOVERED
    assert state.last_known_elr == ()


def test_r14_elr_clears_when_the_isr_reaches_min_isr() -> None:
    """R14: back at min.insync.replicas, nobody outside the ISR is eligible any more."""
    view = cluster(*three_brokers(), partition(isr=(1,), elr=(2, 3)), configs=MIN_ISR_2)
    state = state_of(view)
    rules = leadership.rules_for(view, view.topic_settings("orders"), state, is_alive=view.image.is_active)
    record = partition_change(state, Target.as_is(state)._replace(isr=(1, 3)), rules)
    assert record is not None
    assert record.eligible_leader_replicas == []


def test_r14_an_unclean_return_leaves_isr_and_elr() -> None:
    """R14: a broker back without its clean-shutdown note may lack data: it is no eligible leader replica."""
    view = cluster(*three_brokers(), partition(isr=(1,), elr=(2,)), configs=MIN_ISR_2)
    after = applied(view, leadership.broker_returned_unclean(view, 2))
    assert (state_of(after).isr, state_of(after).elr) == ((1,), ())


def test_r13_the_last_known_leader_back_uncleanly_leads_and_recovers() -> None:
    """R13: nobody in ISR or ELR, the last known leader returns: elected, counted as unclean."""
    view = cluster(*three_brokers(), partition(isr=(1,)), configs=MIN_ISR_2)
    view = applied(view, leadership.broker_returned_unclean(view, 1))
    assert (state_of(view).leader, state_of(view).isr, state_of(view).elr) == (-1, (), ())
    view = applied(view, leadership.broker_returns(view, 1))
    state = state_of(view)
    assert (state.leader, state.isr, state.leader_recovery_state) == (1, (1,), RECOVERING)


def test_r13_an_unclean_election_where_the_topic_allows_it() -> None:
    """R13: unclean.leader.election.enable: a live replica outside the ISR leads, alone in the ISR, RECOVERING."""
    configs = {"unclean.leader.election.enable": "true"}
    view = cluster(*three_brokers(), partition(isr=(1,)), configs=configs)
    state = state_of(applied(view, fence(view, 1)))
    assert (state.leader, state.isr, state.leader_recovery_state, state.elr) == (2, (2,), RECOVERING, ())


def test_r15_the_sweep_elects_once_the_topic_allows_it() -> None:
    """R15: a partition left leaderless is looked at again by the sweep."""
    configs = {"unclean.leader.election.enable": "true"}
    leaderless = partition(isr=(1,), leader=-1)
    view = cluster(broker(1, fenced=True), broker(2), broker(3), leaderless, configs=configs)
    state = state_of(applied(view, leadership.elect_leaderless(view)))
    assert (state.leader, state.leader_recovery_state) == (2, RECOVERING)


def test_r16_the_balancer_prefers_first_replicas_in_the_isr_only() -> None:
    """R16: leadership goes back to the first replica where that is in the ISR; elsewhere it stays."""
    view = cluster(*three_brokers(), partition(0, leader=2), partition(1, leader=2, isr=(2, 3)))
    after = applied(view, leadership.prefer_first_replicas(view))
    assert [state_of(after, index).leader for index in (0, 1)] == [1, 2]


def test_r17_a_reassignment_completes_when_the_added_replicas_are_in_the_isr() -> None:
    """R17: replicas become the target, the removed one goes, and the leader epoch rises because one went."""
    moving = partition(replicas=(1, 2, 3, 4), isr=(1, 2, 3), adding=(4,), removing=(3,))
    view = cluster(*three_brokers(), broker(4), moving)
    state = state_of(view)
    rules = leadership.rules_for(view, view.topic_settings("orders"), state, is_alive=view.image.is_active)
    record = partition_change(state, Target.as_is(state)._replace(isr=(1, 2, 3, 4)), rules)
    assert record is not None
    after = state_of(applied(view, [record]))
    assert (after.replicas, after.isr, after.adding, after.removing) == ((1, 2, 4), (1, 2, 4), (), ())
    assert after.leader_epoch == state.leader_epoch + 1


def test_r17_a_reassignment_waits_for_every_added_replica() -> None:
    """R17: one of two added replicas is not enough."""
    moving = partition(replicas=(1, 2, 3, 4), isr=(1, 2), adding=(3, 4), removing=(2,))
    view = cluster(*three_brokers(), broker(4), moving)
    state = state_of(view)
    rules = leadership.rules_for(view, view.topic_settings("orders"), state, is_alive=view.image.is_active)
    record = partition_change(state, Target.as_is(state)._replace(isr=(1, 2, 3)), rules)
    assert record is not None
    assert (record.isr, record.replicas, record.adding_replicas) == ([1, 2, 3], None, None)


def test_r5_min_isr_is_capped_by_the_replica_count() -> None:
    """R5: a partition with one replica is never under min ISR 2, so nobody becomes eligible by it."""
    view = cluster(*three_brokers(), partition(replicas=(1,), isr=(1,)), configs=MIN_ISR_2)
    settings = view.topic_settings("orders")
    rules = leadership.rules_for(view, settings, state_of(view), is_alive=view.image.is_active)
    assert rules.min_insync_replicas == 1
