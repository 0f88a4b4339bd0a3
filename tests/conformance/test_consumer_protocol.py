"""KIP-848 groups with real clients: librdkafka and Java with `group.protocol=consumer` (G12-G17)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

confluent_kafka = pytest.importorskip("confluent_kafka")
pytest.importorskip("confluent_kafka.admin")

from minikafka import Cluster  # noqa: E402

from conformance.clients.process import ClientProcess  # noqa: E402
from conformance.clients.programs import Program  # noqa: E402

pytestmark = pytest.mark.usefixtures("on_minikafka")
TOPIC = "orders"
PARTITIONS = 4
DEADLINE_S = 10.0
COOPERATIVE = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(brokers=3, config={"group.consumer.heartbeat.interval.ms": 100}) as running:
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": running.bootstrap_servers})
        created = admin.create_topics(
            [confluent_kafka.admin.NewTopic(TOPIC, num_partitions=PARTITIONS, replication_factor=3)]
        )
        created[TOPIC].result(timeout=DEADLINE_S)
        yield running


def consumer(cluster: Cluster, topic: str = TOPIC) -> confluent_kafka.Consumer:
    member = confluent_kafka.Consumer(
        {
            "bootstrap.servers": cluster.bootstrap_servers,
            "group.id": "g",
            "group.protocol": "consumer",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    member.subscribe([topic])
    return member


def owned(member: confluent_kafka.Consumer) -> set[int]:
    return {each.partition for each in member.assignment()}


def poll_until_shared(*members: confluent_kafka.Consumer) -> list[set[int]]:
    """Poll everyone until the partitions are spread evenly, each with one owner; records polled are dropped."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        for member in members:
            member.poll(0.05)
        shares = [owned(member) for member in members]
        is_whole = sorted(index for share in shares for index in share) == list(range(PARTITIONS))
        if is_whole and max(map(len, shares)) - min(map(len, shares)) <= 1:
            return shares
    raise AssertionError(f"not shared evenly in {DEADLINE_S} s: {[owned(member) for member in members]}")


def produce(cluster: Cluster, values: range) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.bootstrap_servers})
    for value in values:
        producer.produce(TOPIC, str(value), partition=value % PARTITIONS)
    assert producer.flush(DEADLINE_S) == 0


def read(member: confluent_kafka.Consumer, count: int) -> list[int]:
    values: list[int] = []
    deadline = time.monotonic() + DEADLINE_S
    while len(values) < count and time.monotonic() < deadline:
        message = member.poll(0.1)
        if message is not None and message.error() is None:
            values.append(int(message.value()))
    return sorted(values)


def test_g14_partitions_are_shared_and_taken_over(cluster: Cluster) -> None:
    """Two members share four partitions; one leaves, the other has them all; a regular expression finds the topic."""
    first, second = consumer(cluster), consumer(cluster, "^ord.*")
    assert [len(share) for share in poll_until_shared(first, second)] == [2, 2]
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    (listed,) = admin.list_consumer_groups().result(timeout=DEADLINE_S).valid
    assert listed.type == confluent_kafka.ConsumerGroupType.CONSUMER
    second.close()
    assert poll_until_shared(first) == [{0, 1, 2, 3}]
    first.close()


def test_g16_commits_survive_the_coordinators_broker(cluster: Cluster) -> None:
    """What was committed is not read again after the coordinator was killed; the member goes on without rejoining."""
    produce(cluster, range(20))
    member = consumer(cluster)
    assert read(member, 20) == list(range(20))
    member.commit(asynchronous=False)
    before = member.memberid()
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    described = admin.describe_consumer_groups(["g"])["g"].result(timeout=DEADLINE_S)
    coordinator = described.coordinator.id
    assert [len(each.assignment.topic_partitions) for each in described.members] == [PARTITIONS]
    cluster.broker(coordinator).kill()
    produce(cluster, range(20, 40))
    assert read(member, 20) == list(range(20, 40))
    member.commit(asynchronous=False)
    assert member.memberid() == before
    member.close()
    produce(cluster, range(40, 44))
    successor = consumer(cluster)
    assert read(successor, 4) == [40, 41, 42, 43]
    successor.close()


