"""Links that are slow: later, in order, by broker time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from minikafka.effects import ConnectionLost, RequestsReceived
from minikafka.runtime.connection import WINDOW_BYTES
from minikafka.runtime.links import CLIENTS

from tests.unit.runtime.echo import Story, World, client, framed, leap, node_of, port_of, receive

Run = Callable[[Story], None]
LONG_MS = 3_600_000


async def turns(world: World, host_number: int = 0) -> None:
    """Let the loop see what is ready: another client's echo comes after it."""
    async with client(world.hosts[host_number]) as (reader, writer):
        writer.write(framed(b"marker"))
        await receive(reader)


def test_a_clients_bytes_arrive_later_both_ways_by_broker_time(run: Run) -> None:
    """Neither the request nor its answer passes before broker time has moved by the delay."""

    async def story(world: World) -> None:
        slow = await world.add()
        await world.add()
        world.driver.links.delay([(slow.node_id, CLIENTS)], LONG_MS)
        async with client(slow) as (reader, writer):
            writer.write(framed(b"one"))
            writer.write(framed(b"two"))
            await turns(world, 1)
            assert node_of(slow).saw(RequestsReceived) == 0
            leap(world.driver, LONG_MS)
            await world.until(lambda: node_of(slow).saw(RequestsReceived) > 0)
            answer = asyncio.ensure_future(receive(reader))
            await turns(world, 1)
            assert not answer.done()
            leap(world.driver, LONG_MS)
            assert [await answer, await receive(reader)] == [b"one", b"two"]

    run(story)


def test_nothing_overtakes_what_is_under_way(run: Run) -> None:
    """The delay is taken away while bytes are under way: the next ones wait for them."""

    async def story(world: World) -> None:
        host = await world.add()
        await world.add()
        world.driver.links.delay([(host.node_id, CLIENTS)], LONG_MS)
        async with client(host) as (reader, writer):
            writer.write(framed(b"first"))
            await turns(world, 1)
            world.driver.links.heal()
            writer.write(framed(b"second"))
            await turns(world, 1)
            assert node_of(host).saw(RequestsReceived) == 0
            leap(world.driver, LONG_MS)
            assert [await receive(reader), await receive(reader)] == [b"first", b"second"]

    run(story)


def test_calls_between_two_nodes_are_delayed_and_others_are_not(run: Run) -> None:
    """A pair is a pair: the third node answers at once."""

    async def story(world: World) -> None:
        one, two, three = [await world.add() for _ in range(3)]
        world.driver.links.delay([(1, 2)], LONG_MS)
        async with client(one) as (_, writer):
            writer.write(framed(f"call {port_of(two)} slow".encode()))
            await turns(world)
            node_of(one).peer = 3
            writer.write(framed(f"call {port_of(three)} quick".encode()))
            await world.until(lambda: node_of(one).replies == ["quick"])
            leap(world.driver, LONG_MS)
            await world.until(lambda: node_of(two).saw(RequestsReceived) == 1)
            assert node_of(one).replies == ["quick"]
            await turns(world)
            leap(world.driver, LONG_MS)
            await world.until(lambda: node_of(one).replies == ["quick", "slow"])

    run(story)


def test_what_was_sent_before_the_end_of_a_connection_arrives_before_it(run: Run) -> None:
    """A client that sends and leaves is heard, and only then gone."""

    async def story(world: World) -> None:
        host = await world.add()
        await world.add()
        world.driver.links.delay([(host.node_id, CLIENTS)], LONG_MS)
        async with client(host) as (_, writer):
            writer.write(framed(b"last words"))
        await turns(world, 1)
        leap(world.driver, LONG_MS)
        await world.until(lambda: node_of(host).saw(ConnectionLost) == 1)
        kinds = [type(event) for event in node_of(host).events]
        assert kinds.index(RequestsReceived) < kinds.index(ConnectionLost)

    run(story)


def test_a_slow_link_holds_no_more_than_its_window(run: Run) -> None:
    """Above it nothing is read, so the sender is held back; all of it arrives in the end."""

    async def story(world: World) -> None:
        host = await world.add(max_frame_bytes=WINDOW_BYTES)
        world.driver.links.delay([(host.node_id, CLIENTS)], 20)
        frame = framed(b"x" * (WINDOW_BYTES // 2))
        async with client(host) as (reader, writer):
            for _ in range(6):
                writer.write(frame)
            for _ in range(6):
                assert len(await receive(reader)) == WINDOW_BYTES // 2

    run(story)
