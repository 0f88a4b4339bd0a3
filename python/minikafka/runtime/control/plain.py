"""Plain data as JSON and back: NamedTuples, dataclasses, lists, tuples, mappings by string, enums of int, strings,
numbers, booleans, None, bytes, literals.

A NamedTuple becomes a list of its fields, a dataclass `{"Name": [fields]}` so that one of several can be told from the
others, bytes become hex. Reading follows the type's annotations and refuses whatever does not fit them, so both ends
of a channel mean the same by a message.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

Read = Callable[[Any], Any]
SCALARS: Final = (str, int, bool, float, types.NoneType)


def to_plain(value: Any) -> Any:
    """What `json.dumps` takes."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if isinstance(value, tuple | list):
        return [to_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, IntEnum):
        return int(value)
    fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
    return {kind.__name__: to_plain(fields)}


def from_plain(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `to_plain` made `value` from. Raises ValueError for anything else."""
    return _reader(kind)(value)


@cache
def _reader(kind: Any) -> Read:
    if kind in SCALARS:
        return lambda value: _checked(value, kind)
    if kind is bytes:
        return lambda value: bytes.fromhex(_checked(value, str))
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is Literal:
        return lambda value: _one_of(value, arguments)
    if origin is not None:
        return _container(origin, arguments)
    if issubclass(kind, IntEnum):
        return lambda value: kind(_checked(value, int))
    if issubclass(kind, tuple):
        return _fields(lambda values: kind(*values), tuple(get_type_hints(kind).values()))
    return _dataclass(kind)


def _checked(value: Any, kind: type) -> Any:
    # JSON knows no difference between 1 and True, Python's isinstance sees one int in both.
    if type(value) is not kind:
        raise ValueError(f"{value!r} is not of type {kind.__name__}")
    return value


def _one_of(value: Any, wanted: tuple[Any, ...]) -> Any:
    if value not in wanted:
        raise ValueError(f"{value!r} is none of {wanted}")
    return value


def _container(origin: Any, arguments: tuple[Any, ...]) -> Read:
    if origin is tuple:
        return _fields(tuple, arguments)
    of = _reader(arguments[-1])
    if origin in (list, Sequence):
        return lambda value: [of(one) for one in _checked(value, list)]
    assert origin in (dict, Mapping), f"{origin} is not plain"
    key_of = arguments[0]
    return lambda value: {key_of(key): of(one) for key, one in _checked(value, dict).items()}


def _union(kinds: tuple[Any, ...]) -> Read:
    """By the type of a scalar, by the name of a dataclass; else the first member that the value fits."""
    scalars = {kind for kind in kinds if kind in SCALARS}
    tagged = {
        kind.__name__: _reader(kind)
        for kind in kinds
        if isinstance(kind, type) and dataclasses.is_dataclass(kind)
    }
    others = [
        _reader(kind) for kind in kinds if kind not in scalars and getattr(kind, "__name__", "") not in tagged
    ]

    def read(value: Any) -> Any:
        if type(value) in scalars:
            return value
        if type(value) is dict and len(value) == 1 and (reader := tagged.get(next(iter(value)))) is not None:
            return reader(value)
        for reader in others:
            try:
                return reader(value)
            except ValueError:
                continue
        raise ValueError(f"{value!r} is none of {kinds}")

    return read


def _fields(make: Callable[[list[Any]], Any], kinds: tuple[Any, ...]) -> Read:
    readers = [_reader(kind) for kind in kinds]

    def read(value: Any) -> Any:
        if type(value) is not list or len(value) != len(readers):
            raise ValueError(f"{value!r} has not the {len(readers)} fields it should have")
        return make([reader(one) for reader, one in zip(readers, value, strict=True)])

    return read


def _dataclass(kind: Any) -> Read:
    hints = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    read = _fields(
        lambda values: kind(**dict(zip(names, values, strict=True))), tuple(hints[name] for name in names)
    )
    tag = kind.__name__

    def read_tagged(value: Any) -> Any:
        if type(value) is not dict or list(value) != [tag]:
            raise ValueError(f"{value!r} is not a {tag}")
        return read(value[tag])

    return read_tagged
