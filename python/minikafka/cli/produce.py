"""Append records to a topic of any Kafka: idempotent, acknowledged by every in-sync replica, unless asked otherwise.

Each line of the input is a record; `-K:` splits off its key. Whole files may be records. What is left waiting is sent
at once when the input pauses, so this works at the end of a pipe.

Examples:
  echo hello | minikafka produce -t orders
  minikafka produce -t orders -K: -H source=test -z zstd < keyed-lines.txt
  minikafka produce -t orders -p 0 -X acks=1 -J < lines.txt
  minikafka produce -t orders picture.png notes.txt
  minikafka produce -t orders --transactional-id t1 --abort < lines.txt
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Final

from minikafka.cli.delimited import chunks_of_input, delimiter_of, file_record, lines_of_file
from minikafka.cli.options import pairs
from minikafka.cli.output import Row, show
from minikafka.cli.progress import Progress
from minikafka.cli.remote import add_remote_options, client_properties, connected, partition_of
from minikafka.client.client import Client
from minikafka.client.partitioner import partition_of as partition_of_key
from minikafka.client.producer import CODECS, OutgoingRecord, Producer, acks_of
from minikafka.errors import ConfigError
from minikafka.types import TopicPartition

MAX_BATCH_BYTES: Final = 512 * 1024
"""Of values and keys; half of what a broker takes by default."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_remote_options(parser)
    parser.add_argument(
        "-t", "--topic", required=True, metavar="TOPIC[:PARTITION]", help="created, where brokers do that"
    )
    parser.add_argument(
        "-p", "--partition", type=int, metavar="N", help="by key, else any one, when not given"
    )
    parser.add_argument(
        "file", nargs="*", metavar="FILE", help="each file is one record; with -l its lines are"
    )
    parser.add_argument("-l", "--lines", action="store_true", help="each line of a FILE is a record")
    parser.add_argument("-k", "--key", metavar="KEY", help="key of every record")
    parser.add_argument("-K", "--key-delimiter", metavar="TEXT", help="a line is KEY, TEXT, VALUE")
    parser.add_argument("-D", "--delimiter", default="\\n", metavar="TEXT", help="what ends a record (\\n)")
    parser.add_argument(
        "-Z", "--null", action="store_true", help="empty values and keys are null: tombstones"
    )
    parser.add_argument(
        "-H", "--header", action="append", default=[], metavar="NAME=VALUE", help="a header of every record"
    )
    parser.add_argument(
        "-z", "--compression", choices=CODECS, help="none, unless -X compression.type says more"
    )
    parser.add_argument("-c", "--count", type=int, metavar="N", help="stop after N records")
    parser.add_argument(
        "--transactional-id", metavar="ID", help="all in one transaction, committed at the end"
    )
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--abort", dest="end", action="store_const", const="abort", help="abort it instead")
    ends.add_argument(
        "--leave-open",
        dest="end",
        action="store_const",
        const="leave",
        help="neither: it is left to time out",
    )
    parser.set_defaults(end="commit")


def run(arguments: argparse.Namespace) -> int:
    properties = client_properties(arguments)
    if arguments.end != "commit" and arguments.transactional_id is None:
        raise ConfigError("--abort and --leave-open go with --transactional-id ID")
    compression = arguments.compression or properties.get("compression.type", "none")
    if compression not in CODECS:
        raise ConfigError(f"compression is one of {', '.join(CODECS)}, not {compression!r}")
    acks = acks_of(properties.get("acks", "all"))
    with connected(arguments, properties) as client:
        topic, numbers = _destination(client, arguments)
        producer = Producer(
            client, acks=acks, compression=compression, transactional_id=arguments.transactional_id
        )
        rows = _produced(producer, topic, numbers, arguments)
        show(rows if arguments.json else _nothing_of(rows), as_json=arguments.json)
        if arguments.transactional_id is not None and arguments.end != "leave":
            producer.end(commit=arguments.end == "commit")
    return 0


def _nothing_of(rows: Iterable[Row]) -> Iterator[Row]:
    for _ in rows:
        yield from ()


def _destination(client: Client, arguments: argparse.Namespace) -> tuple[str, list[int]]:
    """The topic, created where the broker does that, and the partitions that records may go to."""
    topic, number = arguments.topic, arguments.partition
    if ":" in topic:
        topic, number = partition_of(topic)
    known = client.partitions_or_create(topic)
    if number is not None and number not in known:
        raise ConfigError(f"topic {topic!r} has partitions 0 to {len(known) - 1}, not {number}")
    return topic, known if number is None else [number]


def _produced(
    producer: Producer, topic: str, numbers: list[int], arguments: argparse.Namespace
) -> Iterator[Row]:
    """A row per acknowledged record."""
    left = arguments.count
    with Progress("records", None) as progress:
        for chunk in _records(arguments):
            for number, batch in _batches(chunk if left is None else chunk[:left], numbers):
                partition = TopicPartition(topic, number)
                offset = producer.send(partition, batch)
                progress.add(len(batch))
                for index in range(len(batch)):
                    yield {
                        "topic": topic,
                        "partition": number,
                        "offset": None if offset < 0 else offset + index,
                    }
            if left is not None:
                left -= len(chunk)
                if left <= 0:
                    return


def _records(arguments: argparse.Namespace) -> Iterator[list[OutgoingRecord]]:
    """Records as they come: what is there now, together."""
    headers = tuple(
        (name, value.encode()) for name, value in pairs(arguments.header, "-H NAME=VALUE").items()
    )
    separator = None if arguments.key_delimiter is None else delimiter_of(arguments.key_delimiter)
    fixed = None if arguments.key is None else arguments.key.encode()
    ending = delimiter_of(arguments.delimiter)

    def record(data: bytes) -> OutgoingRecord:
        key, value = fixed, data
        if separator is not None and separator in data:
            key, _, value = data.partition(separator)
        if arguments.null:
            return OutgoingRecord(_now_ms(), key or None, value or None, headers)
        return OutgoingRecord(_now_ms(), key, value, headers)

    if not arguments.file:
        source = chunks_of_input(sys.stdin.buffer, ending)
    elif arguments.lines:
        source = (chunk for name in arguments.file for chunk in lines_of_file(name, ending))
    else:
        source = ([file_record(name)] for name in arguments.file)
    for chunk in source:
        yield [record(data) for data in chunk]


def _batches(records: list[OutgoingRecord], numbers: list[int]) -> Iterator[tuple[int, list[OutgoingRecord]]]:
    """By partition, each small enough for a broker's default limit. Records without key stay together."""
    anywhere = random.choice(numbers)
    waiting: dict[int, list[OutgoingRecord]] = {}
    sizes: dict[int, int] = {}
    for record in records:
        number = anywhere if record.key is None else numbers[partition_of_key(record.key, len(numbers))]
        size = len(record.key or b"") + len(record.value or b"")
        if waiting.get(number) and sizes[number] + size > MAX_BATCH_BYTES:
            yield number, waiting.pop(number)
        if number not in waiting:
            waiting[number], sizes[number] = [], 0
        waiting[number].append(record)
        sizes[number] += size
    yield from waiting.items()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