def test_g16_a_group_has_a_shorter_session_than_the_others(program: Callable[[str], Program]) -> None:
    """A member is killed; the group's own second is over long before the 45 of the broker, and the other takes over."""
    bounds = {
        "group.consumer.min.session.timeout.ms": 1000,
        "group.consumer.min.heartbeat.interval.ms": 100,
    }
    with Cluster(brokers=1, config=bounds) as running:
        running.topic(TOPIC, partitions=PARTITIONS)
        admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": running.bootstrap_servers})
        set_for_group(
            admin, "g", {"consumer.session.timeout.ms": "1000", "consumer.heartbeat.interval.ms": "100"}
        )
        reading = {"bootstrap": running.bootstrap_servers, "topics": [TOPIC], "group": "g", "records": 1}
        survivor = consumer(running)
        with ClientProcess(
            program("confluent-kafka"), "consume", **reading, config={"group.protocol": "consumer"}
        ) as victim:
            await_shares(admin, "g", [2, 2], meanwhile=survivor)
            victim.kill()
        assert poll_until_shared(survivor) == [{0, 1, 2, 3}]
        survivor.close()


def set_for_group(admin: confluent_kafka.admin.AdminClient, group: str, settings: dict[str, str]) -> None:
    entries = [
        confluent_kafka.admin.ConfigEntry(
            name, value, incremental_operation=confluent_kafka.admin.AlterConfigOpType.SET
        )
        for name, value in settings.items()
    ]
    resource = confluent_kafka.admin.ConfigResource(
        confluent_kafka.admin.ResourceType.GROUP, group, incremental_configs=entries
    )
    admin.incremental_alter_configs([resource])[resource].result(timeout=DEADLINE_S)


def test_g12_java_members_join_commit_and_resume(cluster: Cluster, program: Callable[[str], Program]) -> None:
    """The second reader goes on where the first committed."""
    java = program("java")
    produce(cluster, range(20))
    reading = {"bootstrap": cluster.bootstrap_servers, "topics": [TOPIC], "group": "j"}
    for first in (0, 20):
        with ClientProcess(
            java, "consume", **reading, records=20, config={"group.protocol": "consumer"}
        ) as reader:
            lines = reader.finish(20)
        assert sum(line.op == "recv" for line in lines) == 20
        produce(cluster, range(first + 20, first + 40))
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    (listed,) = admin.list_consumer_groups().result(timeout=DEADLINE_S).valid
    assert listed.type == confluent_kafka.ConsumerGroupType.CONSUMER


def test_g17_java_members_of_both_protocols_share_a_group(
    cluster: Cluster, program: Callable[[str], Program]
) -> None:
    """A classic consumer is joined by one with `group.protocol=consumer`, which goes again: the group changes its type
    both times with the classic one in it, and each has its share of the records.
    """
    java = program("java")
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
    reading = {"bootstrap": cluster.bootstrap_servers, "topics": [TOPIC], "group": "m"}
    quick = {"heartbeat.interval.ms": 100, "partition.assignment.strategy": COOPERATIVE}
    with ClientProcess(java, "consume", **reading, records=10, config=quick) as classic:
        await_shares(admin, "m", [PARTITIONS])
        assert group_type(admin) is confluent_kafka.ConsumerGroupType.CLASSIC
        modern = {"group.protocol": "consumer"}
        with ClientProcess(java, "consume", **reading, records=2, config=modern) as new:
            await_shares(admin, "m", [2, 2])
            assert group_type(admin) is confluent_kafka.ConsumerGroupType.CONSUMER
            produce(cluster, range(4))
            heard_by_new = {line.id for line in new.finish(20) if line.op == "recv"}
        await_shares(admin, "m", [PARTITIONS])
        assert group_type(admin) is confluent_kafka.ConsumerGroupType.CLASSIC
        produce(cluster, range(4, 12))
        heard_by_classic = {line.id for line in classic.finish(20) if line.op == "recv"}
    assert len(heard_by_new) == 2
    assert heard_by_new | heard_by_classic == {str(value) for value in range(12)}
    assert not heard_by_new & heard_by_classic


def group_type(admin: confluent_kafka.admin.AdminClient) -> confluent_kafka.ConsumerGroupType:
    (listed,) = admin.list_consumer_groups().result(timeout=DEADLINE_S).valid
    return listed.type


def await_shares(
    admin: confluent_kafka.admin.AdminClient,
    group: str,
    wanted: list[int],
    meanwhile: confluent_kafka.Consumer | None = None,
) -> None:
    """Ask until the members have as many partitions as `wanted` says, in ascending order. One of them may be here, and
    has to be polled `meanwhile`."""
    deadline = time.monotonic() + 2 * DEADLINE_S
    shares: list[int] = []
    while time.monotonic() < deadline:
        if meanwhile is not None:
            meanwhile.poll(0.05)
        try:
            described = admin.describe_consumer_groups([group])[group].result(timeout=DEADLINE_S)
        except confluent_kafka.KafkaException:
            continue  # it does not exist yet
        shares = sorted(len(each.assignment.topic_partitions) for each in described.members)
        if shares == sorted(wanted):
            return
    raise AssertionError(f"the members of {group} have {shares} partitions, not {wanted}")
