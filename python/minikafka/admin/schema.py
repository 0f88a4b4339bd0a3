"""The types of the routes as JSON schemas (as of OpenAPI 3.1)."""

from __future__ import annotations

import inspect
import types
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

from minikafka.admin.reading import Field

SCALARS: Final[dict[Any, dict[str, Any]]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "contentEncoding": "base64"},
    types.NoneType: {"type": "null"},
    Any: {},
}

Components = dict[str, dict[str, Any]]
"""Schemas with a name of their own, filled as they are met."""


def schema_of(kind: Any, components: Components) -> dict[str, Any]:
    """NamedTuples go to `components`, by their class's name."""
    if kind in SCALARS:
        return dict(SCALARS[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one, components) for one in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0], components)}
    if origin is tuple:
        return {"type": "array", "prefixItems": [schema_of(one, components) for one in arguments]}
    if origin is not None:
        return {"type": "object", "additionalProperties": schema_of(arguments[1], components)}
    return _named(kind, components)


def field_schema(field: Field, components: Components) -> dict[str, Any]:
    """Of one field of a request, with its bounds."""
    schema = schema_of(field.kind, components)
    return schema if field.where.least is None else schema | {"minimum": field.where.least}


def _named(kind: Any, components: Components) -> dict[str, Any]:
    name = kind.__name__
    if name not in components:
        components[name] = {}  # taken, should it contain itself
        properties = {field: schema_of(hint, components) for field, hint in get_type_hints(kind).items()}
        components[name] = {"type": "object", "properties": properties, "required": list(properties)}
        lesson = inspect.getdoc(kind)
        if lesson and not lesson.startswith(f"{name}("):
            components[name]["description"] = " ".join(lesson.split())
    return {"$ref": f"#/components/schemas/{name}"}
