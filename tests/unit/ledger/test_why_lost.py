"""Why an acknowledged batch is gone: each broken rule, told by the events around it."""

from __future__ import annotations

from minikafka.ledger.causes import Cause
from minikafka.ledger.finding import Finding

from tests.unit.ledger.told import Told, a_batch, a_log, verdict

BATCH = a_batch(0, b"one")


def led() -> Told:
    """Broker 1 leads in epoch 0; all three are in sync."""
    told = Told()
    told.event(1000, "election", "R13", leader=1, before=-1, leader_epoch=0, isr=(1, 2, 3), clean=True)
    told.event(1, "leader_epoch", "R18", role="leader", leader_epoch=0, isr=(1, 2, 3), start_offset=0)
    return told


def elected(told: Told, leader: int, rule: str = "R13", **facts: object) -> None:
    told.event(
        1000, "election", rule, leader=leader, before=1, leader_epoch=1, clean=True, isr=(leader,), **facts
    )  # type: ignore[arg-type]


def lost(told: Told, *, fsync: bool = False) -> Finding:
    (one,) = verdict(told, a_log(), fsync=fsync).lost
    return one


def test_r4_answered_before_a_replica_in_sync_had_it() -> None:
    """Broker 3 never got it."""
    told = led()
    told.replicated(BATCH, 2)
    told.acknowledged(BATCH)
    elected(told, 3)
    found = lost(told)
    assert found.cause is Cause.ANSWERED_TOO_EARLY
    assert "broker 3" in found.why
    assert found.prevented_by == ()


def replicated() -> Told:
    """As it ought to be: everybody has it before the answer."""
    told = led()
    told.appended(BATCH)
    told.replicated(BATCH, 2)
    told.replicated(BATCH, 3)
    told.acknowledged(BATCH)
    return told


def test_r7_answered_by_who_led_no_more() -> None:
    """It had become a follower in between."""
    told = led()
    append = told.appended(BATCH)
    told.event(1, "leader_epoch", "R11", role="follower", leader=2, leader_epoch=1)
    ack = told.event(1, "ack", "R7", cause=append, acks=-1, code="NONE")
    told.event(1, "left", "L14", cause=ack, acks=(ack,))
    assert lost(told).cause is Cause.ANSWERED_BY_FOLLOWER


def test_d5_answered_before_it_was_on_disk_everywhere() -> None:
    """In fsync mode what counts is what was flushed."""
    assert lost(replicated(), fsync=True).cause is Cause.ANSWERED_BEFORE_FLUSH


def test_r13_elected_as_if_clean_and_not_in_sync() -> None:
    """The controller's own word before was another ISR."""
    told = replicated()
    told.event(1000, "isr", "R10", what="decided", isr=(1, 2), before=(1, 2, 3), elr=())
    elected(told, 3)
    assert lost(told).cause is Cause.ELECTED_OUTSIDE


def test_r11_a_replica_that_had_it_cut_it_off() -> None:
    """And led next."""
    told = replicated()
    told.event(2, "truncate", "R11", offset=0, before=1)
    elected(told, 2)
    found = lost(told)
    assert found.cause is Cause.CUT_OFF
    assert "truncate" in [event.kind for event in found.chain]


def test_d2_flushed_and_not_found_by_recovery() -> None:
    """No power cut takes what is on disk."""
    told = replicated()
    told.event(1, "flush", "D2", recovery_point=1)
    told.event(1, "recovery", "D2", log_end_offset=0)
    assert lost(told).cause is Cause.FLUSHED_AND_GONE


def test_d4_not_flushed_anywhere_and_everybody_lost_power() -> None:
    """Page-cache durability permits it."""
    told = replicated()
    for broker in (1, 2, 3):
        told.event(broker, "recovery", "D2", log_end_offset=0)
    found = lost(told)
    assert found.cause is Cause.NOT_FLUSHED
    assert found.prevented_by == ("durability=fsync",)


def test_what_nothing_explains_says_so() -> None:
    """And is found all the same."""
    assert lost(replicated()).cause is Cause.UNEXPLAINED


def test_what_went_with_its_topic_is_not_lost() -> None:
    """A topic of the same name is another."""
    told = replicated()
    told.event(1000, "topic", "F12", what="deleted", name="orders")
    verdict(told, a_log()).assert_none()


def test_f9_a_replica_that_kept_its_own_records() -> None:
    """It had led before, was never told to cut off what nobody else had, and was elected with it."""
    told = led()
    told.appended(a_batch(0, b"its own"), broker=3)
    told.appended(BATCH)
    told.replicated(BATCH, 2)
    told.event(1000, "isr", "R10", what="decided", isr=(1, 2), before=(1, 2, 3), elr=())
    told.event(1, "isr", "R10", what="committed", isr=(1, 2), before=(1, 2, 3))
    told.acknowledged(BATCH)
    told.event(1000, "isr", "R10", what="decided", isr=(1, 2, 3), before=(1, 2), elr=())
    elected(told, 3)
    assert lost(told).cause is Cause.KEPT_ITS_OWN


def test_r12_a_leader_that_led_on_after_a_restart() -> None:
    """It came back without it, and took up the epoch that it had before."""
    told = replicated()
    told.event(1, "recovery", "D2", log_end_offset=0)
    told.event(1, "leader_epoch", "R18", role="leader", leader_epoch=0, isr=(1, 2, 3), start_offset=0)
    for broker in (2, 3):
        told.event(broker, "truncate", "R11", offset=0, before=1)
    assert lost(told).cause is Cause.LED_ON


def test_d4_an_unclean_election_is_not_the_cause_where_everybody_had_lost_it() -> None:
    """Whoever had been elected would not have had it."""
    told = replicated()
    for broker in (1, 2, 3):
        told.event(broker, "recovery", "D2", log_end_offset=0)
    told.event(1000, "election", "R15", leader=2, before=-1, leader_epoch=1, clean=False, isr=(2,))
    assert lost(told).cause is Cause.NOT_FLUSHED
