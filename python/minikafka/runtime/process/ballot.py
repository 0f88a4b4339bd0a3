"""Counting fault rules across processes: the child asks before a rule strikes, the parent counts and answers.

A rule that strikes twice must do so twice in all, whichever brokers it meets, so nobody but the parent may count. The
child waits for the answer in the middle of its turn: it goes over a socket pair of its own, which nothing else uses and
nobody can hold up, and rules strike seldom.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Final

from minikafka.faults.book import Armed
from minikafka.faults.rule import Rule

NUMBER: Final = struct.Struct(">I")


class CountedByParent(Armed):
    """A rule as its child sees it; `fired` is as of the last strike here."""

    __slots__ = ("_ballot",)

    def __init__(self, rule: Rule, number: int, fired: int, ballot: socket.socket) -> None:
        super().__init__(rule, number)
        self.fired = fired
        self._ballot = ballot

    def strikes(self) -> bool:
        """Whether this request, or event, is struck. Ends the process when there is no parent to ask."""
        self._ballot.sendall(NUMBER.pack(self.number))
        answer = self._ballot.recv(NUMBER.size, socket.MSG_WAITALL)
        if len(answer) < NUMBER.size:
            os._exit(1)
        fired: int = NUMBER.unpack(answer)[0]
        self.fired = max(self.fired, fired)
        return fired > 0


class Ballot:
    """The parent's end, for one child."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, strikes: Callable[[int], int]
    ) -> None:
        """`strikes`: how often this rule struck, if it strikes now; else 0."""
        self._loop = loop
        self._socket = sock
        self._strikes = strikes
        self._asked = b""
        sock.setblocking(False)
        loop.add_reader(sock, self._answer)

    def _answer(self) -> None:
        try:
            asked = self._socket.recv(NUMBER.size - len(self._asked))
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            asked = b""
        if not asked:
            self._loop.remove_reader(self._socket)
            return
        self._asked += asked
        if len(self._asked) == NUMBER.size:
            (number,) = NUMBER.unpack(self._asked)
            self._asked = b""
            # The child waits for these four bytes, so there is room for them.
            self._socket.send(NUMBER.pack(self._strikes(number)))

    def descriptor(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()
