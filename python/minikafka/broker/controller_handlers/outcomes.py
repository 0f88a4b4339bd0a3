"""Answers that list one outcome per thing asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from minikafka.broker.request import Request
from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode
    from minikafka.controller.controller import Controller

B = TypeVar("B")
T = TypeVar("T")


def write_each(
    node: ControllerNode,
    request: Request[B],
    asked: int,
    operation: Callable[[Controller, Now], Result[list[T | Rejected]]],
    answer: Callable[[Sequence[T | Rejected]], object],
    now: Now,
) -> None:
    """Let the controller decide on `asked` things; if it refuses altogether, each of them hears why."""
    node.write(operation, answer, lambda refusal: answer([refusal] * asked), request, now)


def code_of(outcome: object) -> int:
    """The error code of one outcome; 0 for whatever is no refusal."""
    return int(outcome.code) if isinstance(outcome, Rejected) else int(ErrorCode.NONE)


def message_of(outcome: object) -> str | None:
    """The sentence that goes with it."""
    return outcome.why or None if isinstance(outcome, Rejected) else None
