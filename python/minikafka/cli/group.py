"""Consumer groups of any Kafka, of the classic and the new protocol.

Examples:
  minikafka group list
  minikafka group describe billing
  minikafka group offsets billing
  minikafka group reset billing orders --to earliest
  minikafka group reset billing orders:0 payments --to 2026-01-31T12:00:00Z --dry-run
  minikafka group delete billing
  minikafka group delete billing --offsets-of orders
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from minikafka.cli.output import Row, show
from minikafka.cli.remote import connected, partitions_of, remote_actions
from minikafka.cli.times import timestamp_ms
from minikafka.client import committed, groups
from minikafka.client.client import Client
from minikafka.client.offsets import EARLIEST, LATEST, list_offsets
from minikafka.errors import ConfigError
from minikafka.types import Offset, TopicPartition

TARGETS: Final = "earliest, latest, N, +N or -N from where it is, or a time"


def configure(parser: argparse.ArgumentParser) -> None:
    action = remote_actions(parser)
    action("list", "every group, its type and state")
    describing = action("describe", "state, members and what each of them has")
    describing.add_argument("group", nargs="+", metavar="GROUP")
    offsets = action("offsets", "committed offsets, ends and lag of each partition")
    offsets.add_argument("group", nargs="+", metavar="GROUP")
    resetting = action("reset", "move committed offsets of a group without members")
    resetting.add_argument("group", metavar="GROUP")
    resetting.add_argument(
        "topic", nargs="*", metavar="TOPIC[:PARTITION]", help="only these (all it committed to)"
    )
    resetting.add_argument("--to", required=True, metavar="WHERE", help=TARGETS)
    resetting.add_argument("--dry-run", action="store_true", help="say where to, and leave it")
    deleting = action("delete", "delete groups without members, or what they committed")
    deleting.add_argument("group", nargs="+", metavar="GROUP")
    deleting.add_argument(
        "--offsets-of",
        action="append",
        default=[],
        metavar="TOPIC[:PARTITION]",
        help="only the offsets committed there",
    )


def run(arguments: argparse.Namespace) -> int:
    with connected(arguments) as client:
        show(ACTIONS[arguments.action](client, arguments), as_json=arguments.json)
    return 0


def _list(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for group in groups.list_groups(client):
        yield {
            "group": group.group_id,
            "type": group.type,
            "state": group.state,
            "protocol": group.protocol_type,
        }


def _describe(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for name in arguments.group:
        group = groups.describe_group(client, name)
        about: Row = {
            "group": group.group_id,
            "type": group.type,
            "state": group.state,
            "assignor": group.assignor,
            "epoch": None if group.epoch < 0 else group.epoch,
        }
        nobody = groups.Member("", None, "", "", [])
        for member in group.members or [nobody]:
            yield {
                **about,
                "member": member.member_id or None,
                "instance": member.instance_id,
                "client": member.client_id or None,
                "host": member.host or None,
                "partitions": [f"{each.topic}:{each.partition}" for each in member.partitions],
            }


def _offsets(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for name in arguments.group:
        groups.describe_group(client, name)
        found = committed.committed_offsets(client, name)
        ends = list_offsets(client, found, LATEST)
        for partition, each in found.items():
            yield {
                "group": name,
                "topic": partition.topic,
                "partition": partition.partition,
                "committed": each.offset,
                "log_end_offset": ends[partition],
                "lag": max(0, ends[partition] - each.offset),
                "leader_epoch": None if each.leader_epoch < 0 else each.leader_epoch,
                "metadata": each.metadata,
            }


def _reset(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    before = committed.committed_offsets(client, arguments.group)
    wanted = [each for text in arguments.topic for each in partitions_of(client, text)] or list(before)
    if not wanted:
        raise ConfigError(f"group {arguments.group!r} committed nothing yet: name the topics to reset")
    after = _targets(client, wanted, before, arguments.to)
    if not arguments.dry_run:
        committed.commit_offsets(client, arguments.group, after)
    for partition, offset in after.items():
        yield {
            "group": arguments.group,
            "topic": partition.topic,
            "partition": partition.partition,
            "before": before[partition].offset if partition in before else None,
            "after": offset,
        }


def _targets(
    client: Client,
    wanted: Sequence[TopicPartition],
    before: Mapping[TopicPartition, committed.Committed],
    to: str,
) -> Mapping[TopicPartition, Offset]:
    """Where each goes: always within its log. Raises ConfigError for what says no place."""
    first, last = list_offsets(client, wanted, EARLIEST), list_offsets(client, wanted, LATEST)
    if to in ("earliest", "beginning"):
        return first
    if to in ("latest", "end"):
        return last
    if to[:1] in "+-" and to[1:].isdigit():
        missing = [each for each in wanted if each not in before]
        if missing:
            raise ConfigError(f"nothing is committed in {missing[0]}: there is no place to move {to} from")
        asked = {each: before[each].offset + int(to) for each in wanted}
    elif to.isdigit():
        asked = dict.fromkeys(wanted, int(to))
    else:
        found = list_offsets(client, wanted, timestamp_ms(to))
        asked = {each: at if at >= 0 else last[each] for each, at in found.items()}
    return {each: min(max(offset, first[each]), last[each]) for each, offset in asked.items()}


def _delete(client: Client, arguments: argparse.Namespace) -> Iterator[Row]:
    for name in arguments.group:
        if arguments.offsets_of:
            wanted = [each for text in arguments.offsets_of for each in partitions_of(client, text)]
            committed.delete_offsets(client, name, wanted)
            for partition in wanted:
                yield {
                    "group": name,
                    "topic": partition.topic,
                    "partition": partition.partition,
                    "deleted": True,
                }
        else:
            groups.delete_group(client, name)
            yield {"group": name, "deleted": True}


ACTIONS: Final[dict[str, Callable[[Client, argparse.Namespace], Iterator[Row]]]] = {
    "list": _list,
    "describe": _describe,
    "offsets": _offsets,
    "reset": _reset,
    "delete": _delete,
}
