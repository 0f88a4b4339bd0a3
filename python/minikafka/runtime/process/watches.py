"""The questions that somebody in the parent watches at one child, and the newest answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from minikafka.runtime.control.views import NodeView, Question
from minikafka.runtime.process.messages import ToChild, Unwatch, Watch


class _Watched:
    def __init__(self, number: int) -> None:
        self.number = number
        self.watchers = 0
        self.view: NodeView | None = None
        self.first: asyncio.Future[None] | None = None
        """Set once this life of the child answered."""


class Watches:
    """Each question is asked once, however many watch it; a new life of the child is asked everything again."""

    def __init__(self, send: Callable[[ToChild], None]) -> None:
        self._send = send
        self._by_question: dict[Question, _Watched] = {}
        self._by_number: dict[int, _Watched] = {}
        self._next = 1

    def add(self, question: Question, *, is_answered: bool) -> asyncio.Future[None] | None:
        """Watch it; returns what is set once there is an answer, None when there is, or none is to come."""
        watched = self._by_question.get(question)
        if watched is None:
            watched = self._by_question[question] = self._by_number[self._next] = _Watched(self._next)
            self._next += 1
        watched.watchers += 1
        if not is_answered:
            return None
        # Asked again even if it is watched: what a push of the last turn brings may still be on its way.
        if watched.first is None or watched.first.done():
            watched.first = asyncio.get_running_loop().create_future()
        self._send(Watch(watched.number, question))
        return watched.first

    def remove(self, question: Question) -> None:
        watched = self._by_question[question]
        watched.watchers -= 1
        if not watched.watchers:
            del self._by_question[question]
            del self._by_number[watched.number]
            self._send(Unwatch(watched.number))

    def seen(self, question: Question) -> NodeView | None:
        watched = self._by_question.get(question)
        return None if watched is None else watched.view

    def all(self) -> list[Watch]:
        """Every question watched, for a new life."""
        return [Watch(watched.number, question) for question, watched in self._by_question.items()]

    def take(self, number: int, view: NodeView | None) -> None:
        """An answer came."""
        watched = self._by_number.get(number)
        if watched is not None:
            watched.view = view
            if watched.first is not None and not watched.first.done():
                watched.first.set_result(None)

    def forget_answers(self) -> None:
        """The child is dead: it says nothing any more."""
        for watched in self._by_number.values():
            watched.view = None
            if watched.first is not None and not watched.first.done():
                watched.first.set_result(None)
