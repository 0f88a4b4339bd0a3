"""The levers over HTTP, in thread and in process mode."""

from __future__ import annotations

import asyncio
import threading

import pytest
from minikafka import Cluster
from minikafka.runtime.control.condition import Condition, Waits

from tests.unit.admin.http import TIMEOUT_S, Http


def test_kill_wait_start(ask: Http) -> None:
    """A loss test's skeleton without a line of Python on the other side."""
    leader = ask.get("/v1/topics/orders/partitions/0")["leader"]
    others = sorted({1, 2, 3} - {leader})
    assert ask.post(f"/v1/brokers/{leader}/kill")["state"] == "stopped"
    assert ask.post("/v1/wait", {"topic": "orders", "isr": others, "brokers": others, "timeout": 30}) == {
        "holds": True
    }
    unready = ask("GET", "/v1/status/ready")
    assert (unready.status, unready.why) == (503, f"not in service: broker {leader}")
    assert ask.post(f"/v1/brokers/{leader}/start")["in_service"]
    ask.post("/v1/wait", {"topic": "orders", "isr": [1, 2, 3], "timeout": 30})
    assert ask("GET", "/v1/status/ready").status == 200


def test_pause_resume_stop_power_loss(ask: Http) -> None:
    """Each answers with what the broker is now."""
    assert ask.post("/v1/brokers/3/pause")["state"] == "paused"
    assert ask.post("/v1/brokers/3/resume")["state"] == "running"
    ask.post("/v1/wait", {"topic": "orders", "isr": [1, 2, 3], "timeout": 30})
    assert ask.post("/v1/brokers/3/stop")["state"] == "stopped"
    assert ask.post("/v1/brokers/3/start")["state"] == "running"
    ask.post("/v1/wait", {"topic": "orders", "isr": [1, 2, 3], "timeout": 30})
    assert ask.post("/v1/brokers/3/power_loss", {"seed": 7})["state"] == "stopped"
    assert ask.post("/v1/brokers/3/start")["state"] == "running"
    ask.post("/v1/wait", {"topic": "orders", "isr": [1, 2, 3], "timeout": 30})


def test_the_controller_has_the_same_levers(ask: Http) -> None:
    """Killing it touches no broker."""
    assert ask.post("/v1/controller/kill")["state"] == "stopped"
    assert [one["state"] for one in ask.get("/v1/brokers")] == ["running"] * 3
    assert ask.post("/v1/controller/start")["state"] == "running"
    ask.post("/v1/wait", {"brokers": [1, 2, 3], "timeout": 30})


def test_cut_isolate_delay_heal(ask: Http) -> None:
    """What is cut is listed, until it is healed."""
    assert ask.post("/v1/network/cut", {"one": 1, "other": "controller"}) == {"cut": [[1, "controller"]]}
    ask.post("/v1/brokers/2/isolate", {"clients": True})
    assert [2, "clients"] in ask.get("/v1/network")["cut"]
    ask.post("/v1/network/delay", {"one": 1, "other": 3, "ms": 5})
    assert ask.post("/v1/network/heal") == {"cut": []}
    ask.post("/v1/wait", {"topic": "orders", "isr": [1, 2, 3], "brokers": [1, 2, 3], "timeout": 30})
    assert ask("POST", "/v1/network/cut", {"one": 1, "other": "moon"}).status == 422
    assert ask("POST", "/v1/network/cut", {"one": 1, "other": 8}).status == 404
    assert ask("POST", "/v1/network/cut", {"one": 1, "other": 1}).status == 422


def test_topics_come_and_go(ask: Http) -> None:
    """Created with numbers and settings, led when the answer comes; gone when deleted."""
    body = {"name": "pay", "partitions": 2, "replication_factor": 3, "config": {"min.insync.replicas": 2}}
    ask.post("/v1/wait", {"brokers": [1, 2, 3], "timeout": 30})
    created = ask("POST", "/v1/topics", body)
    assert (created.status, created.json["replication_factor"]) == (201, 3)
    assert all(one["leader"] in (1, 2, 3) for one in created.json["partitions"])
    other = ask("POST", "/v1/topics/pay", {"partitions": 5})
    assert (other.status, other.why) == (422, "topic 'pay' exists with 2 partitions of 3 replicas")
    assert ask("POST", "/v1/topics", {"name": "bad/name"}).status == 422
    assert ask("DELETE", "/v1/topics/pay").json == {"deleted": ["pay"]}
    assert ask("DELETE", "/v1/topics/pay").status == 404


def test_a_wait_that_does_not_come_true_says_what_was_seen(ask: Http) -> None:
    """504, as a gateway that waited in vain."""
    late = ask("POST", "/v1/wait", {"topic": "orders", "high_watermark": 10**6, "timeout": 0.01})
    assert late.status == 504
    assert "last seen: orders-0" in late.why


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"topic": "orders", "irs": [1]}, "unknown field 'irs'; did you mean isr?"),
        ({"isr": [1]}, "say of which topic="),
        (
            {"topic": "orders", "isr": [1, "2"]},
            "field 'isr' is a list, each item a whole number, not [1, '2']",
        ),
        ({"topic": "orders", "timeout": -1}, "field 'timeout' is at least 0, not -1"),
        ({"topic": "orders", "timeout": 1e9}, "at most 600 seconds"),
        ({"topic": "orders", "leader": True}, "field 'leader' is a whole number, not True"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(ask: Http, body: dict[str, object], says: str) -> None:
    """422, the field, and what it should be."""
    refused = ask("POST", "/v1/wait", body)
    assert refused.status == 422
    assert says in refused.why


def test_a_wait_ends_with_its_client(small: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs up leaves nothing behind that waits."""
    began, ended = threading.Event(), threading.Event()
    original = Condition.wait

    async def waiting(self: Condition, asked: Waits, timeout_s: float) -> None:
        began.set()
        try:
            await original(self, asked, timeout_s)
        except asyncio.CancelledError:
            ended.set()
            raise

    monkeypatch.setattr(Condition, "wait", waiting)
    body = b'{"topic": "t", "high_watermark": 1000000, "timeout": 500}'
    head = f"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    with Http(small.admin_url).socket() as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        assert began.wait(TIMEOUT_S)
    assert ended.wait(TIMEOUT_S)
