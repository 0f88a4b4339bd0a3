"""One cluster for the verbs that speak to any Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from minikafka import Cluster

from tests.unit.cli.kit import Verbs


@pytest.fixture(scope="module")
def kafka() -> Iterator[Cluster]:
    with Cluster(brokers=3) as cluster:
        yield cluster


@pytest.fixture
def verbs(
    kafka: Cluster, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Verbs:
    return Verbs(kafka.bootstrap_servers, capfd, monkeypatch, tmp_path)
