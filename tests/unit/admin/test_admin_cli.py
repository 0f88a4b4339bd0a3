"""`inspect`, `fault` and `trace` against a running cluster; `serve` and `run` telling where the admin is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from minikafka import Cluster
from minikafka.cli.main import COULD_NOT_TELL, USAGE, main

from tests.unit.admin.http import Http

COMMAND = [sys.executable, "-m", "minikafka"]
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "MINIKAFKA_"))
}
TOKEN = "a-token-of-some-length"


@pytest.fixture(scope="module")
def kafka() -> Iterator[Cluster]:
    with Cluster(brokers=2, topics=["orders:2:2"], admin=True) as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _address(kafka: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIKAFKA_ADMIN_URL", kafka.admin_url)


@contextmanager
def started(*words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`minikafka` with these words, killed at the end should it still be there."""
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT | environment
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(number)
    return process.wait(60)


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert main([*words, "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_inspect_shows_every_partition_and_its_replicas(capsys: pytest.CaptureFixture[str]) -> None:
    """A table for people, rows for programs."""
    assert main(["inspect"]) == 0
    printed = capsys.readouterr().out
    assert "orders-1" in printed
    assert "LAST STABLE OFFSET" in printed
    found = rows(capsys, "inspect")
    assert [row["id"] for row in found if row["section"] == "nodes"] == [1, 2, 1000]
    partitions = [row for row in found if row["section"] == "partitions"]
    assert [(row["partition"], row["isr"]) for row in partitions] == [
        ("orders-0", [1, 2]),
        ("orders-1", [1, 2]),
    ]
    assert partitions[0]["log_end_offsets"] == {"1": 0, "2": 0}


def test_inspect_of_a_topic_and_of_a_partition(capsys: pytest.CaptureFixture[str]) -> None:
    """Narrower, and of one partition with its replicas."""
    found = rows(capsys, "inspect", "orders")
    assert [row["partition"] for row in found if row["section"] == "partitions"] == ["orders-0", "orders-1"]
    one = rows(capsys, "inspect", "orders:1")
    assert {row["broker"] for row in one if row["section"] == "replicas"} == {1, 2}
    assert main(["inspect", "ordres"]) == USAGE
    assert "did you mean orders" in capsys.readouterr().err
    assert main(["inspect", "orders:x"]) == USAGE


def test_faults_are_added_listed_and_healed(kafka: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """The same rules that `kafka.faults` has."""
    (added,) = rows(
        capsys, "fault", "add", "error", "--api", "Produce", "--code", "NOT_LEADER_OR_FOLLOWER", "--nth", "3"
    )
    assert (added["match"], added["when"]) == ({"api": "Produce"}, {"nth": 3})
    assert added["then"] == {"action": "error", "code": "NOT_LEADER_OR_FOLLOWER"}
    rows(
        capsys,
        "fault",
        "add",
        "delay",
        "--api",
        "fetch",
        "--ms",
        "5",
        "--broker",
        "2",
        "--between-brokers",
        "--id",
        "slow",
    )
    assert [one["id"] for one in rows(capsys, "fault", "list")] == [added["id"], "slow"]
    assert [one["id"] for one in rows(capsys, "fault", "heal", "slow")] == ["slow"]
    assert main(["fault", "heal", "slow"]) == USAGE
    assert main(["fault", "add", "close", "--api", "Produce", "--ms", "5"]) == USAGE
    assert "--ms goes with delay, not with close" in capsys.readouterr().err
    assert main(["fault", "add", "error", "--api", "Produc", "--code", "NONE"]) == USAGE
    assert "did you mean Produce" in capsys.readouterr().err
    assert main(["fault", "heal"]) == 0
    assert kafka.faults.list() == []


def test_trace_replays_a_file_and_tells_why(
    kafka: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Filtered, and one event with the chain of its causes; a line cut off at the end is left out."""
    file = tmp_path / "trace.jsonl"
    events = kafka.events()
    file.write_text("".join(f"{event.as_json()}\n" for event in events) + '{"seq": 99')
    elections = [event for event in events if event.kind == "election" and event.topic == "orders"]
    found = rows(capsys, "trace", str(file), "--kind", "election", "--topic", "orders")
    assert found == [event.as_dict() for event in elections]
    chain = rows(capsys, "trace", str(file), "--why", str(elections[0].seq))
    assert [event["kind"] for event in chain] == ["request", "election"]
    assert main(["trace", str(file), "--why", "1000000"]) == USAGE
    assert main(["trace", str(file), "--kind", "elektion"]) == USAGE
    assert "did you mean election" in capsys.readouterr().err
    file.write_text("no json\n")
    assert main(["trace", str(file)]) == USAGE
    assert f"{file}:1 is no event" in capsys.readouterr().err


def test_trace_of_what_is_kept_and_of_what_comes(kafka: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    """From the ring of the running cluster; live until the other side ends."""
    kept = rows(capsys, "trace", "--kept", "--kind", "election")
    assert kept == [event.as_dict() for event in kafka.events() if event.kind == "election"]
    last = str(kafka.events()[-1].seq)
    words = ("trace", "--json", "--topic", "later", "--kind", "topic", "--after", last)
    with started(*words, MINIKAFKA_ADMIN_URL=kafka.admin_url) as live:
        kafka.topic("later")
        assert json.loads(first_line(live))["name"] == "later"
        assert end(live, signal.SIGINT) == 130


def test_no_admin_is_one_plain_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not given: 2. Nobody there: 3."""
    assert main(["inspect", "--admin", "http://127.0.0.1:1"]) == COULD_NOT_TELL
    assert "no admin answers at http://127.0.0.1:1" in capsys.readouterr().err
    assert main(["inspect", "--admin", "localhost"]) == USAGE
    monkeypatch.delenv("MINIKAFKA_ADMIN_URL")
    assert main(["inspect"]) == USAGE
    assert "--admin URL" in capsys.readouterr().err


def test_serve_says_where_its_admin_is_and_judges_nothing_unrecorded(tmp_path: Path) -> None:
    """In the line and in the JSON; a token is asked for where one is set."""
    ready_file = tmp_path / "ready.json"
    words = ("serve", "-p", "0", "--ready-file", str(ready_file), "-t", "t")
    with started(*words, MINIKAFKA_ADMIN_TOKEN=TOKEN) as server:
        line = first_line(server).split()
        url = json.loads(ready_file.read_text())["admin_url"]
        assert line[-1] == f"admin={url}"
        ask, allowed = Http(url), {"Authorization": f"Bearer {TOKEN}"}
        assert ask("GET", "/v1/cluster").status == 401
        assert ask("GET", "/v1/cluster", headers=allowed).json["recording"] is False
        refused = ask("GET", "/v1/verdict", headers=allowed)
        assert (refused.status, "nothing was recorded" in refused.why) == (409, True)
        with ask.listen("/v1/events?kind=topic", headers=allowed) as events:
            next(events)
            assert ask("POST", "/v1/topics/u", headers=allowed).status == 201
            assert next(events).data["name"] == "u"
        assert ask("POST", "/v1/brokers/1/power_loss", headers=allowed).json["state"] == "stopped"
        assert end(server) == 0


def test_serve_records_from_the_start_into_a_file(tmp_path: Path) -> None:
    """Then a verdict can be given; the file holds what `trace` replays, to the end."""
    file = tmp_path / "trace.jsonl"
    with started("serve", "-p", "0", "--json", "--trace", str(file), "-t", "t") as server:
        url = json.loads(first_line(server))["admin_url"]
        assert Http(url).get("/v1/verdict") == {"acknowledged": 0, "findings": [], "inconclusive": {}}
        kept = Http(url)("GET", "/v1/events?follow=false").text.splitlines()
        assert end(server) == 0
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [json.loads(line) for line in kept] == events[: len(kept)]
    assert any(event["kind"] == "topic" and event["name"] == "t" for event in events)
    assert main(["serve", "-p", "0", "--trace", str(tmp_path / "no" / "file")]) == USAGE


def test_no_admin_and_admins_that_cannot_be() -> None:
    """`--no-admin` listens nowhere; a wide one without a token ends with status 2."""
    with started("serve", "-p", "0", "--no-admin", "--json") as server:
        assert "admin_url" not in json.loads(first_line(server))
        assert end(server) == 0
    wide = subprocess.run(
        [*COMMAND, "serve", "-p", "0", "--admin-host", "0.0.0.0"],
        capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60,
    )  # fmt: skip
    assert (wide.returncode, "MINIKAFKA_ADMIN_TOKEN" in wide.stderr) == (USAGE, True)


def test_run_hands_the_admin_to_its_command() -> None:
    """Which can inspect, break and heal what it runs against."""
    ran = subprocess.run(
        [*COMMAND, "run", "-t", "orders:1", "--", *COMMAND, "inspect", "orders:0", "--json"],
        capture_output=True, text=True, env=ENVIRONMENT, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[0])["partition"] == "orders-0"


def test_a_node_alone_answers_for_itself_only() -> None:
    """What needs the others is 409; what it sees of itself is answered."""
    with started("serve", "--controller-only", "-p", "0", "--json") as controller:
        ready = json.loads(first_line(controller))
        words = ("serve", "--node-id", "1", "--controller", ready["controller"], "-p", "0", "--json")
        with started(*words) as broker:
            lone = json.loads(first_line(broker))
            ask = Http(lone["admin_url"])
            assert [one["id"] for one in ask.get("/v1/cluster")["brokers"]] == [1]
            assert ask.get("/v1/status/ready")["bootstrap_servers"] == lone["bootstrap_servers"]
            for method, target in (
                ("POST", "/v1/brokers/1/kill"),
                ("GET", "/v1/verdict"),
                ("POST", "/v1/network/heal"),
            ):
                refused = ask(method, target)
                assert (refused.status, "broker 1 alone" in refused.why) == (409, True)
            assert ask("POST", "/v1/faults", {"match": {"api": "Produce"}, "then": "close"}).status == 201
            assert ask.post("/v1/wait", {"brokers": [1]}) == {"holds": True}
            assert end(broker) == 0
        assert Http(ready["admin_url"]).get("/v1/brokers") == []
        assert Http(ready["admin_url"]).get("/v1/controller")["id"] == 1000
        assert end(controller) == 0
