"""What can be looked at over HTTP, in thread and in process mode."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer
from minikafka import Cluster
from minikafka.runtime.control.views import Question
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.admin.http import Http


def test_a_ready_cluster_says_so_and_where_it_is(kafka: Cluster, ask: Http) -> None:
    """Probes of orchestrators, and what a client needs."""
    assert ask.get("/v1/status/ready") == {"ready": True, "bootstrap_servers": kafka.bootstrap_servers}
    assert ask.get("/v1/status/live") == {"live": True}


def test_the_cluster_at_a_glance(kafka: Cluster, ask: Http) -> None:
    """Brokers, the controller, features; and each broker by itself."""
    seen = ask.get("/v1/cluster")
    assert seen["active_brokers"] == [1, 2, 3]
    assert [one["address"] for one in seen["brokers"]] == kafka.bootstrap_servers.split(",")
    assert seen["controller"]["id"] == 1000
    assert seen["features"]["transaction.version"] == 2
    assert ask.get("/v1/brokers") == seen["brokers"]
    assert ask.get("/v1/brokers/2") == seen["brokers"][1]
    assert ask.get("/v1/brokers/2")["pid"] == kafka.broker(2).pid


def test_what_is_asked_for_and_is_not_there(ask: Http) -> None:
    """404, and the name that was probably meant."""
    missing = ask("GET", "/v1/brokers/9")
    assert (missing.status, missing.why) == (404, "there is no broker 9 here; there are 1, 2, 3")
    assert ask("GET", "/v1/topics/ordes").why == "there is no topic 'ordes'; did you mean orders?"
    assert (
        ask("GET", "/v1/topics/orders/partitions/7").why == "topic 'orders' has no partition 7; it has 0 to 1"
    )
    assert ask("GET", "/v1/groups/nobody").status == 404
    assert ask("GET", "/v1/transactions/nobody").status == 404
    assert ask("GET", "/v1/brokers/1000").status == 404


def test_records_show_in_offsets_batches_producers_and_groups(kafka: Cluster, ask: Http) -> None:
    """What a producer and a consumer did is seen at every replica, and at the coordinator."""
    producer = Producer(kafka.client_config("confluent") | {"enable.idempotence": True, "linger.ms": 0})
    for value in (b"one", b"two"):
        producer.produce("orders", value, partition=0)
        producer.flush()
    kafka.wait(topic="orders", high_watermark=2)

    partition = ask.get("/v1/topics/orders/partitions/0")
    assert partition["offsets"]["high_watermark"] == 2
    assert [one["log_end_offset"] for one in partition["replicas"]] == [2, 2, 2]
    assert ask.get("/v1/topics/orders")["partitions"][0]["leader"] == partition["leader"]

    batches = ask.get("/v1/topics/orders/partitions/0/batches")
    assert [(one["base_offset"], one["last_offset"], one["base_sequence"]) for one in batches] == [
        (0, 0, 0),
        (1, 1, 1),
    ]
    assert ask.get("/v1/topics/orders/partitions/0/batches?offset=1") == batches[1:]
    assert ask.get("/v1/topics/orders/partitions/0/batches?limit=1") == batches[:1]
    assert ask("GET", "/v1/topics/orders/partitions/0/batches?offset=9").status == 422
    (row,) = ask.get("/v1/topics/orders/partitions/0/producers")
    assert (row["producer_id"], row["last_sequence"]) == (batches[0]["producer_id"], 1)

    consumer = Consumer(
        kafka.client_config("confluent") | {"group.id": "readers/1", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["orders"])
    assert consumer.poll(20) is not None
    consumer.commit(asynchronous=False)
    group = ask.get("/v1/groups/readers%2F1")
    assert (group["state"], len(group["members"])) == ("Stable", 1)
    assert ask.get("/v1/groups") == [group]
    assert group["committed"][0]["topic"] == "orders"
    consumer.close()


def test_an_open_transaction_is_seen_at_its_coordinator(kafka: Cluster, ask: Http) -> None:
    """With its partitions, until it is committed."""
    producer = Producer(kafka.client_config("confluent") | {"transactional.id": "pay-1"})
    producer.init_transactions()
    producer.begin_transaction()
    producer.produce("orders", b"three", partition=1)
    producer.flush()
    seen = ask.get("/v1/transactions/pay-1")
    assert (seen["state"], seen["partitions"]) == ("Ongoing", [{"topic": "orders", "partition": 1}])
    producer.commit_transaction()
    assert [one["transactional_id"] for one in ask.get("/v1/transactions")] == ["pay-1"]


def test_a_produce_that_waits_for_followers_is_parked(kafka: Cluster, ask: Http) -> None:
    """On its leader's high watermark, which stands still without the replicas that must be in sync."""
    kafka.topic("strict", partitions=1, replication_factor=3, config={"min.insync.replicas": 3})
    leader = kafka.topic("strict").partition(0).leader
    followers = [broker for broker in kafka.brokers if broker.id != leader]
    for follower in followers:
        follower.pause()
    producer = Producer(kafka.client_config("confluent") | {"acks": "all", "linger.ms": 0})
    producer.produce("strict", b"waits", partition=0)
    producer.poll(0)
    kafka.run(
        lambda supervisor: supervisor.until(
            Question(parked=True),
            lambda view: any(one.purgatory == "produce" for one in view.nodes[leader].parked),
            20,
            lambda view: str(view.nodes[leader].parked),
        )
    )
    (parked,) = [one for one in ask.get("/v1/requests/parked") if one["purgatory"] == "produce"]
    assert (parked["broker"], "strict-0 HIGH_WATERMARK" in parked["waits_for"]) == (leader, True)
    for follower in followers:
        follower.resume()
    assert producer.flush(20) == 0


def test_metrics_are_what_prometheus_reads(ask: Http) -> None:
    """Parsed by its own client; every sample belongs to a family with a type."""
    answered = ask("GET", "/metrics")
    assert answered.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(answered.text)}
    alive = {sample.labels["node"]: sample.value for sample in families["minikafka_node_alive"].samples}
    assert alive == {"1": 1.0, "2": 1.0, "3": 1.0, "1000": 1.0}
    isr = [one for one in families["minikafka_partition_isr"].samples if one.labels["topic"] == "orders"]
    assert [one.value for one in isr] == [3.0, 3.0]
    assert families["minikafka_events"].type == "counter"
    assert "unknown" not in {family.type for family in families.values()}


@pytest.mark.parametrize("target", ["/", "/v1/cluster", "/metrics"])
def test_head_is_get_without_a_body(ask: Http, target: str) -> None:
    """As HTTP wants it."""
    got, head = ask("GET", target), ask("HEAD", target)
    assert (head.status, head.text) == (200, "")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


def test_the_page_lists_what_is_here(ask: Http) -> None:
    """For whoever opens the address in a browser."""
    page = ask("GET", "/")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "/v1/brokers/{id}/power_loss" in page.text
