"""Retries, transactions, fencing, and the copy that is neither lossy nor doubled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.clients.programs import Program
from conformance.history import Outcome
from conformance.scenarios import exactly_once_copy, message_copier, transactions
from conformance.targets import Target

GetProgram = Callable[[str], Program]


@pytest.mark.parametrize("client", ["confluent-kafka", "java", "franz-go", "sarama", "kafkajs"])
def test_transactions_are_atomic_and_fence_their_predecessor(
    client: str, target: Target, program: GetProgram
) -> None:
    """read_committed sees exactly the committed transaction, read_uncommitted both; the first producer is fenced."""
    result = transactions.run(target, program(client), f"-{client}")
    assert all(step.outcome is Outcome.OK for step in result.steps), result.steps
    assert result.is_atomic, str(result)
    assert result.successor_commit.outcome is Outcome.OK
    assert result.is_fenced, str(result)


@pytest.mark.parametrize("killable", [exactly_once_copy.BROKER_CONFIG], indirect=True)
@pytest.mark.parametrize(
    ("client", "protocol"),
    [
        ("confluent-kafka", "classic"),
        ("confluent-kafka", "consumer"),
        ("java", "classic"),
        ("java", "consumer"),
        ("franz-go", "classic"),
        ("sarama", "classic"),
        ("kafkajs", "classic"),
    ],
)
def test_the_copy_is_exactly_once_while_it_and_its_brokers_are_killed(
    client: str, protocol: str, killable: Target, program: GetProgram
) -> None:
    """The application dies, then both its coordinators and a leader; the output equals the input, each record once."""
    verdict = exactly_once_copy.run(killable, program(client), protocol)
    assert verdict.is_clean, str(verdict)
    assert verdict.received == exactly_once_copy.RECORDS


@pytest.mark.parametrize("by_group", [False, True])
def test_kafkas_message_copier_is_exactly_once_while_it_and_its_brokers_are_killed(
    by_group: bool, killable: Target, program: GetProgram
) -> None:
    """Apache Kafka's TransactionalMessageCopier with random aborts: the output equals the input, each record once."""
    program("java")
    verdict = message_copier.run(killable, by_group=by_group)
    assert verdict.is_clean, str(verdict)
    assert verdict.received == message_copier.RECORDS
