"""What a failed test's report gets: one screen, and a file with every event since the test began."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from minikafka import Cluster, MinikafkaError
from minikafka.history import Event
from minikafka.pytest_plugin.choices import NO_FILES, chosen
from minikafka.pytest_plugin.names import ILLEGAL
from minikafka.pytest_plugin.screen import screen
from minikafka.pytest_plugin.stash import SERVER, WATCHED

TITLE = "what the brokers saw"
FILE = "events.jsonl"
SERVER_FIXTURE = "minikafka_server"


class Watched(NamedTuple):
    """A cluster a test uses.

    before: the last event that was there before the test. directory: where files may go. suffix: what makes the test's
    names its own; left out on the screen.
    """

    cluster: Cluster
    before: int
    directory: pytest.TempPathFactory
    suffix: str = ""


def watch(request: pytest.FixtureRequest, cluster: Cluster, suffix: str = "") -> None:
    """Tell of this cluster, from here on, should the test fail."""
    directory = request.getfixturevalue("tmp_path_factory")
    watched = Watched(cluster, cluster.last_seq, directory, suffix)
    request.node.stash.setdefault(WATCHED, []).append(watched)


def note_before(item: pytest.Item) -> None:
    """A test begins while the session's cluster runs: what came before is not its concern."""
    if SERVER_FIXTURE in getattr(item, "fixturenames", ()):
        server = item.config.stash[SERVER]
        item.stash[WATCHED] = [server._replace(before=server.cluster.last_seq)]


def watched_by(item: pytest.Item) -> list[Watched]:
    """The clusters a test uses, each once; the session's also if this test was the first to use it."""
    found = item.stash.get(WATCHED, [])
    server = item.config.stash.get(SERVER, None)
    if server is not None and SERVER_FIXTURE in getattr(item, "fixturenames", ()):
        found = [*found, server]
    return list({id(one.cluster): one for one in reversed(found)}.values())


def attach(report: pytest.TestReport, item: pytest.Item) -> None:
    """One section and one file per cluster. A cluster that cannot be asked any more says so."""
    for watched in watched_by(item):
        try:
            events = watched.cluster.events(after=watched.before)
            path = _write(item, watched, events)
            text = screen(watched.cluster, events, path, watched.suffix)
        except MinikafkaError as error:
            path, text = None, f"cannot be asked any more: {error}"
        report.sections.append((f"minikafka: {TITLE}", text))
        if path is not None:
            item.user_properties.append(
                ("minikafka_trace", str(path))
            )  # JUnit reports show what the teardown has


def _write(item: pytest.Item, watched: Watched, events: list[Event]) -> Path | None:
    where = chosen(item.config).trace
    if where == NO_FILES:
        return None
    shown = ILLEGAL.sub("-", item.nodeid)[-100:].strip("-")
    if where is None:
        directory = watched.directory.mktemp(f"minikafka-{shown}")
    else:
        directory = item.config.invocation_params.dir / where / shown
        directory.mkdir(parents=True, exist_ok=True)
    path = directory / FILE
    with path.open("w", encoding="utf-8") as out:
        out.writelines(f"{event.as_json()}\n" for event in events)
    return path
