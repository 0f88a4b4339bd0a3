"""A world of echo nodes per test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from minikafka.runtime.driver import Driver

from tests.unit.runtime.echo import Story, World


@pytest.fixture
def run() -> Callable[[Story], None]:
    """Run a story in a world of its own, with asyncio's debug checks on."""

    def go(story: Story) -> None:
        async def main() -> None:
            world = World(Driver(asyncio.get_running_loop()))
            try:
                await story(world)
            finally:
                for host in world.hosts:
                    host.release()
                await world.driver.close()

        asyncio.run(main(), debug=True)

    return go
