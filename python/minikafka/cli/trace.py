"""Show what brokers did and why, one line per event: of a trace file, or live from a running cluster.

Examples:
  minikafka trace trace.jsonl                       replay what `serve --trace trace.jsonl` wrote
  minikafka trace trace.jsonl --topic orders --kind isr,election
  minikafka trace trace.jsonl --why 17              one event and the chain of causes that led to it
  minikafka trace                                   what happens from now on, until interrupted
  minikafka trace --kept                            what the running cluster has kept
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from minikafka.cli.admin import add_client_options, admin_client
from minikafka.cli.output import add_json_option
from minikafka.errors import ConfigError
from minikafka.faults.names import nearest
from minikafka.trace import KINDS
from minikafka.types import CONTROLLER_ID

Told = dict[str, Any]

FIXED: Final = frozenset({"seq", "t_ms", "broker", "n", "kind", "rule", "topic", "partition", "cause"})


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", nargs="?", type=Path, help="a JSONL trace, `-` for standard input (live, without it)"
    )
    parser.add_argument("--kept", action="store_true", help="what the running cluster has kept, then end")
    parser.add_argument("--after", type=int, metavar="SEQ", help="begin behind this event")
    parser.add_argument(
        "--kind", metavar="K,...", help="only these kinds of events (docs/reference/events.md)"
    )
    parser.add_argument(
        "--broker", metavar="N,...", help=f"only of these nodes; {CONTROLLER_ID}: the controller"
    )
    parser.add_argument("--topic", help="only about this topic")
    parser.add_argument("--partition", type=int, help="only about partitions of this number")
    parser.add_argument("--why", type=int, metavar="SEQ", help="this event and what led to it")
    add_client_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    for kind in _words(arguments.kind):
        if kind not in KINDS:
            raise ConfigError(f"there is no kind of event {kind!r}{nearest(kind, KINDS)}")
    for event in _events(arguments):
        sys.stdout.write((json.dumps(event) if arguments.json else line(event)) + "\n")
        sys.stdout.flush()
    return 0


def _events(arguments: argparse.Namespace) -> Iterable[Told]:
    if arguments.why is not None:
        return _chain(_read(arguments.file) if arguments.file else _kept(arguments), arguments.why)
    return _live(arguments) if arguments.file is None else filter(_wanted(arguments), _read(arguments.file))


def line(event: Told) -> str:
    """`  1203 ms  broker 2    R8   isr  orders-0  isr=[1, 2] why=...`."""
    who = "controller" if event["broker"] == CONTROLLER_ID else f"broker {event['broker']}"
    where = f"{event['topic']}-{event['partition']}" if "partition" in event else ""
    facts = " ".join(f"{name}={fact}" for name, fact in event.items() if name not in FIXED)
    head = (
        f"{event['seq']:>7} {event['t_ms']:>9} ms  {who:<10}  {event['rule'] or '-':<4} {event['kind']:<18}"
    )
    return " ".join(word for word in (head, where, facts) if word)


# Where they come from.


def _read(file: Path) -> Iterator[Told]:
    """Of a JSONL file. A last line that was cut off is left out; any other that is no event is a mistake."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    lines = text.splitlines()
    for number, one in enumerate(lines, 1):
        try:
            event = json.loads(one)
            line(event)
        except (ValueError, TypeError, KeyError):
            if number == len(lines) and not text.endswith("\n"):
                return
            raise ConfigError(f"{file}:{number} is no event: {one[:80]!r}") from None
        yield event


def _live(arguments: argparse.Namespace) -> Iterator[Told]:
    if arguments.kept:
        yield from _kept(arguments, wanted=True)
        return
    for told in admin_client(arguments).follow(f"/v1/events?{_query(arguments)}"):
        if told.name == "gap":
            sys.stderr.write(f"minikafka: events before {told.data['oldest']} are gone\n")
        else:
            yield told.data


def _kept(arguments: argparse.Namespace, *, wanted: bool = False) -> Iterator[Told]:
    query = f"&{_query(arguments)}" if wanted else ""
    yield from map(json.loads, admin_client(arguments).lines(f"/v1/events?follow=false{query}"))


def _query(arguments: argparse.Namespace) -> str:
    names = ("after", "kind", "broker", "topic", "partition")
    return urlencode({name: value for name in names if (value := getattr(arguments, name)) is not None})


# Which of them.


def _wanted(arguments: argparse.Namespace) -> Any:
    kinds, brokers = frozenset(_words(arguments.kind)), frozenset(map(int, _words(arguments.broker)))

    def wanted(event: Told) -> bool:
        topic = event.get("name") if event["kind"] == "topic" else event.get("topic")
        return (
            (arguments.after is None or event["seq"] > arguments.after)
            and (not kinds or event["kind"] in kinds)
            and (not brokers or event["broker"] in brokers)
            and arguments.topic in (None, topic)
            and arguments.partition in (None, event.get("partition"))
        )

    return wanted


def _words(text: str | None) -> list[str]:
    return [word for word in (text or "").split(",") if word]


def _chain(events: Iterable[Told], seq: int) -> list[Told]:
    """Oldest first. A cause is the `n` of an event of the same node. Raises ConfigError when there is no such event."""
    by_seq: dict[int, Told] = {}
    by_node: dict[tuple[int, int], Told] = {}
    for event in events:
        by_seq[event["seq"]] = by_node[event["broker"], event["n"]] = event
    if seq not in by_seq:
        raise ConfigError(
            f"there is no event {seq}; there are {min(by_seq, default=0)} to {max(by_seq, default=0)}"
        )
    chain = [by_seq[seq]]
    while (cause := by_node.get((chain[-1]["broker"], chain[-1].get("cause", -1)))) is not None:
        chain.append(cause)
    return chain[::-1]
