"""From a request to the dataclass that its handler takes.

Fields are annotated with where they stand (`route.In`). Text from the path and the query is read as the field's type;
JSON has to be of it. Whatever does not fit is refused by name: the field, what it should be, the nearest known name.
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from minikafka.admin.problem import Problem
from minikafka.admin.route import In, Place
from minikafka.faults.names import nearest

T = TypeVar("T")

LARGEST_NUMBER: Final = 2**53 - 1
"""Larger ones are not the same number in every language that speaks JSON."""
MANY: Final = 1_000
"""Items of a list or an object."""
TRUTHS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Given(NamedTuple):
    """What came with a request, by place."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Mapping[str, Any]


class Field(NamedTuple):
    """One field of what a route takes. kind: its type without the annotation."""

    name: str
    kind: Any
    where: In
    is_required: bool


@cache
def fields_of(takes: Any) -> tuple[Field, ...]:
    """In the order they are declared."""
    hints = get_type_hints(takes, include_extras=True)
    return tuple(
        Field(
            one.name,
            get_args(hints[one.name])[0],
            next(extra for extra in hints[one.name].__metadata__ if isinstance(extra, In)),
            one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING,
        )
        for one in dataclasses.fields(takes)
    )


def read(takes: type[T], given: Given) -> T:
    """Raises Problem (422) naming the field that is missing, unknown, or not what it should be."""
    kind: Any = takes
    fields = fields_of(kind)
    for place, names in ((Place.QUERY, given.query), (Place.BODY, given.body)):
        known = [field.name for field in fields if field.where.place is place]
        for name in names:
            if name not in known:
                takes_what = f"it takes {', '.join(known)}" if known else "it takes none"
                raise Problem(
                    422, f"unknown {_of(place)} {name!r}{nearest(name, known) or f': {takes_what}'}"
                )
    values = {}
    for field in fields:
        found = _given(field, given)
        if found is not None:
            values[field.name] = _value(field, found[0], is_text=field.where.place is not Place.BODY)
        elif field.is_required:
            raise Problem(
                422,
                f"{_of(field.where.place)} {field.name!r} is missing: {describe(field.kind)}, {field.where.about}",
            )
    return takes(**values)


def _given(field: Field, given: Given) -> tuple[Any] | None:
    """What stands there, in a tuple, because a JSON null is something."""
    by_place: dict[Place, Mapping[str, Any]] = {
        Place.PATH: given.path,
        Place.QUERY: given.query,
        Place.HEADER: given.headers,
        Place.BODY: given.body,
    }
    source = by_place[field.where.place]
    name = field.name.replace("_", "-") if field.where.place is Place.HEADER else field.name
    return (source[name],) if name in source else None


def _value(field: Field, found: Any, *, is_text: bool) -> Any:
    try:
        value = convert(field.kind, found, is_text=is_text)
    except ValueError as error:
        hint = str(error) if str(error).startswith(";") else ""
        raise Problem(
            422,
            f"{_of(field.where.place)} {field.name!r} is {describe(field.kind)}, not {_shown(found)}{hint}",
        ) from None
    least = field.where.least
    if least is not None and isinstance(value, int | float) and value < least:
        raise Problem(422, f"{_of(field.where.place)} {field.name!r} is at least {least}, not {value}")
    return value


def convert(kind: Any, value: Any, *, is_text: bool) -> Any:
    """The value as `kind`. Raises ValueError when it is none, with `; did you mean ...?` as its text if that helps."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value, is_text=is_text)
    if origin is Literal:
        if value not in arguments:
            raise ValueError(nearest(str(value), map(str, arguments)))
        return value
    if origin is list:
        items = [item for item in value.split(",") if item] if is_text else _checked(value, list)
        if len(items) > MANY:
            raise ValueError
        return [convert(arguments[0], item, is_text=is_text) for item in items]
    if origin is dict:
        entries = _checked(value, dict)
        if len(entries) > MANY:
            raise ValueError
        return {name: convert(arguments[1], one, is_text=is_text) for name, one in entries.items()}
    return value if kind is Any else _scalar(kind, value, is_text=is_text)


def _one_of(kinds: tuple[Any, ...], value: Any, *, is_text: bool) -> Any:
    hint = ""
    for kind in kinds:
        try:
            return convert(kind, value, is_text=is_text)
        except ValueError as error:
            hint = str(error) if str(error).startswith(";") else hint
    raise ValueError(hint)


def _scalar(kind: Any, value: Any, *, is_text: bool) -> Any:
    if kind in (str, types.NoneType):
        return _checked(value, kind)
    if kind is bool:
        if is_text and value.lower() in TRUTHS:
            return TRUTHS[value.lower()]
        return _checked(value, bool)
    if is_text:
        value = kind(value) if len(value) <= len(str(-LARGEST_NUMBER)) else math.inf
    number = value if kind is float and type(value) is int else _checked(value, kind)
    if not -LARGEST_NUMBER <= number <= LARGEST_NUMBER:  # not a number, too, is not between them
        raise ValueError
    return kind(number)


def _checked(value: Any, kind: type) -> Any:
    # True is an int to isinstance, and a mistake here.
    if type(value) is not kind:
        raise ValueError
    return value


def describe(kind: Any) -> str:
    """`a whole number`, for messages."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return " or ".join(describe(one) for one in arguments if one is not types.NoneType)
    if origin is Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if origin is list:
        return f"a list, each item {describe(arguments[0])}"
    if origin is dict:
        return "an object"
    return {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}.get(
        kind, "null"
    )


def _of(place: Place) -> str:
    return {Place.PATH: "path", Place.QUERY: "query parameter", Place.HEADER: "header"}.get(place, "field")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
