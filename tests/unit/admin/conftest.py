"""Clusters with an admin, shared by the tests that change nothing for good."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from minikafka import Cluster

from tests.unit.admin.http import Http


@pytest.fixture(scope="module", params=["thread", "process"])
def kafka(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Three brokers, in each mode."""
    with Cluster(brokers=3, topics=["orders:2:3"], admin=True, mode=request.param) as cluster:
        yield cluster


@pytest.fixture
def ask(kafka: Cluster) -> Http:
    return Http(kafka.admin_url)


@pytest.fixture(scope="module")
def small() -> Iterator[Cluster]:
    """One broker in this process."""
    with Cluster(topics=["t"], admin=True) as cluster:
        yield cluster
