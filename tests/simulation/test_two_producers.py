"""One Produce request carries the transaction of one producer (T6)."""

from __future__ import annotations

from minikafka.errors import ErrorCode
from minikafka.log.batch import build_batch
from minikafka.sim.client import Connection
from minikafka.sim.world import World
from minikafka.types import Buffer
from minikafka.wire import codec
from minikafka.wire.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)


def test_t6_two_producers_in_one_request_are_refused() -> None:
    """The leader asks about one producer; the other's batch would get in unverified and could hang for ever (T14)."""
    world = World(1, brokers=1, config={"num.partitions": 2})
    world.start()
    assert world.run_until(world.all_running, 20_000)
    broker = world.broker(1)
    assert broker is not None
    world.hosts[1].ask(lambda now: broker.auto_create.create(["orders"], now))
    assert world.run_until(lambda: "orders" in broker.image.topics, 5_000)
    partitions = [
        PartitionProduceData(
            index=index,
            records=build_batch(
                [(world.clock.now().wall_ms, None, b"v", ())],
                producer_id=100 + index,
                producer_epoch=0,
                base_sequence=0,
                transactional=True,
            ),
        )
        for index in (0, 1)
    ]
    request = ProduceRequest(
        transactional_id="t",
        acks=-1,
        timeout_ms=1_000,
        topic_data=[TopicProduceData(name="orders", partition_data=partitions)],
    )
    answers: list[Buffer | None] = []
    Connection(world, 1).ask(codec.encode_request(0, 12, 1, "two", request), answers.append)
    assert world.run_until(lambda: bool(answers), 5_000)
    assert answers[0] is not None
    _, response = codec.decode_response(0, 12, answers[0])
    assert isinstance(response, ProduceResponse)
    codes = [answer.error_code for topic in response.responses for answer in topic.partition_responses]
    assert codes == [ErrorCode.INVALID_PRODUCER_ID_MAPPING] * 2
