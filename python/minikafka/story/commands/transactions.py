"""Transactions, request by request.

    begin t                  nothing is sent: a transaction begins with its first record
    send t orders "one"      version 2: the batch adds its partition (T6); 1: AddPartitionsToTxn goes first (T4)
    commit t | abort t       EndTxn (T7), answered when the decision is durable; markers follow
    delay t commit           the EndTxn leaves the client now and is still on its way ...
    deliver t                ... until here, whatever happened meanwhile

Every answer is told as the client hears it.
"""

from __future__ import annotations

from typing import Final

from minikafka.errors import ConfigError, ErrorCode
from minikafka.story.command import Command
from minikafka.story.commands.producing import Producer, producer_named
from minikafka.story.lines import client_line
from minikafka.story.session import Story
from minikafka.types import BrokerId, TopicPartition
from minikafka.wire.messages import add_partitions_to_txn, end_txn, find_coordinator

TRANSACTION_KEY: Final = 1
FIND_VERSION: Final = 4
ADD_VERSION: Final = 3
END_VERSIONS: Final = {1: 4, 2: 5}
RETRY_MS: Final = 20
ON_ITS_WAY: Final = "on its way"


def coordinator(story: Story, producer: Producer) -> BrokerId:
    """T1: whoever leads the partition of the transactional id. Waits while there is none."""
    assert producer.transactional_id is not None, "only transactional producers have one"
    request = find_coordinator.FindCoordinatorRequest(
        key_type=TRANSACTION_KEY, coordinator_keys=[producer.transactional_id]
    )
    while True:
        response = story.answer_of(story.anyone(), producer.name, request, FIND_VERSION)
        assert isinstance(response, find_coordinator.FindCoordinatorResponse)
        found = response.coordinators[0]
        if found.error_code == ErrorCode.NONE and story.world.hosts[found.node_id].is_up:
            return found.node_id
        story.world.run_until(lambda: False, RETRY_MS)


def add_partition(story: Story, producer: Producer, name: TopicPartition) -> None:
    """T4, as clients do under transaction.version 1. Retried while the coordinator is busy with the one before."""
    topic = add_partitions_to_txn.AddPartitionsToTxnTopic(name=name.topic, partitions=[name.partition])
    request = add_partitions_to_txn.AddPartitionsToTxnRequest(
        v3_and_below_transactional_id=producer.transactional_id or "",
        v3_and_below_producer_id=producer.producer_id,
        v3_and_below_producer_epoch=producer.epoch,
        v3_and_below_topics=[topic],
    )
    code = ErrorCode.CONCURRENT_TRANSACTIONS
    while code is ErrorCode.CONCURRENT_TRANSACTIONS:
        response = story.answer_of(coordinator(story, producer), producer.name, request, ADD_VERSION)
        assert isinstance(response, add_partitions_to_txn.AddPartitionsToTxnResponse)
        code = ErrorCode(
            response.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
        )
    story.tell(
        client_line(producer.name, "added", name, "" if code is ErrorCode.NONE else f"refused: {code.name}")
    )
    if code is ErrorCode.NONE:
        producer.added.add(name)


def begin(story: Story, command: Command) -> None:
    """Nothing leaves the client."""
    producer_named(story, command.word(0, "a producer")).added = set()


def commit(story: Story, command: Command) -> None:
    """T7."""
    _end(story, producer_named(story, command.word(0, "a producer")), committed=True)


def abort(story: Story, command: Command) -> None:
    """T7."""
    _end(story, producer_named(story, command.word(0, "a producer")), committed=False)


def delay(story: Story, command: Command) -> None:
    """An EndTxn that the network keeps for a while; the client has given up on it."""
    producer = producer_named(story, command.word(0, "a producer"))
    what = command.word(1, "commit or abort")
    if what not in ("commit", "abort"):
        raise ConfigError(f"only commit or abort can be on its way, not {what}")
    story.clients[f"{producer.name} {ON_ITS_WAY}"] = _request(producer, committed=what == "commit")


def deliver(story: Story, command: Command) -> None:
    """It arrives."""
    producer = producer_named(story, command.word(0, "a producer"))
    request = story.clients.pop(f"{producer.name} {ON_ITS_WAY}", None)
    if not isinstance(request, end_txn.EndTxnRequest):
        raise ConfigError(f"nothing of {producer.name} is on its way")
    _transmit(story, producer, request, "late ")


def _request(producer: Producer, *, committed: bool) -> end_txn.EndTxnRequest:
    if producer.transactional_id is None:
        raise ConfigError(f"{producer.name} has no transactional.id")
    return end_txn.EndTxnRequest(
        transactional_id=producer.transactional_id,
        producer_id=producer.producer_id,
        producer_epoch=producer.epoch,
        committed=committed,
    )


def _end(story: Story, producer: Producer, *, committed: bool) -> None:
    answer = _transmit(story, producer, _request(producer, committed=committed), "")
    if answer.error_code == ErrorCode.NONE:
        if producer.version >= 2:
            producer.go_on_as(answer.producer_id, answer.producer_epoch)
        producer.added = set()


def _transmit(
    story: Story, producer: Producer, request: end_txn.EndTxnRequest, when: str
) -> end_txn.EndTxnResponse:
    broker = coordinator(story, producer)
    response = story.answer_of(broker, producer.name, request, END_VERSIONS[producer.version])
    assert isinstance(response, end_txn.EndTxnResponse)
    code = ErrorCode(response.error_code)
    outcome = "decided" if code is ErrorCode.NONE else f"refused: {code.name}"
    what = f"{when}{'commit' if request.committed else 'abort'}"
    story.tell(client_line(producer.name, what, producer.transactional_id or "", outcome))
    return response
