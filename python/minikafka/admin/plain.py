"""What a handler answers, as JSON: NamedTuples and dataclasses become objects by the names of their fields."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any


def to_json(value: object) -> str:
    """One line, and its newline, so that it looks right on a terminal."""
    return json.dumps(plain(value), separators=(", ", ": ")) + "\n"


def plain(value: Any) -> Any:
    """What `json.dumps` takes. Bytes become base64, the keys of mappings strings."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(one) for name, one in zip(value._fields, value, strict=True)}
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [plain(one) for one in value]
