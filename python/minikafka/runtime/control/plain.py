"""Plain data as JSON and back: NamedTuples, lists, tuples, dicts by string, strings, numbers, booleans, None, bytes.

A NamedTuple becomes a list of its fields, bytes become hex. Reading follows the type's annotations and refuses whatever
does not fit them, so both ends of a channel mean the same by a message.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

Read = Callable[[Any], Any]


def to_plain(value: Any) -> Any:
    """What `json.dumps` takes."""
    if isinstance(value, tuple | list | frozenset):
        return [to_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    return value


def from_plain(kind: type[T], value: Any) -> T:
    """The value of type `kind` that `to_plain` made `value` from. Raises ValueError for anything else."""
    form: Any = kind
    result: T = _reader(form)(value)
    return result


@cache
def _reader(kind: Any) -> Read:
    if kind in (int, str, bool, float):
        return lambda value: _checked(value, kind)
    if kind is bytes:
        return lambda value: bytes.fromhex(_checked(value, str))
    if kind is type(None):
        return lambda value: _checked(value, types.NoneType)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union(arguments)
    if origin is list:
        of = _reader(arguments[0])
        return lambda value: [of(one) for one in _checked(value, list)]
    if origin is dict:
        key_of, of = arguments[0], _reader(arguments[1])
        return lambda value: {key_of(key): of(one) for key, one in _checked(value, dict).items()}
    if origin is tuple:
        return _fields(tuple, arguments)
    if issubclass(kind, tuple):
        hints = get_type_hints(kind)
        return _fields(lambda values: kind(*values), tuple(hints.values()))
    raise ValueError(f"{kind} is not plain")


def _checked(value: Any, kind: type) -> Any:
    # JSON knows no difference between 1 and True, Python's isinstance sees one int in both.
    if type(value) is not kind:
        raise ValueError(f"{value!r} is not of type {kind.__name__}")
    return value


def _union(kinds: tuple[Any, ...]) -> Read:
    """The first member of the union that the value fits."""
    readers = [_reader(kind) for kind in kinds]

    def read(value: Any) -> Any:
        for reader in readers:
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
