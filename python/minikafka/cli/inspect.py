"""Show the live state of a running cluster: offsets of every replica, ISR, epochs, producers, open transactions, and
what each parked request waits for.

Examples:
  minikafka inspect                 every broker, partition, group, open transaction and parked request
  minikafka inspect orders          the partitions of one topic
  minikafka inspect orders:0        one partition, with its replicas and producers
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from minikafka.admin.client import AdminClient
from minikafka.cli.admin import add_client_options, admin_client
from minikafka.cli.output import Row, add_json_option, show
from minikafka.errors import ConfigError

OVER: Final = frozenset({"Empty", "CompleteCommit", "CompleteAbort", "Dead"})
"""States of a transaction that is not open."""


class Section(NamedTuple):
    """One table."""

    name: str
    rows: list[Row]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", nargs="?", metavar="TOPIC[:P]", help="one topic, or one partition of it (everything)"
    )
    add_client_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    client = admin_client(arguments)
    shown = 0
    for section in _sections(client, arguments.what):
        if arguments.json:
            for row in section.rows:
                sys.stdout.write(json.dumps({"section": section.name, **row}) + "\n")
        elif section.rows:
            sys.stdout.write(("\n" if shown else "") + f"{section.name}\n")
            show(section.rows, as_json=False)
            shown += 1
    return 0


def _sections(client: AdminClient, what: str | None) -> Iterator[Section]:
    if what is None:
        cluster = client.get("/v1/cluster")
        yield Section("nodes", [_node(one) for one in (*cluster["brokers"], cluster["controller"]) if one])
        yield Section("partitions", _partitions(client.get("/v1/topics"), internal=False))
        yield Section("groups", [_group(one) for one in client.get("/v1/groups")])
        yield from _waiting(client, None)
        return
    topic, colon, number = what.partition(":")
    path = f"/v1/topics/{quote(topic, safe='')}"
    if not colon:
        yield Section("partitions", _partitions([client.get(path)], internal=True))
        yield from _waiting(client, (topic, None))
        return
    if not number.isdigit():
        raise ConfigError(f"{what!r} is not TOPIC[:P], P the number of a partition")
    one = client.get(f"{path}/partitions/{number}")
    yield Section("partition", [_partition(one)])
    yield Section("replicas", one["replicas"])
    if one["offsets"] is not None:
        yield Section("producers", client.get(f"{path}/partitions/{number}/producers"))
    yield from _waiting(client, (topic, int(number)))


def _waiting(client: AdminClient, about: tuple[str, int | None] | None) -> Iterator[Section]:
    """Open transactions and parked requests; about a topic or a partition, if one is given."""
    transactions = [one for one in client.get("/v1/transactions") if one["state"] not in OVER]
    yield Section(
        "open transactions",
        [
            _transaction(one)
            for one in transactions
            if any(_is_about(about, part["topic"], part["partition"]) for part in one["partitions"])
            or about is None
        ],
    )
    yield Section(
        "parked requests",
        [
            one
            for one in client.get("/v1/requests/parked")
            if about is None or any(_names(about, mark) for mark in one["waits_for"])
        ],
    )


def _is_about(about: tuple[str, int | None] | None, topic: str, partition: int) -> bool:
    return about is None or (about[0] == topic and about[1] in (None, partition))


def _names(about: tuple[str, int | None], mark: str) -> bool:
    """Whether a mark such as `orders-0 HIGH_WATERMARK` is about it."""
    topic, _, partition = mark.partition(" ")[0].rpartition("-")
    return partition.isdigit() and _is_about(about, topic, int(partition))


def _node(one: Mapping[str, Any]) -> Row:
    return {name: one[name] for name in ("id", "state", "in_service", "address", "pid", "broker_epoch")}


def _partitions(topics: list[dict[str, Any]], *, internal: bool) -> list[Row]:
    return [
        _partition(one)
        for topic in topics
        if internal or not topic["is_internal"]
        for one in topic["partitions"]
    ]


def _partition(one: Mapping[str, Any]) -> Row:
    offsets = one["offsets"] or {}
    return {
        "partition": f"{one['topic']}-{one['partition']}",
        "leader": one["leader"],
        "leader_epoch": one["leader_epoch"],
        "isr": one["isr"],
        "log_start_offset": offsets.get("log_start_offset"),
        "last_stable_offset": offsets.get("last_stable_offset"),
        "high_watermark": offsets.get("high_watermark"),
        "log_end_offsets": {str(replica["broker"]): replica["log_end_offset"] for replica in one["replicas"]},
    }


def _group(one: Mapping[str, Any]) -> Row:
    return {
        "group": one["group_id"],
        "type": one["type"],
        "state": one["state"],
        "epoch": one["epoch"],
        "coordinator": one["coordinator"],
        "members": [member["client_id"] for member in one["members"]],
        "committed": {f"{part['topic']}-{part['partition']}": part["offset"] for part in one["committed"]},
    }


def _transaction(one: Mapping[str, Any]) -> Row:
    return {
        "transactional_id": one["transactional_id"],
        "state": one["state"],
        "producer_id": one["producer_id"],
        "producer_epoch": one["producer_epoch"],
        "coordinator": one["coordinator"],
        "partitions": [f"{part['topic']}-{part['partition']}" for part in one["partitions"]],
    }
