"""Topics and configuration: what a broker refuses, and how it says so."""

from __future__ import annotations

from minikafka.wire.messages import alter_configs, describe_configs, incremental_alter_configs
from minikafka.wire.messages.create_partitions import (
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)
from minikafka.wire.messages.create_topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from minikafka.wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from minikafka.wire.messages.elect_leaders import ElectLeadersRequest, TopicPartitions
from minikafka.wire.messages.list_config_resources import ListConfigResourcesRequest

from conformance.dialogues.requests import UNKNOWN_ID, create, make_topic
from conformance.dialogues.talk import Talk

TOPIC, BROKER, BROKER_LOGGER, GROUP = 2, 4, 8, 32
SET, DELETE, APPEND, SUBTRACT = range(4)


def create_topics(talk: Talk) -> None:
    for version in range(2, 8):
        talk.ask("sound", create(f"created-{version}", 2, configs={"retention.ms": "1000"}), version)
    talk.ask("again", create("created-7"), 7)
    for name in ("", ".", "..", "a b", "x" * 250, "created.7", "created_7"):
        talk.ask(f"named {name[:10]!r}", create(name), 7)
    talk.ask("collides", create("created_a.b"), 7)
    talk.ask("collides with that", create("created_a_b"), 7)
    talk.ask("no partitions", create("bad-0", 0), 7)
    talk.ask("negative partitions", create("bad-1", -2), 7)
    talk.ask("default partitions", create("default-1", -1, replicas=-1), 7)
    talk.ask("two replicas", create("bad-2", replicas=2), 7)
    talk.ask("no replicas", create("bad-3", replicas=0), 7)
    for number, (key, value) in enumerate(
        (
            ("no.such.config", "1"),
            ("retention.ms", "soon"),
            ("retention.ms", "-2"),
            ("cleanup.policy", "shred"),
            ("cleanup.policy", "compact,delete"),
            ("min.insync.replicas", "0"),
            ("compression.type", "rar"),
            ("message.timestamp.type", "Never"),
        )
    ):
        talk.ask(f"{key}={value}", create(f"config-{number}", configs={key: value}), 7)
    nothing = create("config-null")
    nothing.topics[0].configs = [CreatableTopicConfig("retention.ms", None)]
    talk.ask("null config", nothing, 7)
    twice = create("twice")
    twice.topics *= 2
    talk.ask("twice in one request", twice, 7)
    checked = create("only-checked", 3)
    checked.validate_only = True
    talk.ask("only checked", checked, 7)
    talk.ask("only checked, and then made", create("only-checked"), 7)


def small_segments(talk: Talk) -> None:
    talk.ask("segment.bytes=1", create("small", configs={"segment.bytes": "1"}), 7)


def assigned_topics(talk: Talk) -> None:
    def ask(
        what: str, assignments: list[tuple[int, list[int]]], partitions: int = -1, replicas: int = -1
    ) -> None:
        listed = [CreatableReplicaAssignment(*each) for each in assignments]
        topic = CreatableTopic(f"assigned {what}".replace(" ", "-"), partitions, replicas, listed)
        talk.ask(what, CreateTopicsRequest([topic], 5000), 7)

    ask("sound", [(0, [1]), (1, [1])])
    ask("unknown broker", [(0, [9])])
    ask("same broker twice", [(0, [1, 1])])
    ask("no brokers", [(0, [])])
    ask("gap", [(0, [1]), (2, [1])])
    ask("twice the partition", [(0, [1]), (0, [1])])
    ask("and a count", [(0, [1])], partitions=1)
    ask("and replicas", [(0, [1])], replicas=1)


def delete_topics(talk: Talk) -> None:
    for version in range(1, 6):
        make_topic(talk, f"deleted-{version}")
        talk.ask("sound", DeleteTopicsRequest(topic_names=[f"deleted-{version}"], timeout_ms=5000), version)
    talk.ask("unknown", DeleteTopicsRequest(topic_names=["deleted-none"], timeout_ms=5000), 5)
    by_id = make_topic(talk, "deleted-by-id")
    for what, state in (
        ("by name", DeleteTopicState(name="deleted-unknown")),
        ("unknown id", DeleteTopicState(topic_id=UNKNOWN_ID)),
        ("name and id", DeleteTopicState("deleted-by-id", by_id)),
        ("neither", DeleteTopicState()),
        ("by id", DeleteTopicState(topic_id=by_id)),
        ("by id again", DeleteTopicState(topic_id=by_id)),
    ):
        talk.ask(what, DeleteTopicsRequest([state], timeout_ms=5000), 6)
    make_topic(talk, "deleted-twice")
    twice = [DeleteTopicState("deleted-twice"), DeleteTopicState("deleted-twice")]
    talk.ask("twice in one request", DeleteTopicsRequest(twice, timeout_ms=5000), 6)


