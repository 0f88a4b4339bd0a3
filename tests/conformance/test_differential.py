"""Raw requests to Apache Kafka 4.4.0 and to minikafka: every field of every answer, but for what is excused."""

from __future__ import annotations

import pytest

from conformance import build, differential
from conformance.dialogues.excused import EXCUSED
from conformance.dialogues.scripts import SCRIPTS


@pytest.mark.timeout(120)
def test_both_brokers_answer_alike() -> None:
    """Skipped by name without Java; fails without it where MINIKAFKA_REQUIRE asks for java."""
    if not build.is_available("java"):
        pytest.skip(f"Apache Kafka needs {', '.join(build.COMMANDS['java'])} on PATH")
    build.build("java")
    failures = differential.judge(differential.compare(list(SCRIPTS)), EXCUSED)
    assert not failures, "\n".join(failures)
