"""What a planted bug is made of."""

from __future__ import annotations

from typing import NamedTuple


class Change(NamedTuple):
    """`owner.name` is replaced by `mistake`: a module's function or constant, or a class's method or property."""

    owner: object
    name: str
    mistake: object


class Bug(NamedTuple):
    """`rule`: what it breaks. `lesson`: the mistake, and what it costs."""

    rule: str
    lesson: str
    changes: tuple[Change, ...]


def bug(rule: str, lesson: str, *changes: tuple[object, str, object]) -> Bug:
    return Bug(rule, lesson, tuple(Change(*change) for change in changes))
