"""The table of what a configuration permits."""

from __future__ import annotations

import pytest
from minikafka.checker.allowed import ALL, TABLE, Configuration, Death, permitted
from minikafka.checker.anomaly import Anomaly
from minikafka.checker.verdict import Stage

EVERYTHING = frozenset(Death)
SAFE = Configuration(fsync=True, transactional=True, commits="in the transaction")


@pytest.mark.parametrize(
    ("anomaly", "changed", "died"),
    [
        (Anomaly.LOST, {"acks": 1}, {Death.BROKER}),
        (Anomaly.LOST, {}, {Death.UNCLEAN}),
        (Anomaly.LOST, {"fsync": False}, {Death.POWER_OF_ALL}),
        (Anomaly.LOST, {"fsync": False, "min_insync_replicas": 1}, {Death.POWER}),
        (Anomaly.DUPLICATED, {"idempotent": False}, {Death.ANSWER}),
        (Anomaly.REORDERED, {"idempotent": False}, {Death.ANSWER}),
        (Anomaly.ABORTED_READ, {"isolation": "read_uncommitted"}, set()),
        (Anomaly.TORN, {"transaction_version": 1}, {Death.ANSWER}),
        (Anomaly.HANGING, {}, {Death.UNCLEAN}),
    ],
)
def test_each_permission_needs_its_setting_or_its_death(
    anomaly: Anomaly, changed: dict[str, object], died: set[Death]
) -> None:
    """Without either, it is a broken promise; and every permission says how to do without."""
    weak = SAFE._replace(died=frozenset(died), **changed)  # type: ignore[arg-type]
    row = permitted(anomaly, Stage.BROKER, weak)
    assert row is not None
    assert row.prevented_by
    assert permitted(anomaly, Stage.BROKER, SAFE) is None


@pytest.mark.parametrize("anomaly", [one for one in Anomaly if one is not Anomaly.UNEXPECTED])
def test_the_safest_settings_permit_nothing_but_after_an_unclean_election(anomaly: Anomaly) -> None:
    """acks=all, idempotent, transactional, fsync, read_committed, whatever dies."""
    died = EVERYTHING - {Death.UNCLEAN}
    for stage in Stage:
        assert permitted(anomaly, stage, SAFE._replace(died=died)) is None
    assert SAFE.acks == ALL


def test_nothing_permits_a_record_that_nobody_sent() -> None:
    """Under no settings."""
    assert all(Anomaly.UNEXPECTED not in row.anomalies for row in TABLE)
