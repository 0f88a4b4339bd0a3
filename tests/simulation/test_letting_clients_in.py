"""R12: a broker lets clients in once it knows what the cluster is, and not earlier."""

from __future__ import annotations

import pytest
from minikafka.sim.connection import Connection
from minikafka.sim.world import World
from minikafka.types import CONTROLLER_ID

BROKER = 2


def running(seed: int) -> World:
    world = World(seed)
    world.start()
    assert world.run_until(world.all_running, 20_000)
    return world


def lets_clients_in(world: World) -> bool:
    connection = Connection(world, BROKER)
    is_open = connection.is_open
    connection.close()
    return is_open


@pytest.mark.parametrize("seed", range(3))
def test_r12_a_broker_that_has_not_read_the_metadata_log_refuses_clients(seed: int) -> None:
    """Restarted while the controller is away it would tell a producer that its topic does not exist; librdkafka then
    fails the producer at once (seen with brokers and controllers killed at random)."""
    world = running(seed)
    assert lets_clients_in(world)
    world.hosts[CONTROLLER_ID].kill()
    world.hosts[BROKER].kill()
    world.hosts[BROKER].start()
    world.run_until(lambda: False, 5_000)
    assert world.hosts[BROKER].is_up
    assert not lets_clients_in(world)

    world.hosts[CONTROLLER_ID].start()
    assert world.run_until(lambda: lets_clients_in(world), 20_000)
    broker = world.broker(BROKER)
    assert broker is not None
    assert broker.logs_are_open
    assert broker.image.broker_epoch(BROKER) == broker.broker_epoch


def test_r12_a_broker_that_lost_its_session_still_serves_those_who_find_it() -> None:
    """Only the first reading of the metadata log keeps clients out; a broker that is fenced later answers (Q1)."""
    world = running(7)
    world.network.cut([(BROKER, CONTROLLER_ID)])
    world.run_until(lambda: False, 5_000)
    assert lets_clients_in(world)
