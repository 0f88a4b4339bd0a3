"""The reference of the HTTP admin: fresh, and true: its examples are sent, its schemas hold for what is answered."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from minikafka import Cluster
from minikafka.admin.openapi import document
from minikafka.admin.route import AnyRoute
from minikafka.admin.table import ROUTES

from tests.unit.admin.http import Answer, Http

ROOT = Path(__file__).resolve().parents[3]
PATHS = {
    "{id}": "1",
    "{topic}": "orders",
    "{partition}": "0",
    "{group}": "nobody",
}
SCHEMAS = document(ROUTES)["components"]["schemas"]


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


http_page = load("http_page")


@pytest.fixture(scope="module")
def kafka() -> Iterator[Cluster]:
    with Cluster(brokers=3, topics=["orders:3:3"], admin=True) as cluster:
        yield cluster


def test_the_page_and_the_document_are_fresh() -> None:
    """After a route came, went or changed: python tools/http_page.py."""
    assert http_page.main(["--check"]) == 0


def test_every_route_of_the_interface_is_there() -> None:
    """Kept by hand, from the promise: so that none goes by accident."""
    promised = """
        GET /v1/status/ready, GET /v1/status/live, GET /v1/cluster, GET /v1/brokers, GET /v1/brokers/{id},
        POST /v1/brokers/{id}/stop, POST /v1/brokers/{id}/kill, POST /v1/brokers/{id}/power_loss,
        POST /v1/brokers/{id}/start, POST /v1/brokers/{id}/pause, POST /v1/brokers/{id}/resume,
        POST /v1/brokers/{id}/isolate, POST /v1/controller/stop, POST /v1/controller/kill,
        POST /v1/controller/power_loss, POST /v1/controller/start, POST /v1/controller/pause,
        POST /v1/controller/resume, POST /v1/controller/isolate, POST /v1/network/cut, POST /v1/network/heal,
        GET /v1/topics, POST /v1/topics, DELETE /v1/topics, GET /v1/topics/{topic}, POST /v1/topics/{topic},
        DELETE /v1/topics/{topic}, GET /v1/topics/{topic}/partitions/{partition},
        GET /v1/topics/{topic}/partitions/{partition}/batches,
        GET /v1/topics/{topic}/partitions/{partition}/producers, GET /v1/groups, GET /v1/groups/{group},
        GET /v1/transactions, GET /v1/transactions/{id}, GET /v1/requests/parked, GET /v1/faults, POST /v1/faults,
        DELETE /v1/faults, GET /v1/events, POST /v1/wait, GET /v1/verdict, POST /v1/clock,
        POST /v1/snapshot, POST /v1/restore, POST /v1/reset, GET /metrics, GET /
    """
    assert {route.strip() for route in promised.split(",")} <= {f"{one.method} {one.path}" for one in ROUTES}


def test_operation_ids_name_one_operation_each() -> None:
    """Generators make methods of them."""
    operations = [one["operationId"] for path in document(ROUTES)["paths"].values() for one in path.values()]
    assert len(set(operations)) == len(operations) == len(ROUTES)


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.method == "GET" and not one.waits], ids=lambda one: one.path
)
def test_what_is_answered_is_what_the_document_says(kafka: Cluster, route: AnyRoute) -> None:
    """Every GET, by the schema of its answer; errors by theirs."""
    answered = ask(kafka, route)
    if answered.headers["Content-Type"] != "application/json":
        assert answered.status == 200
        return
    operation = document(ROUTES)["paths"][route.path]["get"]
    expected = operation["responses"].get(
        str(answered.status), {"content": {"application/json": {"schema": ERROR}}}
    )
    check(answered.json, expected["content"]["application/json"]["schema"], "answer")
    assert answered.status in (200, 404), answered.text


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.example and one.method == "POST"], ids=lambda one: one.path
)
def test_each_example_can_be_sent(kafka: Cluster, route: AnyRoute) -> None:
    """A body of the reference is one that is taken."""
    if route.path == "/v1/restore":
        Http(kafka.admin_url)("POST", "/v1/snapshot")
    answered = ask(kafka, route, json.loads(route.example))
    assert answered.status < 300, answered.text
    Http(kafka.admin_url)("DELETE", "/v1/faults")
    Http(kafka.admin_url)("POST", "/v1/network/heal")
    Http(kafka.admin_url)("POST", "/v1/clock", {"freeze": False})
    kafka.broker(1).start()
    kafka.wait(topic="orders", isr=[1, 2, 3], brokers=[1, 2, 3], timeout=30)


def test_the_commands_of_the_page_run(kafka: Cluster) -> None:
    """Every curl line, in order, by the standard library; against a cluster with the topic they speak of."""
    (block,) = re.findall(r"```sh\n(.*?)```", http_page.PAGE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [shlex.split(line) for line in block.splitlines() if line.startswith("curl")]
    assert len(commands) >= 3
    for words in commands:
        answered = curl(kafka, words[1:])
        assert answered.status == 200, (words, answered.text)
    kafka.broker(1).start()
    kafka.wait(topic="orders", isr=[1, 2, 3], brokers=[1, 2, 3], timeout=30)


ERROR: dict[str, Any] = {"$ref": "#/components/schemas/Error"}


def ask(kafka: Cluster, route: AnyRoute, body: Any = None) -> Answer:
    path = re.sub(r"\{\w+\}", lambda found: PATHS[found.group()], route.path)
    query = f"?{route.example}" if route.example and route.method == "GET" else ""
    return Http(kafka.admin_url)(route.method, path + query, body)


def curl(kafka: Cluster, words: list[str]) -> Answer:
    """As curl would send it."""
    method, body, headers, target = "GET", None, {}, ""
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-d":
            body = json.loads(next(rest))
            method = "POST"
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        else:
            target = word.removeprefix("$MINIKAFKA_ADMIN_URL")
    return Http(kafka.admin_url)(method, target, body, headers)


def check(value: Any, schema: dict[str, Any], where: str) -> None:
    """As much of JSON schema as the document uses."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        assert any(fits(value, one) for one in schema["anyOf"]), (where, value)
        return
    if "enum" in schema:
        assert value in schema["enum"], (where, value)
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
    }
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]), (where, value)
    for name in schema.get("required", ()):
        assert name in value, (where, name)
    if "properties" in schema:
        assert set(value) <= set(schema["properties"]), where
        for name, one in value.items():
            check(one, schema["properties"][name], f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for one in value:
            check(one, schema["items"], f"{where}[]")


def fits(value: Any, schema: dict[str, Any]) -> bool:
    try:
        check(value, schema, "")
    except AssertionError:
        return False
    return True
