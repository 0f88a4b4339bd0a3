"""What a Fetch answer says of each partition, version by version.

An error names the new leader where there is one to name (KIP-951: `current_leader` from v12, its endpoint from v16).
The hint is as true as our own image, however old the metadata that sent the client here (R19).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

from minikafka.broker.fetch_session import CachedPartition
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.values import Isolation, Read
from minikafka.types import NO_OFFSET
from minikafka.wire.messages.fetch import (
    AbortedTransaction,
    EpochEndOffset,
    FetchableTopicResponse,
    FetchRequest,
    FetchResponse,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionData,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

Outcome: TypeAlias = Read | Rejected
Found: TypeAlias = list[tuple[CachedPartition, Outcome]]

NOT_FOUND: Final = frozenset({ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID})
LEADER_ERRORS: Final = frozenset({ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH})
CURRENT_LEADER_VERSION: Final = 12
NODE_ENDPOINTS_VERSION: Final = 16


class FetchAnswer:
    """Builds one answer."""

    def __init__(self, broker: Broker, request: Request[FetchRequest], isolation: Isolation) -> None:
        self._broker = broker
        self._version = request.api_version
        self._listener = request.listener
        self._isolation = isolation
        self._endpoints: dict[int, NodeEndpoint] = {}

    def of(self, found: Found, session_id: int) -> FetchResponse:
        """The partitions in the order they were read; those that do not exist last, as in Kafka."""
        topics: list[FetchableTopicResponse] = []
        for partition, outcome in _missing_last(found):
            topic = topics[-1] if topics else None
            if topic is None or topic.topic != partition.topic or topic.topic_id != partition.topic_id:
                topic = FetchableTopicResponse(
                    topic=partition.topic, topic_id=partition.topic_id, partitions=[]
                )
                topics.append(topic)
            topic.partitions.append(self._data(partition, outcome))
        return FetchResponse(
            session_id=session_id, responses=topics, node_endpoints=list(self._endpoints.values())
        )

    def _data(self, partition: CachedPartition, outcome: Outcome) -> PartitionData:
        if isinstance(outcome, Rejected):
            return self._refused(partition, outcome.code)
        return self._found(partition.wanted.partition, outcome)

    def _found(self, index: int, read: Read) -> PartitionData:
        data = PartitionData(
            partition_index=index,
            high_watermark=read.high_watermark,
            last_stable_offset=read.last_stable_offset,
            log_start_offset=read.log_start_offset,
            aborted_transactions=None,
            records=read.records,
        )
        if self._isolation is Isolation.READ_COMMITTED:
            data.aborted_transactions = [
                AbortedTransaction(producer_id=producer_id, first_offset=first_offset)
                for producer_id, first_offset in read.aborted
            ]
        if read.preferred_replica is not None:
            data.preferred_read_replica = read.preferred_replica
        if read.diverging is not None:
            data.diverging_epoch = EpochEndOffset(epoch=read.diverging[0], end_offset=read.diverging[1])
        return data

    def _refused(self, partition: CachedPartition, code: ErrorCode) -> PartitionData:
        data = PartitionData(
            partition_index=partition.wanted.partition,
            error_code=int(code),
            high_watermark=NO_OFFSET,
            aborted_transactions=[] if code in NOT_FOUND else None,
            records=b"",
        )
        image = self._broker.image
        state = None if partition.name is None else image.partition(partition.name)
        if state is None or code not in LEADER_ERRORS or self._version < CURRENT_LEADER_VERSION:
            return data
        if state.leader == self._broker.broker_id and code is ErrorCode.NOT_LEADER_OR_FOLLOWER:
            # Nobody is sent to a new leader by the leader itself, which only refuses to be fetched from as one (R17).
            return data
        data.current_leader = LeaderIdAndEpoch(leader_id=state.leader, leader_epoch=state.leader_epoch)
        leader = image.client_endpoint(state.leader, self._listener)
        if leader is not None and self._version >= NODE_ENDPOINTS_VERSION:
            self._endpoints[state.leader] = NodeEndpoint(
                node_id=state.leader, host=leader.host, port=leader.port, rack=leader.rack
            )
        return data


def _missing_last(found: Found) -> Iterable[tuple[CachedPartition, Outcome]]:
    return sorted(found, key=_is_missing)


def _is_missing(each: tuple[CachedPartition, Outcome]) -> bool:
    return isinstance(each[1], Rejected) and each[1].code in NOT_FOUND
