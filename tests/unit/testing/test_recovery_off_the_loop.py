"""D2: a broker that recovers a log, however long, does not hold up its neighbours on the same loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from minikafka import Cluster
from minikafka.log.batch import build_batch
from minikafka.log.replica_log import ReplicaLog
from minikafka.runtime import rpc
from minikafka.wire.messages import produce

REQUESTS = 100
PATIENCE_S = 20.0


class Gate:
    """Opening any log waits here, on the thread that does it, until `open` is set."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()


@contextmanager
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    held = Gate()
    original = ReplicaLog.open.__func__  # type: ignore[attr-defined]

    def waits(cls: type[ReplicaLog], *args: Any, **options: Any) -> ReplicaLog:
        held.entered.set()
        assert held.open.wait(PATIENCE_S), "the test forgot the gate"
        log: ReplicaLog = original(cls, *args, **options)
        return log

    monkeypatch.setattr(ReplicaLog, "open", classmethod(waits))
    try:
        yield held
    finally:
        held.open.set()


def produce_one(topic: str, partition: int) -> produce.ProduceRequest:
    batch = build_batch([(1_000, None, b"one", ())])
    data = produce.PartitionProduceData(index=partition, records=batch)
    return produce.ProduceRequest(
        acks=1, timeout_ms=5_000, topic_data=[produce.TopicProduceData(name=topic, partition_data=[data])]
    )


def test_d2_a_recovering_broker_does_not_delay_its_neighbours_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the job that opens broker 2's log is held, broker 1 appends and answers, turn after turn, on the loop the
    two of them share; broker 2 serves once the job is done."""
    with Cluster(brokers=2) as kafka:
        partitions = kafka.topic("orders", partitions=2, replication_factor=1).partitions
        ours = next(partition for partition in partitions if partition.leader == 1)
        theirs = next(partition for partition in partitions if partition.leader == 2)
        kafka.broker(2).kill()
        host, port = kafka.broker(1).address.split(":")
        with gate(monkeypatch) as held:
            starting = threading.Thread(target=kafka.broker(2).start)
            starting.start()
            assert held.entered.wait(PATIENCE_S)
            before = kafka.look(lambda supervisor: supervisor.hosting.driver.turns)
            for _ in range(REQUESTS):
                answer = asyncio.run(rpc.call(host, int(port), produce_one("orders", ours.partition), 9))
                assert isinstance(answer, produce.ProduceResponse)
                assert answer.responses[0].partition_responses[0].error_code == 0
            turns = kafka.look(lambda supervisor: supervisor.hosting.driver.turns) - before
            node = kafka.look(lambda supervisor: supervisor.brokers[2].node)
            assert turns >= REQUESTS
            assert node is not None
            assert not node.is_running, "it would be sent clients it cannot serve"
            held.open.set()
            starting.join(PATIENCE_S)
        assert node.is_running
        kafka.wait(topic="orders", partition=theirs.partition, leader=2)
