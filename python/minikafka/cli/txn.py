"""Transactions of any Kafka: what coordinators and partitions know of them, and ends for those that hang (KIP-664).

Examples:
  minikafka txn list --state Ongoing
  minikafka txn describe payments-1
  minikafka txn producers orders:0
  minikafka txn find-hanging
  minikafka txn abort payments-1                            (becomes its producer: whoever used the id is fenced)
  minikafka txn abort --partition orders:0 --start-offset 42     (only if its coordinator never will)
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Final

from minikafka.cli.output import Row, show
from minikafka.cli.progress import Progress
from minikafka.cli.remote import PARTITION_FORM, connected, partition_of, partitions_of, remote_actions
from minikafka.cli.times import time_text
from minikafka.client import topics, transactions
from minikafka.client.client import Client
from minikafka.errors import ConfigError, ErrorCode, RequestRefused
from minikafka.types import NO_OFFSET, TopicPartition

OLD_MS: Final = 15 * 60 * 1000
"""`transaction.max.timeout.ms` by default: no coordinator lets one be open longer."""


def configure(parser: argparse.ArgumentParser) -> None:
    action = remote_actions(parser)
    listing = action("list", "every transactional id and its state")
    listing.add_argument("--state", action="append", default=[], metavar="STATE", help="only in this state")
    describing = action("describe", "what the coordinator knows of a transactional id")
    describing.add_argument("id", nargs="+", metavar="ID")
    producers = action("producers", "what a partition's leader knows of producers")
    producers.add_argument("topic", nargs="+", metavar="TOPIC[:PARTITION]")
    hanging = action("find-hanging", "open transactions that nobody will end; status 1 when there are any")
    hanging.add_argument("topic", nargs="*", metavar="TOPIC[:PARTITION]", help="only there (everywhere)")
    hanging.add_argument(
        "--older-than-ms", type=int, default=OLD_MS, metavar="MS", help=f"since its last record ({OLD_MS})"
    )
    aborting = action("abort", "end a transaction by force")
    aborting.add_argument("id", nargs="?", metavar="ID", help="by transactional id")
    aborting.add_argument("--partition", metavar=PARTITION_FORM, help="where one hangs")
    aborting.add_argument("--start-offset", type=int, metavar="OFFSET", help="where it began there")
    aborting.add_argument("--force", action="store_true", help="even if its coordinator knows it")


def run(arguments: argparse.Namespace) -> int:
    with connected(arguments) as client:
        rows = list(ACTIONS[arguments.action](client, arguments))
        show(rows, as_json=arguments.json)
    return 1 if arguments.action == "find-hanging" and rows else 0


def _list(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for each in transactions.list_transactions(client, arguments.state):
        yield {
            "transactional_id": each.transactional_id,
            "producer_id": each.producer_id,
            "state": each.state,
        }


def _describe(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for name in arguments.id:
        found = transactions.describe_transaction(client, name)
        yield {
            "transactional_id": found.transactional_id,
            "state": found.state,
            "producer_id": found.producer_id,
            "producer_epoch": found.producer_epoch,
            "timeout_ms": found.timeout_ms,
            "start_ms": None if found.start_ms < 0 else found.start_ms,
            "started": time_text(found.start_ms),
            "partitions": [f"{each.topic}:{each.partition}" for each in found.partitions],
        }


def _producers(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for text in arguments.topic:
        for partition in partitions_of(client, text):
            for each in transactions.producers_on(client, partition):
                yield _producer(each)


def _producer(each: transactions.ProducerOnPartition) -> Row:
    is_open = each.transaction_start != NO_OFFSET
    return {
        "topic": each.partition.topic,
        "partition": each.partition.partition,
        "producer_id": each.producer_id,
        "producer_epoch": each.producer_epoch,
        "coordinator_epoch": None if each.coordinator_epoch < 0 else each.coordinator_epoch,
        "last_sequence": each.last_sequence,
        "last_timestamp_ms": each.last_timestamp_ms,
        "transaction_start": each.transaction_start if is_open else None,
    }


def _find_hanging(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    wanted = [each for text in arguments.topic for each in partitions_of(client, text)] or [
        TopicPartition(topic.name, each.number)
        for topic in topics.list_topics(client)
        for each in topic.partitions
    ]
    now_ms = time.time_ns() // 1_000_000
    with Progress("partitions", len(wanted)) as progress:
        for partition in wanted:
            for found in transactions.find_hanging(
                client, [partition], older_than_ms=arguments.older_than_ms, now_ms=now_ms
            ):
                yield _producer(found)
            progress.add(1)


def _abort(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    by_partition = arguments.partition is not None and arguments.start_offset is not None
    if by_partition == (arguments.id is not None):
        raise ConfigError("abort what? either ID, or --partition TOPIC:PARTITION with --start-offset OFFSET")
    if arguments.id is not None:
        was = _state(client, arguments.id)
        transactions.abort_by_id(client, arguments.id)
        aborted = None if was is None else was == transactions.ONGOING
        yield {"transactional_id": arguments.id, "was": was, "aborted": aborted}
        return
    partition = partition_of(arguments.partition)
    client.partitions(partition.topic)
    here = [
        each
        for each in transactions.producers_on(client, partition)
        if each.transaction_start == arguments.start_offset
    ]
    if not here:
        raise RequestRefused(
            ErrorCode.INVALID_TXN_STATE,
            f"no transaction that began at offset {arguments.start_offset} is open on {partition}",
        )
    if not arguments.force and not transactions.is_hanging(client, here[0]):
        raise RequestRefused(
            ErrorCode.INVALID_TXN_STATE,
            f"the coordinator of producer {here[0].producer_id} knows this transaction and will end it; "
            "--force writes the marker all the same",
        )
    transactions.abort_on_partition(client, here[0])
    yield {**_producer(here[0]), "aborted": True}


def _state(client: Client, transactional_id: str) -> str | None:
    """None: a broker older than Kafka 3.0 does not say. Raises RequestRefused for an id that is not known."""
    try:
        return transactions.describe_transaction(client, transactional_id).state
    except RequestRefused as error:
        if error.code == ErrorCode.UNSUPPORTED_VERSION:
            return None
        raise


ACTIONS: Final[dict[str, Callable[[Client, argparse.Namespace], Iterator[Row]]]] = {
    "list": _list,
    "describe": _describe,
    "producers": _producers,
    "find-hanging": _find_hanging,
    "abort": _abort,
}
