"""Where a program's output keeps the id of the record it came from.

    key               the record's key
    header:NAME       a header's value
    json:FIELD        a field of the value, a JSON object; `json:order.id` for a field of a field

Input records have it in all three places (`header:id`, `json:id`), so a program that passes anything on passes that
on.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from minikafka.errors import ConfigError
from minikafka.ledger.logs import IdOf

FORMS: Final = "key, header:NAME or json:FIELD"


def extraction(how: str) -> IdOf:
    """Raises ConfigError for a form that is none of the three."""
    kind, _, name = how.partition(":")
    if how == "key":
        return lambda key, _value, _headers: _text(key)
    if kind == "header" and name:
        return lambda _key, _value, headers: _text(dict(headers).get(name))
    if kind == "json" and name:
        return lambda _key, value, _headers: _field(value, name.split("."))
    raise ConfigError(f"an id is taken from {FORMS}, not from {how!r}")


def _text(data: bytes | None) -> str:
    return (data or b"").decode(errors="replace")


def _field(value: bytes | None, path: Sequence[str]) -> str:
    try:
        found = json.loads(value or b"null")
    except ValueError:
        return ""
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else "" if found is None else str(found)
