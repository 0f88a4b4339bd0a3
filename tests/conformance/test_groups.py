"""Groups of real clients whose coordinator's broker is killed under them (G1, G7, G16)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from minikafka.checker.anomaly import Anomaly

from conformance.clients.programs import Program
from conformance.counts import IS_FULL
from conformance.scenarios import group_coordinator_killed
from conformance.targets import Target

only_in_full_runs = pytest.mark.skipif(
    not IS_FULL, reason="KafkaJS backs off for up to half a minute after a broken connection"
)
GetProgram = Callable[[str], Program]


@pytest.mark.parametrize(
    ("client", "protocol", "keeps_membership"),
    [
        ("confluent-kafka", "classic", True),
        ("confluent-kafka", "consumer", True),
        ("java", "classic", True),
        ("java", "consumer", True),
        # franz-go and KafkaJS join anew when their connection to the coordinator breaks, on Apache Kafka as well;
        # sarama does when its fourth heartbeat in less than a second found no coordinator.
        ("franz-go", "classic", False),
        ("sarama", "classic", False),
        pytest.param("kafkajs", "classic", False, marks=only_in_full_runs),
    ],
)
def test_a_group_outlives_its_coordinator(
    client: str, protocol: str, keeps_membership: bool, killable: Target, program: GetProgram
) -> None:
    """Nothing acknowledged stays unread, commits reach the end, both members go on; who did not rejoin reads once."""
    shared = group_coordinator_killed.run(killable, program(client), protocol)
    assert not shared.verdict.of(Anomaly.LOST), str(shared)
    assert not shared.verdict.of(Anomaly.UNEXPECTED), str(shared)
    assert not (keeps_membership and shared.verdict.of(Anomaly.DUPLICATED)), str(shared)
    assert all(shared.shares), str(shared)
