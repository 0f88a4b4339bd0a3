"""Registrations that are refused, amended or begin a new life."""

from __future__ import annotations

import pytest
from minikafka.controller.features import SUPPORTED_FEATURES
from minikafka.controller.image import Endpoint
from minikafka.controller.registration import Registration, register
from minikafka.errors import ErrorCode, Rejected
from minikafka.wire.records.cluster_metadata import RegisterBrokerRecord

from tests.unit.controller.builders import broker, cluster, partition

ASKED = Registration(
    broker_id=1,
    cluster_id="c",
    incarnation_id=bytes([1]) * 16,
    endpoints={"CLIENT": Endpoint("localhost", 9001, None)},
    rack=None,
    log_dirs=(bytes([1]) * 16,),
    supported_features=SUPPORTED_FEATURES,
)
VIEW = cluster(broker(1), broker(2), partition())


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (ASKED._replace(cluster_id="other"), ErrorCode.INCONSISTENT_CLUSTER_ID),
        (ASKED._replace(incarnation_id=bytes(16)), ErrorCode.DUPLICATE_BROKER_REGISTRATION),
        (ASKED._replace(log_dirs=()), ErrorCode.INVALID_REGISTRATION),
        (ASKED._replace(supported_features={}), ErrorCode.UNSUPPORTED_VERSION),
    ],
)
def test_refused_registrations(asked: Registration, code: ErrorCode) -> None:
    """Another cluster, another live process, no directory, a feature level it cannot do."""
    with pytest.raises(Rejected) as refused:
        register(VIEW, "c", asked, 500, has_session=True)
    assert refused.value.code is code


def test_the_same_incarnation_amends_and_keeps_its_epoch() -> None:
    """A registration whose answer was lost is simply sent again."""
    records, epoch = register(VIEW, "c", ASKED, 500, has_session=True)
    assert epoch == 101
    assert len(records) == 1
    assert isinstance(records[0], RegisterBrokerRecord)
    assert not records[0].fenced


def test_r12_a_new_incarnation_starts_fenced_under_the_next_offset() -> None:
    """R12: its own record comes first, so the broker epoch is that record's offset; then it leaves every ISR."""
    asked = ASKED._replace(incarnation_id=bytes(16))
    records, epoch = register(VIEW, "c", asked, 500, has_session=False)
    assert epoch == 500
    assert isinstance(records[0], RegisterBrokerRecord)
    assert records[0].fenced
    image = VIEW.image.apply(records, VIEW.image.offset + len(records))
    assert image.topics["orders"].partitions[0].isr == (2, 3)
