"""Apache's kafka-transactions finds a hanging transaction on our cluster, and ends it (T14, T15)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from minikafka.log.batch import build_batch
from minikafka.wire.messages import produce

from conformance.build import build, is_available
from conformance.raw import RawConnection
from tests.conformance.test_kafka_tools import run

if TYPE_CHECKING:
    from minikafka import Cluster

pytestmark = pytest.mark.usefixtures("on_minikafka")

TOPIC = "orders"
GHOST = 424_242
"""A producer id that no coordinator ever handed out."""
AN_HOUR_MS = 3_600_000
PRODUCE_VERSION = 11


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Without KIP-890's question to the coordinator, as brokers before it were."""
    from minikafka import Cluster

    if not is_available("java"):
        pytest.skip("Apache Kafka's tools need java, javac and mvn on PATH")
    build("java")
    config = {"transaction.partition.verification.enable": "false"}
    with Cluster(brokers=2, config=config, topics=[f"{TOPIC}:1:2"]) as kafka:
        yield kafka


def leave_hanging(cluster: Cluster) -> int:
    """A late write of a transaction that its coordinator does not know; returns its offset."""
    leader = cluster.broker(cluster.topic(TOPIC).partition(0).leader)
    batch = build_batch(
        [(int(time.time() * 1000) - AN_HOUR_MS, None, b"late", ())],
        producer_id=GHOST,
        producer_epoch=0,
        base_sequence=0,
        transactional=True,
    )
    data = produce.PartitionProduceData(index=0, records=batch)
    request = produce.ProduceRequest(
        transactional_id="ghost",
        acks=-1,
        timeout_ms=3_000,
        topic_data=[produce.TopicProduceData(name=TOPIC, partition_data=[data])],
    )
    with RawConnection(leader.address) as connection:
        answer = connection.ask(request, PRODUCE_VERSION)
    assert isinstance(answer, produce.ProduceResponse)
    appended = answer.responses[0].partition_responses[0]
    assert appended.error_code == 0
    return appended.base_offset


def transactions(cluster: Cluster, *arguments: str) -> str:
    return run("TransactionsCommand", "--bootstrap-server", cluster.bootstrap_servers, *arguments)


def test_t14_t15_kafka_transactions_finds_a_hanging_transaction_and_aborts_it(cluster: Cluster) -> None:
    """Open in the partition, unknown to every coordinator, an hour old: nothing but an administrator ends it."""
    offset = leave_hanging(cluster)
    partition = cluster.topic(TOPIC).partition(0)
    assert partition.last_stable_offset == offset

    producers = transactions(cluster, "describe-producers", "--topic", TOPIC, "--partition", "0")
    assert re.search(rf"^{GHOST}\s", producers, re.MULTILINE)
    assert "ghost" not in transactions(cluster, "list")
    found = transactions(cluster, "find-hanging", "--topic", TOPIC, "--partition", "0")
    assert re.search(rf"^{TOPIC}\s+0\s+{GHOST}\s", found, re.MULTILINE)

    transactions(cluster, "abort", "--topic", TOPIC, "--partition", "0", "--start-offset", str(offset))
    cluster.wait(topic=TOPIC, partition=0, last_stable_offset=offset + 2, timeout=10)
    after = transactions(cluster, "find-hanging", "--topic", TOPIC, "--partition", "0")
    assert str(GHOST) not in after
    aborted = [event for event in cluster.events() if event.rule == "T14" and event.kind == "marker"]
    assert [event.get("producer_ids") for event in aborted] == [[GHOST]]
