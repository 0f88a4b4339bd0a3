"""What acknowledgements are worth: leaders killed, leaders lost, too few replicas, power cut."""

from __future__ import annotations

import pytest
from minikafka.checker.anomaly import Anomaly

from conformance.history import Outcome
from conformance.scenarios import leader_lost, leaders_killed, power_lost, under_min_isr
from conformance.targets import Target

levers = pytest.mark.usefixtures("on_minikafka")


def test_acks_all_loses_nothing_while_two_leaders_are_killed(killable: Target) -> None:
    """Three replicas, min.insync.replicas=2, idempotence: no record lost, duplicated or out of order."""
    verdict = leaders_killed.run(killable)
    assert verdict.is_clean, str(verdict)
    assert verdict.acknowledged == 2 * leaders_killed.LOAD


@levers
def test_acks_one_is_lost_by_an_unclean_election() -> None:
    """The ISR is the leader alone; when it dies for good, a replica without the acknowledged records takes over."""
    from minikafka import Cluster

    with Cluster(brokers=3, config={"unclean.leader.election.enable": "true"}) as cluster:
        result = leader_lost.run(cluster, "unclean", wait_for_shrink=True)
    assert len(result.isr_at_death) == 1
    assert len(result.verdict.ids(Anomaly.LOST)) == leader_lost.AFTER, str(result)


@levers
def test_acks_one_is_lost_by_a_clean_election_of_a_lagging_member() -> None:
    """Followers that lag are still in the ISR; electing one of them is clean, and loses what only the leader had."""
    from minikafka import Cluster

    with Cluster(brokers=3, config={"replica.lag.time.max.ms": "30000"}) as cluster:
        result = leader_lost.run(cluster, "lagging", wait_for_shrink=False)
    assert result.isr_at_death == [1, 2, 3]
    assert len(result.verdict.ids(Anomaly.LOST)) == leader_lost.AFTER, str(result)


@levers
def test_under_min_isr_acks_all_is_refused_and_acks_one_is_invisible() -> None:
    """Two of three replicas down: NOT_ENOUGH_REPLICAS before the append, or appended above a frozen high watermark."""
    from minikafka import Cluster

    with Cluster(brokers=3, config={"min.insync.replicas": "2"}) as cluster:
        result = under_min_isr.run(cluster)
    assert result.with_acks_all.outcome is Outcome.FAIL
    assert result.with_acks_all.error == "NOT_ENOUGH_REPLICAS"
    assert result.with_acks_one.outcome is Outcome.OK
    assert result.with_acks_one.offset == under_min_isr.BEFORE
    assert [record.id for record in result.visible] == [f"before:{n}" for n in range(under_min_isr.BEFORE)]
    assert (result.high_watermark, result.log_end_offset) == (under_min_isr.BEFORE, under_min_isr.BEFORE + 1)


@levers
def test_power_loss_takes_the_unflushed_tail_with_page_cache_durability() -> None:
    """Acknowledged, never fsynced: the end of the log is gone, and nothing but the end."""
    verdict = power_lost.run("page-cache")
    lost = verdict.ids(Anomaly.LOST)
    assert lost, str(verdict)
    assert lost == tuple(f"r:{n}" for n in range(verdict.received, power_lost.RECORDS))
    assert {finding.anomaly for finding in verdict.findings} == {Anomaly.LOST}


@levers
def test_power_loss_takes_nothing_with_fsync_durability() -> None:
    """The answer came after the fsync, so all that was acknowledged is there."""
    verdict = power_lost.run("fsync")
    assert verdict.is_clean, str(verdict)
    assert verdict.acknowledged == power_lost.RECORDS
