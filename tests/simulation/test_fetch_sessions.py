"""Fetch sessions between real brokers and with a consumer, in a world of virtual time (F10, R2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from minikafka.broker.fetch_call import FetchCall
from minikafka.partition.partition import Partition
from minikafka.sim.client import Connection, Producer
from minikafka.sim.world import World
from minikafka.types import Buffer, Now, TopicPartition
from minikafka.wire import codec
from minikafka.wire.messages.fetch import (
    FetchPartition,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    PartitionData,
    ReplicaState,
)

PARTITIONS = 100
LAG_MS = 2_000


def a_world(brokers: int = 2, partitions: int = PARTITIONS) -> World:
    """With a topic `orders`, led."""
    world = World(
        1, brokers=brokers, config={"num.partitions": partitions, "replica.lag.time.max.ms": LAG_MS}
    )
    world.start()
    assert world.run_until(world.all_running, 20_000)
    broker = world.broker(1)
    assert broker is not None
    world.hosts[1].ask(lambda now: broker.auto_create.create(["orders"], now))

    def is_there() -> bool:
        return all(
            world.replica(node, TopicPartition("orders", index)) is not None
            for node in world.brokers
            for index in range(partitions)
        )

    assert world.run_until(is_there, 10_000)
    return world


def leader_of(world: World, name: TopicPartition) -> tuple[int, Partition]:
    for node in world.brokers:
        replica = world.replica(node, name)
        if replica is not None and replica.is_leader:
            return node, replica
    raise AssertionError(f"nobody leads {name}")


def spied(monkeypatch: pytest.MonkeyPatch) -> tuple[list[FetchRequest], list[str]]:
    """Every fetch that a broker is sent, and every partition that is read for one."""
    requests: list[FetchRequest] = []
    reads: list[str] = []
    begin, read = FetchCall.begin, Partition.read

    def spy_begin(self: FetchCall, now: Now) -> None:
        requests.append(self._request.body)
        begin(self, now)

    def spy_read(self: Partition, **options: object) -> object:
        reads.append(str(self.topic_partition))
        return read(self, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(FetchCall, "begin", spy_begin)
    monkeypatch.setattr(Partition, "read", spy_read)
    return requests, reads


def test_f10_idle_followers_name_no_partition_and_none_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred partitions at rest: both followers go on fetching, in sessions, about nothing."""
    world = a_world()
    world.clock.run_until(world.clock.now_us + 3_000_000)
    requests, reads = spied(monkeypatch)
    world.clock.run_until(world.clock.now_us + 20_000_000)
    assert len(requests) > 20
    assert all(request.session_id != 0 and request.session_epoch > 0 for request in requests)
    assert [topic for request in requests for topic in request.topics] == []
    assert reads == []


