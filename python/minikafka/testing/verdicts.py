"""A verdict over a running cluster: read every partition as a consumer would, then let the ledger judge."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Final

from minikafka.config import INTERNAL_TOPICS
from minikafka.errors import MinikafkaError, WaitTimeout
from minikafka.ledger.facts import Facts
from minikafka.ledger.ledger import Ledger
from minikafka.ledger.logs import NOBODY_KNOWS, IdOf, LoggedPartition, Spooled, logged_batches
from minikafka.ledger.verdict import Judge, Verdict
from minikafka.partition.values import FSYNC
from minikafka.runtime import rpc
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.views import ALL, PartitionView, Question
from minikafka.runtime.reading import fetched
from minikafka.runtime.supervisor import Supervisor
from minikafka.types import TopicPartition
from minikafka.wire.messages import describe_configs

DESCRIBE_CONFIGS_VERSION: Final = 4
TOPIC_RESOURCE: Final = 2
COMPACT: Final = "compact"
ELECTION_TIMEOUT_S: Final = 2.0
"""How long a leader may take to hear of its election; one that is cut off from the controller never does."""


async def verdict(
    supervisor: Supervisor,
    ledger: Ledger,
    id_header: str | None = None,
    id_of: Mapping[str, IdOf] = NOBODY_KNOWS,
) -> Verdict:
    """What became of every record of every topic but the internal ones.

    `id_header`: a header that names a record, so that two with the same value are one record for certain. `id_of`: the
    same for one topic, by a function of key, value and headers.
    """
    # Before the logs are read: what is promised meanwhile need not be in them.
    facts = Facts(ledger.events(), without=INTERNAL_TOPICS)
    view = await _elections_heard(supervisor)
    fsync = supervisor.spec.durability == FSYNC
    judge = Judge(facts, id_header, id_of, fsync=fsync, ourselves=rpc.CLIENT_ID)
    for topic in view.topics:
        if topic not in INTERNAL_TOPICS:
            is_compacted = await _is_compacted(supervisor, view, topic)
            for one in view.partitions(topic):
                with closing(Spooled()) as batches:
                    judge.look(await _read(supervisor, view, one, batches, is_compacted=is_compacted))
    return judge.verdict()


async def _elections_heard(supervisor: Supervisor) -> ClusterView:
    """What is there once every living leader knows that it leads: the controller may have decided a moment ago."""
    question = Question(topic=ALL)
    with suppress(WaitTimeout):
        return await supervisor.until(question, _is_heard, ELECTION_TIMEOUT_S, str)
    return await supervisor.look(question)


def _is_heard(view: ClusterView) -> bool:
    decided = [one for topic in view.topics for one in view.partitions(topic) if one.leader in view.nodes]
    led = [(view.replica(one.leader, TopicPartition(one.topic, one.partition)), one) for one in decided]
    return all(at is not None and at.is_leader and at.leader_epoch == one.leader_epoch for at, one in led)


async def _is_compacted(supervisor: Supervisor, view: ClusterView, topic: str) -> bool:
    alive = [one.node for one in view.brokers if one.is_running]
    if not alive:
        return False
    asked = describe_configs.DescribeConfigsResource(
        resource_type=TOPIC_RESOURCE, resource_name=topic, configuration_keys=["cleanup.policy"]
    )
    request = describe_configs.DescribeConfigsRequest(resources=[asked])
    response = await rpc.call(*supervisor.internal_address(alive[0]), request, DESCRIBE_CONFIGS_VERSION)
    assert isinstance(response, describe_configs.DescribeConfigsResponse)
    return any(COMPACT in (one.value or "") for result in response.results for one in result.configs)


async def _read(
    supervisor: Supervisor,
    view: ClusterView,
    decided: PartitionView,
    batches: Spooled,
    *,
    is_compacted: bool,
) -> LoggedPartition:
    """Its log goes to `batches`, some of it at a time."""
    name = TopicPartition(decided.topic, decided.partition)
    leader = view.replica(decided.leader, name)
    if leader is None or not leader.is_leader:
        return _unreadable(name, f"no living broker leads it (leader {decided.leader})")
    try:
        address = supervisor.internal_address(decided.leader)
        offsets = leader.offsets
        async for data in fetched(address, name, offsets.log_start_offset, offsets.high_watermark):
            for batch in logged_batches(data):
                batches.add(batch)
    except MinikafkaError as error:
        return _unreadable(name, str(error))
    return LoggedPartition(
        name,
        True,
        "",
        leader.leader_epoch,
        offsets.log_start_offset,
        offsets.high_watermark,
        offsets.last_stable_offset,
        offsets.log_end_offset,
        is_compacted,
        batches,
    )


def _unreadable(name: TopicPartition, why: str) -> LoggedPartition:
    return LoggedPartition(name, False, why, -1, 0, 0, 0, 0, False, [])