def create_partitions(talk: Talk) -> None:
    make_topic(talk, "grown", 2)

    def ask(
        what: str, name: str, count: int, brokers: list[list[int]] | None = None, version: int = 3
    ) -> None:
        assignments = None if brokers is None else [CreatePartitionsAssignment(each) for each in brokers]
        talk.ask(
            what, CreatePartitionsRequest([CreatePartitionsTopic(name, count, assignments)], 5000), version
        )

    for version in range(4):
        ask("sound", "grown", 3 + version, version=version)
    ask("fewer", "grown", 1)
    ask("the same", "grown", 6)
    ask("none", "grown", 0)
    ask("unknown", "grown-none", 3)
    ask("assigned", "grown", 7, [[1]])
    ask("assigned to nobody", "grown", 8, [[9]])
    ask("assigned too few", "grown", 9, [[1]])
    ask("assigned too many", "grown", 8, [[1], [1]])
    ask("assigned wrong replicas", "grown", 8, [[1, 2]])
    doubled = [CreatePartitionsTopic("grown", 9), CreatePartitionsTopic("grown", 10)]
    talk.ask("twice in one request", CreatePartitionsRequest(doubled, 5000), 3)


def elect_leaders(talk: Talk) -> None:
    make_topic(talk, "elected", 2)
    for version in range(3):
        asked = ElectLeadersRequest(topic_partitions=[TopicPartitions("elected", [0, 7])], timeout_ms=5000)
        talk.ask("preferred", asked, version)
    unknown = ElectLeadersRequest(topic_partitions=[TopicPartitions("elected-none", [0])], timeout_ms=5000)
    talk.ask("unknown topic", unknown, 2)
    for kind in (1, 9):
        asked = ElectLeadersRequest(kind, [TopicPartitions("elected", [0])], 5000)
        talk.ask(f"type {kind}", asked, 2)


def describe_configs_errors(talk: Talk) -> None:
    make_topic(talk, "configured", configs={"retention.ms": "1234567"})

    def ask(what: str, kind: int, name: str, keys: list[str] | None, *, version: int = 4) -> None:
        resource = describe_configs.DescribeConfigsResource(kind, name, keys)
        request = describe_configs.DescribeConfigsRequest([resource], include_synonyms=True)
        talk.ask(what, request, version)

    some = ["retention.ms", "cleanup.policy", "min.insync.replicas", "no.such.config"]
    for version in range(1, 5):
        ask("some", TOPIC, "configured", some, version=version)
    ask("all of a topic", TOPIC, "configured", None)
    ask("none of a topic", TOPIC, "configured", [])
    ask("unknown topic", TOPIC, "configured-none", None)
    ask("bad topic", TOPIC, "a b", None)
    ask("of a broker", BROKER, "1", ["broker.id", "node.id", "num.partitions", "auto.create.topics.enable"])
    ask("of the default broker", BROKER, "", None)
    ask("unknown broker", BROKER, "77", None)
    ask("not a broker", BROKER, "one", None)
    ask("unknown type", 99, "x", None)
    ask("of a group", GROUP, "configured-group", None)


def alter_configs_errors(talk: Talk) -> None:
    make_topic(talk, "altered")

    def ask(what: str, kind: int, name: str, **values: str | None) -> None:
        entries = [
            alter_configs.AlterableConfig(key.replace("_", "."), value) for key, value in values.items()
        ]
        resource = alter_configs.AlterConfigsResource(kind, name, entries)
        talk.ask(what, alter_configs.AlterConfigsRequest([resource]), 2)

    ask("sound", TOPIC, "altered", retention_ms="5000")
    ask("replaced", TOPIC, "altered", max_message_bytes="5000")
    ask("unknown topic", TOPIC, "altered-none", retention_ms="1")
    ask("unknown config", TOPIC, "altered", no_such_config="1")
    ask("bad value", TOPIC, "altered", retention_ms="soon")
    ask("null", TOPIC, "altered", retention_ms=None)
    ask("unknown broker", BROKER, "77", log_cleaner_threads="1")
    ask("not a broker", BROKER, "one", log_cleaner_threads="1")
    ask("unknown type", 99, "x", retention_ms="1")


