"""What acknowledgements are worth: leaders killed, too few replicas. The lab has more (`test_lab.py`)."""

from __future__ import annotations

import pytest

from conformance.history import Outcome
from conformance.scenarios import leaders_killed, under_min_isr
from conformance.targets import Target

levers = pytest.mark.usefixtures("on_minikafka")


def test_acks_all_loses_nothing_while_two_leaders_are_killed(killable: Target) -> None:
    """Three replicas, min.insync.replicas=2, idempotence: no record lost, duplicated or out of order."""
    verdict = leaders_killed.run(killable)
    assert verdict.is_clean, str(verdict)
    assert verdict.acknowledged == 2 * leaders_killed.LOAD


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
