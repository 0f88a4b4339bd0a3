"""Every client with its own defaults: produce, consume in a group, commit, restart, resume."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.clients.process import ClientProcess, OptionValue
from conformance.clients.programs import PROGRAMS, Program
from conformance.judging import judge
from conformance.targets import Target

RECORDS = 10_000
PARTITIONS = 3
PROGRAM_TIMEOUT_S = 90
LINGER_MS = 300
"""How long the last reader looks for records that should not be there."""


@pytest.mark.parametrize("client", PROGRAMS)
def test_every_record_is_read_once_and_in_order_across_a_restart(
    client: str, target: Target, make_topic: Callable[[int], str], program: Callable[[str], Program]
) -> None:
    """Two consumers of one group, the second started after the first committed and left, share 10,000 records."""
    used = program(client)
    topic = make_topic(PARTITIONS)
    reading: dict[str, OptionValue] = {
        "bootstrap": target.bootstrap_servers,
        "topics": [topic],
        "group": f"readers-of-{topic}",
    }

    with ClientProcess(
        used, "produce", bootstrap=target.bootstrap_servers, topic=topic, records=RECORDS
    ) as producer:
        sends = producer.finish(PROGRAM_TIMEOUT_S)
    with ClientProcess(used, "consume", **reading, records=RECORDS // 2) as first:
        first_half = first.finish(PROGRAM_TIMEOUT_S)
    received = sum(operation.op == "recv" for operation in first_half)
    with ClientProcess(used, "consume", **reading, records=RECORDS - received, linger_ms=LINGER_MS) as second:
        second_half = second.finish(PROGRAM_TIMEOUT_S)

    verdict = judge(sends, first_half, second_half)
    assert verdict.is_clean, str(verdict)
    assert verdict.acknowledged == RECORDS
    assert RECORDS // 2 <= received < RECORDS, "the restart must fall in the middle"
