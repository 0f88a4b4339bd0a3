"""Proposals to change the ISR, until the controller has answered each (R10)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from minikafka.broker.broker import Broker
from minikafka.broker.isr_changes import RETRY_MS, IsrChanges
from minikafka.broker.outbox import Outbox
from minikafka.broker.timers import Timers
from minikafka.effects import SetTimer
from minikafka.partition.isr import IsrProposal
from minikafka.partition.partition import Partition
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages import alter_partition as wire

NOW = Now(1_000, 5_000_000)


class Controller:
    """Never answers: every proposal is lost as soon as it is sent."""

    def __init__(self) -> None:
        self.asked: list[wire.AlterPartitionRequest] = []

    def call(self, peer: int, request: wire.AlterPartitionRequest, *rest: object, channel: str) -> None:
        self.asked.append(request)
        lost, now = rest[2], rest[3]
        lost("no connection", now)  # type: ignore[operator]


def a_proposal(index: int) -> tuple[Partition, IsrProposal]:
    """Of orders-`index`, pending for ever."""
    partition = SimpleNamespace(
        topic_partition=TopicPartition("orders", index), topic_id=bytes(16), is_pending=lambda proposal: True
    )
    return cast(Partition, partition), IsrProposal(isr=((1, 1),), leader_epoch=1, partition_epoch=0)


def test_r10_each_lost_proposal_is_asked_again() -> None:
    """Two lots that begin with the same partition, an older and a newer proposal, are both asked again: neither takes
    the other's place."""
    outbox, controller = Outbox(), Controller()
    timers = Timers(outbox)
    changes = IsrChanges(
        cast(Broker, SimpleNamespace(broker_id=1, broker_epoch=1, peers=controller, timers=timers))
    )
    changes.propose(*a_proposal(0))
    changes.propose(*a_proposal(1))
    changes.send(NOW)
    changes.propose(*a_proposal(0))
    changes.send(NOW)
    controller.asked.clear()
    later = Now(NOW.monotonic_ms + RETRY_MS, NOW.wall_ms)
    for effect in outbox.take():
        assert isinstance(effect, SetTimer)
        timers.fired(effect.key, later)
    asked = [one.partition_index for request in controller.asked for one in request.topics[0].partitions]
    assert set(asked) == {0, 1}
