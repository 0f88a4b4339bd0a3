"""The pytest plugin: `def test_it(minikafka): ...`.

    minikafka           Kafka for one test: names of its own, faults healed afterwards, the trace attached when it fails
    minikafka_server    the cluster behind it, one per session (and per xdist worker)
    minikafka_cluster   a cluster of the test's own, shaped by the marker
    minikafka_external  the running Kafka of `--minikafka-bootstrap`

Every test run of every project that has minikafka installed loads this module, so it imports nothing but what pytest
has loaded already; what a fixture needs is imported when the fixture is used.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

from minikafka.pytest_plugin.options import add_options, is_external
from minikafka.pytest_plugin.stash import SERVER, WATCHED

if TYPE_CHECKING:
    from minikafka import Cluster
    from minikafka.pytest_plugin.external import External
    from minikafka.pytest_plugin.kafka import Kafka

MARKER = (
    "minikafka(brokers=..., config={...}, topics=[...], seed=...): the cluster this test needs, "
    "said as to minikafka.Cluster"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_report_header(config: pytest.Config) -> str | None:
    if not is_external(config):
        return None
    from minikafka.pytest_plugin.choices import chosen

    return f"minikafka: tests run against the Kafka at {chosen(config).bootstrap}"


@pytest.fixture(scope="session")
def minikafka_server(request: pytest.FixtureRequest) -> Iterator[Cluster | External]:
    """One cluster for the whole session, shaped by the options; or the running Kafka of `--minikafka-bootstrap`."""
    from minikafka.pytest_plugin.clusters import server

    with server(request) as kafka:
        yield kafka


@pytest.fixture
def minikafka(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    """Kafka for this test: the session's, or one of its own if the marker asks for another shape. Topics, groups and
    transactional ids get names nobody else has; what the test broke is healed, what it created is deleted."""
    from minikafka.pytest_plugin.clusters import for_test

    with for_test(request) as kafka:
        yield kafka


@pytest.fixture
def minikafka_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A `minikafka.Cluster` of this test's own, shaped by the marker and the options; names are taken literally."""
    from minikafka.pytest_plugin.clusters import own_cluster

    with own_cluster(request) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def minikafka_external(request: pytest.FixtureRequest) -> Iterator[External]:
    """The running Kafka of `--minikafka-bootstrap`; skips the test when none is named."""
    from minikafka.pytest_plugin.clusters import external

    with external(request.config) as kafka:
        yield kafka


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests that use the session's cluster directly are told of what happened from here on."""
    if item.config.stash.get(SERVER, None) is not None:
        from minikafka.pytest_plugin.attachment import note_before

        note_before(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """While the brokers of a failed test still run: let them tell what they saw."""
    report = yield
    is_used = WATCHED in item.stash or SERVER in item.config.stash
    if report.failed and report.when == "call" and is_used:
        from minikafka.pytest_plugin.attachment import attach

        attach(report, item)
    return report
