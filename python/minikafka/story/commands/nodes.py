"""The cluster and what happens to its nodes.

    cluster brokers=3 durability=fsync min.insync.replicas=2     a new cluster; settings by Kafka's names
    topic orders partitions=1 rf=3 retention.ms=1000             returns when it has leaders
    kill 1 | stop 1 | power-loss 1 seed=7 | pause 1 | resume 1 | start 1       1: a broker, or `controller`
    kill coordinator-of t                                        the broker that coordinates a producer's transactions
    cut 1 2 | cut 1 controller | isolate 1 | heal
    elect preferred orders-0 | elect unclean orders-0
    config orders unclean.leader.election.enable=true

Each returns when what it asked for is so.
"""

from __future__ import annotations

from minikafka.errors import ConfigError, ErrorCode
from minikafka.sim.host import Host
from minikafka.story.command import Command, number
from minikafka.story.commands.producing import producer_named
from minikafka.story.commands.transactions import coordinator
from minikafka.story.lines import client_line
from minikafka.story.session import Story, StoryWorld
from minikafka.types import CONTROLLER_ID, NO_LEADER, BrokerId, TopicPartition
from minikafka.wire.messages import create_topics, elect_leaders, incremental_alter_configs

READY_WITHIN_MS = 30_000
ELECTIONS = {"preferred": 0, "unclean": 1}
TOPIC_RESOURCE = 2
COORDINATOR_OF = "coordinator-of"
SET = 0


def cluster(story: Story, command: Command) -> None:
    """Start it and wait until every broker is in service."""
    options = dict(command.options)
    brokers = number(options.pop("brokers", "3"), "a number of brokers")
    durability = options.pop("durability", "page-cache")
    world = StoryWorld(1, brokers=brokers, config=dict(options), durability=durability, trace=True)
    story.begin(world)
    world.start()
    story.wait(world.all_running, "every broker in service", READY_WITHIN_MS)


def topic(story: Story, command: Command) -> None:
    """Create it and wait until every partition is led and known everywhere."""
    options = dict(command.options)
    name = command.word(0, "a name")
    partitions = number(options.pop("partitions", "1"), "a number of partitions")
    replicas = number(options.pop("rf", str(len(story.world.brokers))), "a replication factor")
    request = create_topics.CreateTopicsRequest(
        topics=[
            create_topics.CreatableTopic(
                name=name,
                num_partitions=partitions,
                replication_factor=replicas,
                configs=[
                    create_topics.CreatableTopicConfig(name=key, value=value)
                    for key, value in options.items()
                ],
            )
        ],
        timeout_ms=READY_WITHIN_MS,
    )
    response = story.answer_of(story.anyone(), "admin", request, 7)
    assert isinstance(response, create_topics.CreateTopicsResponse)
    _check(response.topics[0].error_code, response.topics[0].error_message)
    names = [TopicPartition(name, index) for index in range(partitions)]
    story.wait(lambda: all(_is_settled(story, each) for each in names), f"leaders of {name}")
    # From here on: how it came to be led is the same for every topic, and no story's subject.
    story.topics.add(name)


def _is_settled(story: Story, name: TopicPartition) -> bool:
    """Led, and every replica follows."""
    controller = story.world.controller()
    state = None if controller is None else controller.image.partition(name)
    if state is None or state.leader == NO_LEADER:
        return False
    replicas = {broker: story.world.replica(broker, name) for broker in state.replicas}
    return all(
        replica is not None and (replica.is_leader if broker == state.leader else replica.is_follower)
        for broker, replica in replicas.items()
    )


def _check(code: int, why: str | None) -> None:
    if code != ErrorCode.NONE:
        raise ConfigError(f"{ErrorCode(code).name}: {why or ''}")


# One node.


def kill(story: Story, command: Command) -> None:
    """D1: the process is gone, its page cache is not."""
    _host(story, command).kill()


