"""One node on real sockets: turns, ports, pause, kill, stop, halt."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
from minikafka.effects import ConnectionLost, ConnectionOpened, RequestsReceived, TimerFired
from minikafka.errors import ConfigError
from minikafka.runtime.connection import Connection
from minikafka.runtime.host import HostState
from minikafka.runtime.ports import Port

from tests.unit.runtime.echo import Story, World, client, framed, leap, node_of, port_of, receive

Run = Callable[[Story], None]


def test_frames_of_one_read_come_together_and_are_answered_in_order(run: Run) -> None:
    """Three requests in one segment are one event, and their answers arrive in order."""

    async def story(world: World) -> None:
        host = await world.add()
        async with client(host) as (reader, writer):
            writer.write(framed(b"one") + framed(b"two") + framed(b"three"))
            assert [await receive(reader) for _ in range(3)] == [b"one", b"two", b"three"]
        (received,) = [event for event in node_of(host).events if isinstance(event, RequestsReceived)]
        assert len(received.frames) == 3

    run(story)


def test_sockets_come_before_timers_in_a_turn(run: Run) -> None:
    """A timer and a request that are ready together: the request is first (ADR 0010)."""

    async def story(world: World) -> None:
        host = await world.add()
        async with client(host) as (reader, writer):
            writer.write(framed(b"timer 1") + framed(b"set"))
            await receive(reader)
            await world.until(lambda: node_of(host).saw(TimerFired) == 1)
            writer.write(framed(b"timer 0") + framed(b"again"))
            await receive(reader)
            writer.write(framed(b"x"))
            await receive(reader)
        for turn in node_of(host).turns:
            kinds = [isinstance(event, TimerFired) for event in turn]
            assert kinds == sorted(kinds)

    run(story)


def test_a_frame_over_the_limit_ends_the_connection_before_it_is_buffered(run: Run) -> None:
    """The length alone is enough to refuse."""

    async def story(world: World) -> None:
        host = await world.add(max_frame_bytes=100)
        async with client(host) as (reader, writer):
            writer.write(b"\x7f\xff\xff\xff")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await receive(reader)
        await world.until(lambda: node_of(host).saw(ConnectionLost) == 1)

    run(story)


def test_close_sends_what_was_said_before(run: Run) -> None:
    """CloseConnection comes after the bytes that were sent before it."""

    async def story(world: World) -> None:
        host = await world.add()
        async with client(host) as (reader, writer):
            writer.write(framed(b"bye"))
            assert await receive(reader) == b"farewell"
            assert await reader.read() == b""

    run(story)


def test_a_paused_node_hears_nothing_and_keeps_its_connections(run: Run) -> None:
    """Pause is a stopped process: bytes wait, and broker time stands still for it."""

    async def story(world: World) -> None:
        host = await world.add()
        other = await world.add()
        async with client(host) as (reader, writer), client(other) as (other_reader, other_writer):
            writer.write(framed(b"before"))
            await receive(reader)
            before = node_of(host).times[-1].monotonic_ms
            await host.pause()
            leap(world.driver, 60_000)
            writer.write(framed(b"during"))
            other_writer.write(framed(b"alive"))
            assert await receive(other_reader) == b"alive"
            assert node_of(host).saw(RequestsReceived) == 1
            host.resume()
            assert await receive(reader) == b"during"
            assert node_of(host).times[-1].monotonic_ms - before < 30_000

    run(story)


def test_kill_resets_connections_and_start_finds_the_port_again(run: Run) -> None:
    """Process death: the client sees a reset, nobody listens, a new life answers at the same address."""

    async def story(world: World) -> None:
        host = await world.add()
        first = node_of(host)
        port = port_of(host)
        async with client(host) as (reader, writer):
            writer.write(framed(b"x"))
            await receive(reader)
            host.kill()
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await receive(reader)
        assert host.state is HostState.STOPPED
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await host.start()
        assert node_of(host) is not first
        assert port_of(host) == port
        async with client(host) as (reader, writer):
            writer.write(framed(b"again"))
            assert await receive(reader) == b"again"

    run(story)


def test_a_held_port_is_refused_to_others() -> None:
    """While a node is down its port is taken, and taking it says so plainly."""
    held = Port("127.0.0.1")
    listener = held.listen()
    with pytest.raises(ConfigError, match="cannot listen on"):
        Port("127.0.0.1", held.port)
    listener.close()
    held.release()


def test_stop_is_asked_for_and_clean(run: Run) -> None:
    """StopRequested, then the node's own Halt, then silence."""

    async def story(world: World) -> None:
        host = await world.add()
        await host.stop()
        assert host.state is HostState.STOPPED
        assert host.halted is not None
        assert host.halted.clean

    run(story)


def test_an_exception_halts_the_node_and_only_that_one(run: Run) -> None:
    """A broken invariant stops the broker rather than letting it answer wrongly."""

    async def story(world: World) -> None:
        host = await world.add()
        other = await world.add()
        async with client(host) as (reader, writer):
            writer.write(framed(b"boom"))
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await receive(reader)
        assert host.state is HostState.HALTED
        assert isinstance(host.error, AssertionError)
        async with client(other) as (reader, writer):
            writer.write(framed(b"fine"))
            assert await receive(reader) == b"fine"

    run(story)


def test_opened_and_lost_frame_the_life_of_a_connection(run: Run) -> None:
    """Every connection is announced once and mourned once."""

    async def story(world: World) -> None:
        host = await world.add()
        async with client(host) as (reader, writer):
            writer.write(framed(b"x"))
            await receive(reader)
        await world.until(lambda: node_of(host).saw(ConnectionLost) == 1)
        assert node_of(host).saw(ConnectionOpened) == 1

    run(story)


def test_a_turn_that_failed_is_not_the_last_one(run: Run) -> None:
    """Whatever raises in a turn outside the nodes is reported to the loop; the next turn takes place all the same."""

    async def story(world: World) -> None:
        host = await world.add()
        reported: list[object] = []
        world.driver.loop.set_exception_handler(lambda loop, context: reported.append(context["exception"]))

        class Broken(Connection):
            def write_out(self) -> None:
                raise ZeroDivisionError

        world.driver.will_write(Broken(world.driver, 100))
        async with client(host) as (reader, writer):
            writer.write(framed(b"one"))
            assert await asyncio.wait_for(receive(reader), 5) == b"one"
        assert [type(error) for error in reported] == [ZeroDivisionError]

    run(story)


@pytest.mark.parametrize("passes", range(6))
def test_a_connection_that_arrives_as_the_node_dies_is_ended(run: Run, passes: int) -> None:
    """However far accepting it had come, its client hears of the end; no socket is left to the garbage collector."""

    async def story(world: World) -> None:
        host = await world.add()
        with socket.create_connection(("127.0.0.1", port_of(host))) as late:
            late.setblocking(False)
            for _ in range(passes):
                await asyncio.sleep(0)
            host.kill()
            with suppress(ConnectionError):
                assert await asyncio.wait_for(world.driver.loop.sock_recv(late, 1), 5) == b""

    run(story)
