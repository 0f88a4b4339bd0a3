"""Calls between nodes, and links that are cut."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from minikafka.runtime.links import CLIENTS

from tests.unit.runtime.echo import Story, World, client, framed, node_of, port_of, receive

Run = Callable[[Story], None]


def test_answers_come_back_in_the_order_of_the_calls(run: Run) -> None:
    """One connection per peer and channel keeps order."""

    async def story(world: World) -> None:
        one, two = await world.add(), await world.add()
        async with client(one) as (_, writer):
            for number in range(5):
                writer.write(framed(f"call {port_of(two)} n{number}".encode()))
            await world.until(lambda: len(node_of(one).replies) == 5)
        assert node_of(one).replies == ["n0", "n1", "n2", "n3", "n4"]

    run(story)


def test_a_call_to_nobody_is_lost(run: Run) -> None:
    """Refused, and said so, rather than waited for."""

    async def story(world: World) -> None:
        one, two = await world.add(), await world.add()
        two.kill()
        async with client(one) as (_, writer):
            writer.write(framed(f"call {port_of(two)} hello".encode()))
            await world.until(lambda: len(node_of(one).lost) == 1)

    run(story)


def test_a_peer_that_dies_loses_the_calls_under_way(run: Run) -> None:
    """What was asked may have been carried out: lost means unknown."""

    async def story(world: World) -> None:
        one, two = await world.add(), await world.add()
        await two.pause()
        async with client(one) as (_, writer):
            writer.write(framed(f"call {port_of(two)} hello".encode()) + framed(b"x"))
            await receive(_)
            two.kill()
            await world.until(lambda: len(node_of(one).lost) == 1)
        assert node_of(one).replies == []

    run(story)


def test_a_cut_link_is_silent_until_it_heals(run: Run) -> None:
    """Nothing passes and nothing fails; healing closes what was held, and the next call gets through."""

    async def story(world: World) -> None:
        one, two = await world.add(), await world.add()
        call = framed(f"call {port_of(two)} hello".encode())
        async with client(one) as (reader, writer):
            writer.write(call)
            await world.until(lambda: node_of(one).replies == ["hello"])
            world.driver.links.cut([(1, 2)])
            writer.write(call + framed(b"marker"))
            assert await receive(reader) == b"marker"
            assert (node_of(one).replies, node_of(one).lost) == (["hello"], [])
            world.driver.links.heal()
            await world.until(lambda: len(node_of(one).lost) == 1)
            writer.write(call)
            await world.until(lambda: node_of(one).replies == ["hello", "hello"])

    run(story)


def test_a_new_connection_across_a_cut_hangs(run: Run) -> None:
    """No refusal, no answer, as with packets that vanish."""

    async def story(world: World) -> None:
        one, two = await world.add(), await world.add()
        world.driver.links.cut([(1, 2)])
        async with client(one) as (reader, writer):
            writer.write(framed(f"call {port_of(two)} hello".encode()) + framed(b"marker"))
            assert await receive(reader) == b"marker"
            assert (node_of(one).replies, node_of(one).lost) == ([], [])
            assert node_of(two).events == []

    run(story)


def test_clients_can_be_cut_off_too(run: Run) -> None:
    """A broker without its clients keeps their connections, silent, and closes them on healing."""

    async def story(world: World) -> None:
        one = await world.add()
        async with client(one) as (reader, writer):
            writer.write(framed(b"x"))
            await receive(reader)
            world.driver.links.cut([(1, CLIENTS)])
            writer.write(framed(b"unheard"))
            other = await world.add()
            async with client(other) as (other_reader, other_writer):
                other_writer.write(framed(b"heard"))
                assert await receive(other_reader) == b"heard"
            assert len(node_of(one).turns) == 2
            world.driver.links.heal()
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""

    run(story)
