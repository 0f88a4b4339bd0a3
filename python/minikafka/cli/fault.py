"""List, add and heal the faults of a running cluster.

Examples:
  minikafka fault add drop_response --api Produce --topic orders --times 1
  minikafka fault add error --api Produce --code NOT_LEADER_OR_FOLLOWER --nth 3
  minikafka fault add delay --api Fetch --broker 2 --ms 200
  minikafka fault list
  minikafka fault heal lost-ack     one by its id; without an id, every fault
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import types
from collections.abc import Mapping
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote

from minikafka.cli.admin import add_client_options, admin_client
from minikafka.cli.options import pairs
from minikafka.cli.output import add_json_option, show
from minikafka.errors import ConfigError
from minikafka.faults.actions import ACTIONS
from minikafka.faults.plain import from_json, to_json
from minikafka.faults.rule import Match, When

Parts = dict[str, Any]

HELP: Final = {
    "api": "about requests of this API, such as Produce",
    "version": "about requests of this version",
    "client_id": "about requests of this client id",
    "topic": "about requests that name this topic",
    "partition": "about requests that name a partition of this number",
    "broker": "about requests to this broker; 1000: to the controller",
    "group": "about requests of this consumer group",
    "transactional_id": "about requests of this transactional id",
    "between_brokers": "about requests that brokers send to brokers",
    "event": "strike at events of this kind, for kill, power_loss, pause",
    "facts": "... that say this; more than once for more",
    "after_bytes": "disk_full: so many bytes more can be written (0)",
    "nth": "strike this one only of those it is about, from 1",
    "skip": "let the first so many pass",
    "times": "strike at most so often",
    "probability": "strike each with this chance, 0 to 1",
    "seed": "choose by this number which are struck, or what a power cut leaves",
    "code": "error: what to answer, such as NOT_LEADER_OR_FOLLOWER",
    "hold": "drop_response: leave the connection open and silent",
    "what": "hold, delay: keep the request or the response (response)",
    "ms": "delay: for so many ms of broker time; slow_disk: an fsync takes so much longer",
    "behind": "reorder: let so many others pass first (1)",
}
"""By field of `Match`, `When` and the actions."""

PARTS: Final = (Match, When)


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="list|add|heal")
    listing = verbs.add_parser("list", help="the faults in force, and how often each fired")
    add = verbs.add_parser("add", help="let something go wrong from now on")
    heal = verbs.add_parser("heal", help="end one fault, or all of them")
    heal.add_argument("id", nargs="?", help="of one fault (all of them)")
    add.add_argument("action", choices=ACTIONS, metavar="ACTION", help=", ".join(ACTIONS))
    add.add_argument("--id", default="", help="a name for it")
    for kind in (*PARTS, *ACTIONS.values()):
        _add_options(add, kind)
    for one in (listing, add, heal):
        add_client_options(one)
        add_json_option(one)


def run(arguments: argparse.Namespace) -> int:
    client = admin_client(arguments)
    match arguments.verb:
        case "list":
            rows = client.get("/v1/faults")
        case "add":
            # Made here first, so that what cannot be meant is said without a cluster.
            rows = [client.ask("POST", "/v1/faults", to_json(from_json(_rule(arguments))))]
        case _ if arguments.id is None:
            rows = client.ask("DELETE", "/v1/faults")
        case _:
            rows = [client.ask("DELETE", f"/v1/faults/{quote(arguments.id, safe='')}")]
    show(rows, as_json=arguments.json)
    return 0


def _rule(arguments: argparse.Namespace) -> Parts:
    """Raises ConfigError for an option of another action."""
    action = ACTIONS[arguments.action]
    match, when, then = (_given(arguments, kind) for kind in (*PARTS, action))
    if "seed" in then and "probability" in when:
        del then["seed"]
    elif "seed" in then:
        del when["seed"]
    known = {field.name for kind in (*PARTS, action) for field in dataclasses.fields(kind)}
    for name, kind in ACTIONS.items():
        for option in _given(arguments, kind):
            if option not in known:
                raise ConfigError(
                    f"--{option.replace('_', '-')} goes with {name}, not with {arguments.action}"
                )
    return {"id": arguments.id, "match": match, "when": when, "then": {"action": arguments.action} | then}


def _given(arguments: argparse.Namespace, kind: Any) -> Parts:
    values = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(kind)}
    return {name: _typed(value) for name, value in values.items() if value is not None}


def _typed(value: Any) -> Any:
    """`NAME=VALUE` words as an object, its values as JSON where they are some."""
    if not isinstance(value, list):
        return value
    return {name: _fact(text) for name, text in pairs(value, "NAME=VALUE").items()}


def _fact(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _add_options(parser: argparse.ArgumentParser, kind: Any) -> None:
    """One per field that is not there yet: `--client-id`, `--between-brokers`."""
    there = {action.dest for action in parser._actions}  # noqa: SLF001 - argparse has no way to ask
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        if field.name in there:
            continue
        option, type_ = f"--{field.name.replace('_', '-')}", _scalar(hints[field.name])
        about = HELP.get(field.name)
        if type_ is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=None, help=about)
        elif get_origin(hints[field.name]) is Mapping:
            parser.add_argument(option, action="append", metavar="NAME=VALUE", help=about)
        else:
            parser.add_argument(option, type=type_, metavar=field.name.upper(), help=about)


def _scalar(hint: Any) -> type:
    """What a word of the command line is read as."""
    kinds = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for kind in kinds:
        if kind in (int, float, bool):
            return kind  # type: ignore[no-any-return]
    return str
