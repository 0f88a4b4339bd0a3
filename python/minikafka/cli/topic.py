"""Topics of any Kafka.

Examples:
  minikafka topic list
  minikafka topic describe orders
  minikafka topic create orders:3:2 -c min.insync.replicas=2
  minikafka topic alter orders --partitions 6 -c retention.ms=1000 --unset segment.bytes
  minikafka topic offsets orders --time 2026-01-31T12:00:00Z
  minikafka topic trim orders:0 42
  minikafka topic delete orders
"""

from __future__ import annotations

import argparse
import base64
from collections.abc import Callable, Iterator
from typing import Final

from minikafka.cli.options import pairs
from minikafka.cli.output import Row, show
from minikafka.cli.remote import PARTITION_FORM, connected, partition_of, partitions_of, remote_actions
from minikafka.cli.times import TIME_FORM, timestamp_ms
from minikafka.client import topics
from minikafka.client.client import Client
from minikafka.client.offsets import EARLIEST, LATEST, list_offsets
from minikafka.errors import ConfigError
from minikafka.runtime.spec import TopicSpec


def configure(parser: argparse.ArgumentParser) -> None:
    action = remote_actions(parser)
    listing = action("list", "every topic, its partitions and replication factor")
    listing.add_argument("--internal", action="store_true", help="internal topics too")
    describing = action("describe", "leaders, replicas and ISR of each partition; settings of the topic")
    describing.add_argument("topic", nargs="*", metavar="TOPIC", help="these topics (all)")
    creating = action("create", "create topics; they have leaders when this returns")
    creating.add_argument("topic", nargs="+", metavar="NAME[:PARTITIONS[:RF]]")
    _add_settings(creating)
    creating.add_argument("--if-not-exists", action="store_true", help="fine if it is there already")
    altering = action("alter", "set or unset settings, add partitions")
    altering.add_argument("topic", metavar="TOPIC")
    _add_settings(altering)
    altering.add_argument(
        "--unset", action="append", default=[], metavar="KEY", help="back to the broker's default"
    )
    altering.add_argument("--partitions", type=int, metavar="N", help="have N partitions, more than now")
    offsets = action("offsets", "where each partition begins and ends")
    offsets.add_argument("topic", nargs="+", metavar="TOPIC[:PARTITION]")
    offsets.add_argument(
        "--time", metavar=TIME_FORM, help="also the first offset with a timestamp from then on"
    )
    trimming = action("trim", "delete records below an offset (DeleteRecords)")
    trimming.add_argument("partition", metavar=PARTITION_FORM)
    trimming.add_argument("before", type=int, metavar="OFFSET", help="-1: everything readable")
    deleting = action("delete", "delete topics and what is in them")
    deleting.add_argument("topic", nargs="+", metavar="TOPIC")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-c", "--config", action="append", default=[], metavar="KEY=VALUE", help="a setting of the topic"
    )


def run(arguments: argparse.Namespace) -> int:
    with connected(arguments) as client:
        show(ACTIONS[arguments.action](client, arguments), as_json=arguments.json)
    return 0


def _list(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for topic in topics.list_topics(client):
        if arguments.internal or not topic.is_internal:
            yield _summary(topic)


def _summary(topic: topics.Topic) -> Row:
    return {
        "topic": topic.name,
        "partitions": len(topic.partitions),
        "replication_factor": max((len(each.replicas) for each in topic.partitions), default=0),
        "internal": topic.is_internal,
    }


def _describe(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for topic in topics.list_topics(client, arguments.topic or None):
        configs = topics.own_configs(client, topic.name)
        # As Kafka prints its uuids: URL-safe base64 without padding.
        topic_id = base64.urlsafe_b64encode(topic.topic_id).rstrip(b"=").decode()
        for each in topic.partitions:
            yield {
                "topic": topic.name,
                "partition": each.number,
                "leader": each.leader,
                "leader_epoch": each.leader_epoch,
                "replicas": each.replicas,
                "isr": each.isr,
                "offline": each.offline,
                "topic_id": topic_id,
                "config": dict(sorted(configs.items())),
            }


def _create(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    configs = pairs(arguments.config, "-c KEY=VALUE")
    asked = [TopicSpec.parse(text) for text in arguments.topic]
    present = set()
    if arguments.if_not_exists:
        present = {topic.name for topic in topics.list_topics(client)}
    for spec in asked:
        if spec.name in present:
            yield _summary(topics.list_topics(client, [spec.name])[0])
            continue
        yield _summary(
            topics.create_topic(client, spec.name, spec.partitions, spec.replication_factor, configs)
        )


def _alter(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    values: dict[str, str | None] = {**pairs(arguments.config, "-c KEY=VALUE")}
    values |= dict.fromkeys(arguments.unset)
    if not values and arguments.partitions is None:
        raise ConfigError("nothing to alter: -c KEY=VALUE, --unset KEY or --partitions N")
    client.partitions(arguments.topic)
    if values:
        topics.alter_configs(client, arguments.topic, values)
    if arguments.partitions is not None:
        topics.add_partitions(client, arguments.topic, arguments.partitions)
    yield {"topic": arguments.topic, "altered": True}


def _offsets(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    wanted = [partition for text in arguments.topic for partition in partitions_of(client, text)]
    starts = list_offsets(client, wanted, EARLIEST)
    ends = list_offsets(client, wanted, LATEST)
    stable = list_offsets(client, wanted, LATEST, read_committed=True)
    at = None if arguments.time is None else list_offsets(client, wanted, timestamp_ms(arguments.time))
    for partition in wanted:
        row: Row = {
            "topic": partition.topic,
            "partition": partition.partition,
            "log_start_offset": starts[partition],
            "high_watermark": ends[partition],
            "last_stable_offset": stable[partition],
        }
        yield row if at is None else {**row, "offset_at_time": at[partition]}


def _trim(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    partition = partition_of(arguments.partition)
    client.partitions(partition.topic)
    start = topics.delete_records(client, partition, arguments.before)
    yield {"topic": partition.topic, "partition": partition.partition, "log_start_offset": start}


def _delete(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for name in arguments.topic:
        client.partitions(name)
    for name in arguments.topic:
        topics.delete_topic(client, name)
        yield {"topic": name, "deleted": True}


ACTIONS: Final[dict[str, Callable[[Client, argparse.Namespace], Iterator[Row]]]] = {
    "list": _list,
    "describe": _describe,
    "create": _create,
    "alter": _alter,
    "offsets": _offsets,
    "trim": _trim,
    "delete": _delete,
}