def test_f10_one_busy_partition_costs_nothing_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of one of a hundred: only that one is named and read."""
    world = a_world()
    world.clock.run_until(world.clock.now_us + 3_000_000)
    requests, reads = spied(monkeypatch)
    busy = TopicPartition("orders", 3)
    producer = Producer(world, "p", busy, [b"%d" % n for n in range(10)], world.fork("p"))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 20_000)
    named = [
        index.partition for request in requests for topic in request.topics for index in topic.partitions
    ]
    assert set(named) == {3}
    assert set(reads) == {str(busy)}


def test_r2_a_follower_at_rest_is_caught_up_as_of_its_last_fetch() -> None:
    """It was level all the time, without one note of it; the first record after a long rest finds it in sync, and it
    stays for the lag time. Only then, when it has stopped fetching, does it leave the ISR (R8)."""
    world = a_world(partitions=4)
    name = TopicPartition("orders", 1)
    node, leader = leader_of(world, name)
    follower = next(other for other in world.brokers if other != node)
    world.clock.run_until(world.clock.now_us + 10 * LAG_MS * 1_000)
    world.network.cut([(node, follower)])
    cut_at = world.clock.now_us
    producer = Producer(world, "p", name, [b"one"], world.fork("p"))
    producer.run()
    assert world.run_until(lambda: leader.log.log_end_offset == 1, 1_000)
    assert world.run_until(lambda: leader.isr == [node], 2 * LAG_MS)
    assert world.clock.now_us - cut_at > (LAG_MS - 500) * 1_000
    world.network.heal()
    assert world.run_until(lambda: leader.isr == sorted((node, follower)), 20_000)
    assert world.run_until(lambda: producer.is_done, 20_000)


def test_r8_a_follower_that_forgets_a_partition_leaves_its_isr() -> None:
    """Its session goes on, but not about that partition: what it last had is no longer what it has."""
    world = a_world(partitions=2)
    name = TopicPartition("orders", 1)
    node, leader = leader_of(world, name)
    follower = next(other for other in world.brokers if other != node)
    world.clock.run_until(world.clock.now_us + 3_000_000)
    following = world.broker(follower)
    assert following is not None
    world.hosts[follower].ask(lambda now: following.fetchers.forget(name))
    world.clock.run_until(world.clock.now_us + 3_000_000)
    assert leader.isr == sorted((node, follower))  # level, so in sync
    producer = Producer(world, "p", name, [b"one"], world.fork("p"))
    producer.run()
    assert world.run_until(lambda: leader.isr == [node], 3 * LAG_MS)


def test_f10_a_leader_that_lost_its_sessions_is_told_everything_again() -> None:
    """A restarted leader knows no session: [70], a full fetch, and replication goes on."""
    world = a_world(partitions=4)
    name = TopicPartition("orders", 1)
    node, _ = leader_of(world, name)
    world.hosts[node].kill()
    world.hosts[node].start()
    assert world.run_until(world.all_running, 30_000)
    producer = Producer(world, "p", name, [b"one", b"two"], world.fork("p"))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 30_000)
    assert world.run_until(
        lambda: all(
            (replica := world.replica(each, name)) is not None and replica.high_watermark >= 2
            for each in world.brokers
        ),
        20_000,
    )


class Consumer:
    """Sends fetches of one session and hears the answers."""

    def __init__(self, world: World, broker: int) -> None:
        self._world = world
        self._connection = Connection(world, broker)

    def ask(self, request: FetchRequest, version: int = 12) -> FetchResponse:
        answers: list[Buffer | None] = []
        frame = codec.encode_request(1, version, 1, "consumer", request)
        self._connection.ask(frame, answers.append)
        assert self._world.run_until(lambda: bool(answers), 10_000)
        assert answers[0] is not None
        _, response = codec.decode_response(1, version, answers[0])
        assert isinstance(response, FetchResponse)
        return response


def wanting(session: tuple[int, int], offsets: dict[int, int], *, topic: str = "orders") -> FetchRequest:
    """Partitions by index, each at an offset; at once."""
    partitions = [
        FetchPartition(partition=index, fetch_offset=offset, partition_max_bytes=1 << 20)
        for index, offset in offsets.items()
    ]
    return FetchRequest(
        session_id=session[0],
        session_epoch=session[1],
        max_bytes=1 << 20,
        topics=[FetchTopic(topic=topic, partitions=partitions)] if partitions else [],
    )


def answered(response: FetchResponse) -> dict[int, PartitionData]:
    return {data.partition_index: data for topic in response.responses for data in topic.partitions}


def produced(world: World, index: int, *values: bytes) -> None:
    producer = Producer(world, f"p{index}", TopicPartition("orders", index), list(values), world.fork("p"))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 20_000)


def test_f10_a_consumer_hears_of_what_is_new() -> None:
    """Full at first; then only the partition that got a record, at the offset told before."""
    world = a_world(brokers=1, partitions=3)
    consumer = Consumer(world, 1)
    first = consumer.ask(wanting((0, 0), {0: 0, 1: 0, 2: 0}))
    assert first.session_id > 0
    assert set(answered(first)) == {0, 1, 2}
    session = first.session_id
    assert answered(consumer.ask(wanting((session, 1), {}))) == {}
    produced(world, 1, b"one")
    news = answered(consumer.ask(wanting((session, 2), {})))
    assert set(news) == {1}
    assert news[1].records
    again = answered(consumer.ask(wanting((session, 3), {})))
    assert set(again) == {1}, "records that were not gone past come again"
    assert answered(consumer.ask(wanting((session, 4), {1: 1}))) == {}


def test_f10_a_refused_session_is_the_whole_answer() -> None:
    """[70] and [71] at the top, session id 0, no partition; the session itself goes on."""
    world = a_world(brokers=1, partitions=1)
    consumer = Consumer(world, 1)
    session = consumer.ask(wanting((0, 0), {0: 0})).session_id
    for asked, code in (((session, 9), 71), ((session ^ 1, 1), 70)):
        refused = consumer.ask(wanting(asked, {}))
        assert (refused.error_code, refused.session_id, refused.responses) == (code, 0, [])
    assert consumer.ask(wanting((session, 1), {})).error_code == 0


def test_f12_a_session_by_name_goes_to_the_new_topic_and_one_by_id_does_not() -> None:
    """The topic is deleted and made again: an id stands for one topic, so its session hears INCONSISTENT_TOPIC_ID
    [103] while the name leads to a log of another id. Until then: UNKNOWN_TOPIC_OR_PARTITION [3], and for a fetch
    without a session UNKNOWN_TOPIC_ID [100]."""
    world = a_world(brokers=1, partitions=1)
    broker = world.broker(1)
    assert broker is not None
    consumer = Consumer(world, 1)
    topic_id = broker.image.topics["orders"].topic_id
    request = wanting((0, 0), {0: 0}, topic="")
    request.topics[0].topic_id = topic_id
    request.replica_state = ReplicaState()
    session = consumer.ask(request, 15).session_id

    def go_on(epoch: int) -> int:
        return answered(consumer.ask(wanting((session, epoch), {}), 15))[0].error_code

    deleted(world, "orders")
    assert go_on(1) == 3
    request.session_id, request.session_epoch = 0, -1
    assert answered(consumer.ask(request, 15))[0].error_code == 100
    world.hosts[1].ask(lambda now: broker.auto_create.create(["orders"], now))
    assert world.run_until(lambda: broker.replicas.get(TopicPartition("orders", 0)) is not None, 10_000)
    assert go_on(2) == 103
    assert answered(consumer.ask(request, 15))[0].error_code == 100


def deleted(world: World, topic: str) -> None:
    from minikafka.wire.messages.delete_topics import DeleteTopicsRequest

    broker = world.broker(1)
    assert broker is not None
    answers: list[Buffer | None] = []
    frame = codec.encode_request(
        20, 5, 1, "admin", DeleteTopicsRequest(topic_names=[topic], timeout_ms=5_000)
    )
    Connection(world, 1).ask(frame, answers.append)
    gone: Callable[[], bool] = lambda: broker.replicas.get(TopicPartition(topic, 0)) is None  # noqa: E731
    assert world.run_until(gone, 10_000)
