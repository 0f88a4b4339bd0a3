"""Apache Kafka Streams, exactly once (T12, T17, G1), with its RocksDB stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.clients.programs import Program
from conformance.scenarios import streams_killed
from conformance.targets import Target


@pytest.mark.timeout(600)
@pytest.mark.parametrize("killable", [streams_killed.BROKER_CONFIG], indirect=True)
def test_every_record_is_counted_once_while_application_and_brokers_are_killed(
    killable: Target, program: Callable[[str], Program], tmp_path: Path
) -> None:
    """The application dies, then brokers under it; the counts in the output are each word's 1, 2, 3, ..., once each."""
    verdict = streams_killed.run(killable, program("java"), tmp_path)
    assert verdict.is_clean, str(verdict)
    kills = streams_killed.APPLICATION_KILLS + 2 * streams_killed.BROKER_KILLS
    assert verdict.received == streams_killed.RECORDS * kills
