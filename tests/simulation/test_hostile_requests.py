"""Whatever a client sends, the node answers or closes the connection; it never halts.

A running simulated cluster is sent random requests of every API and version it serves, names and ids that exist mixed
in, so that they get past the first check. A request that makes a handler raise would halt a real broker.
"""

from __future__ import annotations

from random import Random

import pytest
from minikafka.sim.client import Connection
from minikafka.sim.world import World
from minikafka.types import CONTROLLER_ID
from minikafka.wire import codec
from minikafka.wire.message import Message
from minikafka.wire.support import SERVED

from tests.wire.random_values import random_value
from tests.wire.schema_table import Message as Schema
from tests.wire.schema_table import read_table

ROUNDS = 8
TOPIC = "orders"
REQUESTS = {schema.api_key: schema for schema in read_table() if schema.kind == "request"}


@pytest.fixture(scope="module")
def world() -> World:
    """Three brokers with one topic; led to where they serve."""
    world = World(5, config={"num.partitions": 2})
    world.start()
    assert world.run_until(world.all_running, 20_000)
    return world


def topic_id_of(world: World) -> bytes:
    """Of a topic that exists, beside the internal ones: created again if an earlier request deleted it."""
    broker = world.broker(1)
    assert broker is not None
    wanted = [TOPIC, "__consumer_offsets", "__transaction_state"]
    world.hosts[1].ask(lambda now: broker.auto_create.create(wanted, now))
    assert world.run_until(lambda: all(name in broker.image.topics for name in wanted), 5_000)
    return broker.image.topics[TOPIC].topic_id


def plausible(value: Message, random: Random, topic_id: bytes) -> None:
    """Put names and numbers that exist into some of the fields."""
    for name in value.__slots__:
        field = getattr(value, name)
        for one in field if isinstance(field, list) else [field]:
            if isinstance(one, Message):
                plausible(one, random, topic_id)
        existing = existing_value(name, field, random, topic_id)
        if existing is not None and random.random() < 0.7:
            setattr(value, name, existing)


def existing_value(name: str, field: object, random: Random, topic_id: bytes) -> object:
    """Something that exists and fits the field, or None."""
    if name in ("name", "topic", "topic_name") and isinstance(field, str):
        return TOPIC
    if name == "topic_id":
        return topic_id
    if name in ("partition", "partition_index", "index") and isinstance(field, int):
        return random.choice((0, 1, 2, -1))
    if name in ("group_id", "transactional_id", "key", "member_id") and isinstance(field, str):
        return random.choice(("g", "t", ""))
    return None


def a_frame(schema: Schema, version: int, seed: str, topic_id: bytes) -> bytes:
    """A random request, plausible if this version can carry what makes it so."""
    body = random_value(schema, version, seed)
    plausible(body, Random(seed), topic_id)
    for name in ("timeout_ms", "max_wait_ms"):
        if hasattr(body, name):
            setattr(body, name, 10)
    assert schema.api_key is not None
    try:
        return codec.encode_request(schema.api_key, version, 1, "hostile", body)
    except codec.EncodeError:
        return codec.encode_request(
            schema.api_key, version, 1, "hostile", random_value(schema, version, seed)
        )


@pytest.mark.parametrize("api_key", sorted(SERVED))
def test_random_requests_never_halt_a_node(world: World, api_key: int) -> None:
    """Every served version, several times, on a broker and (what it serves) on the controller."""
    schema: Schema = REQUESTS[api_key]
    served = SERVED[api_key]
    for version in range(served.min, served.max + 1):
        for number in range(ROUNDS):
            seed = f"hostile/{api_key}/{version}/{number}"
            frame = a_frame(schema, version, seed, topic_id_of(world))
            for node in (1, CONTROLLER_ID):
                answers: list[object] = []
                Connection(world, node).ask(frame, answers.append)
                assert world.run_until(lambda answers=answers: bool(answers), 10_000), (
                    f"{seed}: no answer, no close"
                )
    assert all(host.is_up for host in world.hosts.values())