def stop(story: Story, command: Command) -> None:
    """D1: flush, hand leadership over, leave a note."""
    host = _host(story, command)
    host.stop()
    story.wait(lambda: not host.is_up, f"the end of {command.words[0]}")


def power_loss(story: Story, command: Command) -> None:
    """D1: what was not fsynced is gone; with `seed`, a part of it survives torn."""
    command.only("seed")
    seed = command.options.get("seed")
    _host(story, command).power_loss(None if seed is None else number(seed, "a seed"))


def start(story: Story, command: Command) -> None:
    """A new life on whatever the disk holds; waits until it is in service."""
    host = _host(story, command)
    if host.is_up:
        raise ConfigError(f"{command.words[0]} is running")
    host.start()
    if host.node_id != CONTROLLER_ID:
        story.wait(lambda: _is_running(story, host.node_id), f"broker {host.node_id} in service")


def _is_running(story: Story, broker: BrokerId) -> bool:
    node = story.world.broker(broker)
    return node is not None and node.is_running


def pause(story: Story, command: Command) -> None:
    """It gets no processor; its connections stay open."""
    _host(story, command).pause()


def resume(story: Story, command: Command) -> None:
    """It goes on where it was."""
    _host(story, command).resume()


def _host(story: Story, command: Command) -> Host:
    first = command.word(0, "a broker's number, or controller")
    if first == COORDINATOR_OF:
        broker = coordinator(story, producer_named(story, command.word(1, "a producer")))
        story.tell(f"... that is broker {broker}")
        return story.world.hosts[broker]
    return story.world.hosts[_node(story, first)]


def _node(story: Story, text: str) -> BrokerId:
    node = CONTROLLER_ID if text == "controller" else number(text, "a broker's number")
    if node not in story.world.hosts:
        raise ConfigError(f"there is no broker {text}")
    return node


# The network.


def cut(story: Story, command: Command) -> None:
    """Nothing passes between two nodes any more."""
    one, other = (_node(story, command.word(index, "two nodes")) for index in (0, 1))
    story.world.network.cut([(one, other)])


def isolate(story: Story, command: Command) -> None:
    """Cut one node off from all others, not from clients."""
    node = _node(story, command.word(0, "a node"))
    story.world.network.cut([(node, other) for other in story.world.hosts if other != node])


def heal(story: Story, command: Command) -> None:
    """Everyone reaches everyone."""
    story.world.network.heal()


# What an admin asks for.


def elect(story: Story, command: Command) -> None:
    """R15, R16: ask the controller for an election."""
    kind = command.word(0, "preferred or unclean")
    if kind not in ELECTIONS:
        raise ConfigError(f"an election is preferred or unclean, not {kind}")
    name = command.partition(1)
    request = elect_leaders.ElectLeadersRequest(
        election_type=ELECTIONS[kind],
        topic_partitions=[elect_leaders.TopicPartitions(topic=name.topic, partitions=[name.partition])],
        timeout_ms=READY_WITHIN_MS,
    )
    response = story.answer_of(story.anyone(), "admin", request, 2)
    assert isinstance(response, elect_leaders.ElectLeadersResponse)
    result = response.replica_election_results[0].partition_result[0]
    code = ErrorCode(result.error_code)
    story.tell(client_line("admin", f"elect {kind}", name, "done" if code is ErrorCode.NONE else code.name))


def config(story: Story, command: Command) -> None:
    """Change a topic's settings at run time."""
    name = command.word(0, "a topic")
    request = incremental_alter_configs.IncrementalAlterConfigsRequest(
        resources=[
            incremental_alter_configs.AlterConfigsResource(
                resource_type=TOPIC_RESOURCE,
                resource_name=name,
                configs=[
                    incremental_alter_configs.AlterableConfig(name=key, config_operation=SET, value=value)
                    for key, value in command.options.items()
                ],
            )
        ]
    )
    response = story.answer_of(story.anyone(), "admin", request, 1)
    assert isinstance(response, incremental_alter_configs.IncrementalAlterConfigsResponse)
    _check(response.responses[0].error_code, response.responses[0].error_message)
