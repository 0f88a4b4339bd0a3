"""The loop that runs a callback between two looks at the sockets."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

from minikafka.runtime.loop import TurnLoop


def test_a_callback_runs_once_everything_ready_was_handled() -> None:
    """After the callbacks of this pass, before anything a later look brings."""
    seen: list[str] = []
    with closing(TurnLoop()) as loop:

        async def main() -> None:
            loop.before_look(lambda: seen.append("turn"))
            loop.call_soon(seen.append, "next pass")
            seen.append("this pass")
            await asyncio.sleep(0.001)

        loop.run_until_complete(main())
    assert seen == ["this pass", "turn", "next pass"]


def test_what_a_callback_asks_of_the_loop_is_heard() -> None:
    """The loop works out anew how long to wait: here it would otherwise wait for ever."""
    with closing(TurnLoop()) as loop:
        done = loop.create_future()
        loop.before_look(lambda: done.set_result("woken"))
        assert loop.run_until_complete(done) == "woken"


def test_a_callback_that_always_asks_again_starves_no_socket() -> None:
    """Sockets are looked at between two calls."""
    ours, theirs = socket.socketpair()
    with closing(TurnLoop()) as loop, ours, theirs:
        read = loop.create_future()

        def again() -> None:
            if not read.done():
                loop.before_look(again)

        loop.add_reader(ours, lambda: read.done() or read.set_result(ours.recv(1)))
        again()
        theirs.send(b"x")
        assert loop.run_until_complete(read) == b"x"
