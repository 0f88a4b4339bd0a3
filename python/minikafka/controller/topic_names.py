"""What a topic may be called.

Letters, digits, `.`, `_` and `-`, at most 249 of them. `.` and `_` become the same character in metric names,
so two topics that differ only there collide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from minikafka.config import CLUSTER_METADATA
from minikafka.errors import ErrorCode, Rejected

MAX_LENGTH: Final = 249
_LEGAL: Final = re.compile(r"[a-zA-Z0-9._-]+")


def check_new_name(name: str, existing: Iterable[str]) -> None:
    """Raises Rejected: [42] for the metadata log, [17] for an illegal or colliding name, [36] for a name
    in use.
    """
    if name == CLUSTER_METADATA:
        why = f"Creation of internal topic {name} is prohibited."
        raise Rejected(ErrorCode.INVALID_REQUEST, why)
    reason = _why_illegal(name)
    if reason:
        raise Rejected(ErrorCode.INVALID_TOPIC_EXCEPTION, f"Topic name is invalid: {reason}")
    flattened = name.replace(".", "_")
    for other in existing:
        if other == name:
            raise Rejected(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
        if other.replace(".", "_") == flattened:
            why = f"Topic '{name}' collides with existing topic: {other}"
            raise Rejected(ErrorCode.INVALID_TOPIC_EXCEPTION, why)


def is_legal(name: str) -> bool:
    """Whether a topic may have this name at all, colliding or not."""
    return not _why_illegal(name)


def _why_illegal(name: str) -> str:
    if not name:
        return "the empty string is not allowed"
    if name in (".", ".."):
        return "'.' or '..' is not allowed"
    if len(name) > MAX_LENGTH:
        return f"the length of '{name}' is longer than the max allowed length {MAX_LENGTH}"
    if not _LEGAL.fullmatch(name):
        return f"'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
    return ""
