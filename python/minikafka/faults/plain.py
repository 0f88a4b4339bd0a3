"""A rule as JSON and back: what the admin takes, the command line makes and the lab writes down.

    {"id": "lost-ack",
     "match": {"api": "Produce", "topic": "orders", "partition": 0},
     "when": {"nth": 3},
     "then": {"action": "error", "code": "NOT_LEADER_OR_FOLLOWER"}}

Only what differs from the defaults is written. `"then": "close"` is short for `{"action": "close"}`, and `after` means
`skip`. Whatever does not fit is refused with what and why, and the nearest name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from minikafka.errors import ConfigError, ErrorCode
from minikafka.faults.actions import ACTIONS, Action, Call, action_name
from minikafka.faults.book import Armed
from minikafka.faults.names import error_code, nearest
from minikafka.faults.rule import Match, Rule, When

V = TypeVar("V")
PARTS: Final = ("id", "match", "when", "then")
SYNONYMS: Final = {"after": "skip"}


def to_json(rule: Rule) -> dict[str, Any]:
    """What `json.dumps` takes and `from_json` reads."""
    plain: dict[str, Any] = {"id": rule.id} if rule.id else {}
    if match := _fields_of(rule.match):
        plain["match"] = match
    if when := _fields_of(rule.when):
        plain["when"] = when
    return plain | {"then": {"action": action_name(rule.then)} | _fields_of(rule.then)}


def status(armed: Armed) -> dict[str, Any]:
    """The rule as JSON, and how often it struck."""
    return to_json(armed.rule) | {"fired": armed.fired}


def from_json(plain: object) -> Rule:
    """The rule. Raises ConfigError naming what does not fit, and the nearest name of what would."""
    parts = _mapping("a fault", plain)
    _check_names("a fault", parts, PARTS)
    if "then" not in parts:
        raise ConfigError(f"a fault says what happens: 'then', one of {', '.join(ACTIONS)}")
    rule_id = parts.get("id", "")
    if not isinstance(rule_id, str):
        raise ConfigError(f"the id of a fault is a string, not {rule_id!r}")
    return Rule(
        _action(parts["then"]),
        _read(Match, "match", parts.get("match", {})),
        _read(When, "when", parts.get("when", {})),
        rule_id,
    )


def _action(plain: object) -> Action:
    fields = dict(_mapping("then", {"action": plain} if isinstance(plain, str) else plain))
    name = fields.pop("action", None)
    if name not in ACTIONS:
        hint = nearest(name, ACTIONS) if isinstance(name, str) else ""
        raise ConfigError(f"then.action is {name!r}, and must be one of {', '.join(ACTIONS)}{hint}")
    if ACTIONS[name] is Call:
        raise ConfigError("a function cannot be given as JSON: use kafka.faults.on_event(then=...) in Python")
    return _read(ACTIONS[name], "then", fields)


def _fields_of(value: Match | When | Action) -> dict[str, Any]:
    """Those that differ from their defaults."""
    found = {}
    for field in dataclasses.fields(value):
        one = getattr(value, field.name)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if one != default:
            found[field.name] = one.name if isinstance(one, ErrorCode) else one
    return found


def _read(kind: type[V], where: str, plain: object) -> V:
    given = {SYNONYMS.get(name, name): one for name, one in _mapping(where, plain).items()}
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    _check_names(where, given, fields)
    for name, field in fields.items():
        if name not in given and field.default is field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}.{name} is missing")
    hints = get_type_hints(kind)
    return kind(**{name: _value(f"{where}.{name}", one, hints[name]) for name, one in given.items()})


def _value(where: str, value: object, kind: Any) -> Any:
    if kind is ErrorCode:
        if isinstance(value, str | int) and not isinstance(value, bool):
            return error_code(value)
        raise ConfigError(f"{where} is the name of an error code, not {value!r}")
    if get_origin(kind) is Mapping:
        of = get_args(kind)[1]
        return {str(name): _value(f"{where}.{name}", one, of) for name, one in _mapping(where, value).items()}
    kinds = get_args(kind) or (kind,)
    if value in kinds or type(value) in kinds or (value is None and type(None) in kinds):
        return value
    if float in kinds and type(value) is int:
        return float(value)
    wanted = " or ".join(_spoken(one) for one in kinds if one is not type(None))
    raise ConfigError(f"{where} is {value!r}, and must be {wanted}")


def _spoken(kind: object) -> str:
    names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    return names.get(kind, repr(kind)) if isinstance(kind, type) else repr(kind)


def _mapping(where: str, plain: object) -> Mapping[str, object]:
    if not isinstance(plain, Mapping):
        raise ConfigError(f"{where} is an object, not {plain!r}")
    return plain


def _check_names(where: str, given: Mapping[str, object], known: Any) -> None:
    for name in given:
        if name not in known:
            raise ConfigError(
                f"{where} has no {name!r}{nearest(str(name), known)} (there are {', '.join(known)})"
            )