def incremental_alter_configs_errors(talk: Talk) -> None:
    make_topic(talk, "stepwise")

    def ask(what: str, kind: int, name: str, *changes: tuple[str, int, str | None]) -> None:
        entries = [incremental_alter_configs.AlterableConfig(*each) for each in changes]
        resource = incremental_alter_configs.AlterConfigsResource(kind, name, entries)
        talk.ask(what, incremental_alter_configs.IncrementalAlterConfigsRequest([resource]), 1)

    ask("set", TOPIC, "stepwise", ("retention.ms", SET, "5000"))
    ask("delete", TOPIC, "stepwise", ("retention.ms", DELETE, None))
    ask("append", TOPIC, "stepwise", ("cleanup.policy", APPEND, "compact"))
    ask("subtract", TOPIC, "stepwise", ("cleanup.policy", SUBTRACT, "delete"))
    ask("append to no list", TOPIC, "stepwise", ("retention.ms", APPEND, "1"))
    ask("twice", TOPIC, "stepwise", ("retention.ms", SET, "1"), ("retention.ms", DELETE, None))
    ask("null", TOPIC, "stepwise", ("retention.ms", SET, None))
    ask("unknown config", TOPIC, "stepwise", ("no.such.config", SET, "1"))
    ask("unknown operation", TOPIC, "stepwise", ("retention.ms", 9, "1"))
    ask("bad value", TOPIC, "stepwise", ("retention.ms", SET, "soon"))
    ask("unknown topic", TOPIC, "stepwise-none", ("retention.ms", SET, "1"))
    ask("unknown broker", BROKER, "77", ("log.cleaner.threads", SET, "1"))
    ask("read-only config", BROKER, "1", ("num.partitions", SET, "1"))
    ask("default brokers", BROKER, "", ("message.max.bytes", SET, "2000000"))
    ask("default brokers, undone", BROKER, "", ("message.max.bytes", DELETE, None))
    ask("unknown type", 99, "x", ("a", SET, "1"))
    resource = describe_configs.DescribeConfigsResource(TOPIC, "stepwise", ["cleanup.policy", "retention.ms"])
    talk.ask("what is left", describe_configs.DescribeConfigsRequest([resource]), 4)


def group_configs(talk: Talk) -> None:
    """Settings of one group (G16): what is checked, what is described, who is listed."""

    def alter(what: str, name: str, *changes: tuple[str, int, str | None]) -> None:
        entries = [incremental_alter_configs.AlterableConfig(*each) for each in changes]
        resource = incremental_alter_configs.AlterConfigsResource(GROUP, name, entries)
        talk.ask(what, incremental_alter_configs.IncrementalAlterConfigsRequest([resource]), 1)

    def describe(what: str, name: str, keys: list[str] | None) -> None:
        resource = describe_configs.DescribeConfigsResource(GROUP, name, keys)
        talk.ask(what, describe_configs.DescribeConfigsRequest([resource], include_synonyms=True), 4)

    session, heartbeat = "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"
    assignment = "consumer.assignment.interval.ms"
    describe("unknown", "paced", None)
    describe("no name", "", None)
    for name, values in (
        (session, ("44999", "60001")),
        (heartbeat, ("4999", "15001")),
        (assignment, ("-1", "15001")),
    ):
        for value in values:
            alter(f"{name}={value}", "paced", (name, SET, value))
    alter("not a number", "paced", (session, SET, "soon"))
    alter("unknown", "paced", ("session.timeout.ms", SET, "50000"))
    alter("no name", "", (session, SET, "50000"))
    alter("sound", "paced", (session, SET, "50000"), (heartbeat, SET, "6000"))
    describe("two set", "paced", None)
    describe("named", "paced", [session, assignment])
    alter("one undone", "paced", (session, DELETE, None))
    describe("one set", "paced", [session, heartbeat])
    # Topics come and go with the other scripts, so all types at once are asked for elsewhere.
    for types in ([GROUP], [BROKER, GROUP], [BROKER_LOGGER], [16], [1], [99]):
        talk.ask(f"list {types}", ListConfigResourcesRequest(types), 1)
    talk.ask("list", ListConfigResourcesRequest(), 0)
    alter("the other undone", "paced", (heartbeat, DELETE, None))
    describe("none set", "paced", [session, heartbeat])
    talk.ask("list none", ListConfigResourcesRequest([GROUP]), 1)


SCRIPTS = {
    each.__name__: each
    for each in (
        create_topics,
        small_segments,
        assigned_topics,
        delete_topics,
        create_partitions,
        elect_leaders,
        describe_configs_errors,
        alter_configs_errors,
        incremental_alter_configs_errors,
        group_configs,
    )
}
