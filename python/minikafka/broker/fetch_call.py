"""One Fetch request: read what there is, wait for more, answer.

F4 decides when: at once if nothing was asked for, `max_wait_ms` is 0, `min_bytes` are there, or any partition has news
that is not data (an error, a diverging epoch); otherwise when one of its partitions moved far enough, or at the
deadline.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.broker.purgatory import Bound, Mark
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.partition import Isolation, Partition, Read
from minikafka.types import NO_EPOCH, NO_OFFSET, Now, TopicPartition
from minikafka.wire.messages.fetch import (
    AbortedTransaction,
    EpochEndOffset,
    FetchableTopicResponse,
    FetchPartition,
    FetchRequest,
    FetchResponse,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionData,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

BOUND_OF: Final = {
    Isolation.REPLICA: Bound.LOG_END_OFFSET,
    Isolation.READ_UNCOMMITTED: Bound.HIGH_WATERMARK,
    Isolation.READ_COMMITTED: Bound.LAST_STABLE_OFFSET,
}
"""F1, F4: what a reader's records are bounded by is what wakes it."""
NO_REPLICA: Final = -1
FOLLOWER_FETCH_VERSION: Final = 11
"""KIP-392: from here on consumers may read from followers, and say in which rack they stand."""
NOT_FOUND: Final = frozenset({ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID})
LEADER_ERRORS: Final = (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH)
MAX_WAIT_MS: Final = 300_000
"""Nobody waits longer, whatever was asked for: a parked fetch outlives its connection until its deadline."""


@lru_cache(maxsize=4096)
def marks_of(partition: TopicPartition, bound: Bound) -> tuple[Mark, Mark]:
    """What a reader of `partition` waits to see move."""
    return Mark(partition, bound), Mark(partition, Bound.LEADERSHIP)


class _Asked(NamedTuple):
    """One partition of the request. `name` is None for a topic id we do not know."""

    name: TopicPartition | None
    wanted: FetchPartition


class FetchCall:
    """A request and what it waits for. A purgatory waiter."""

    __slots__ = (
        "_asked",
        "_broker",
        "_isolation",
        "_only_leader",
        "_rack",
        "_replica_epoch",
        "_replica_id",
        "_request",
        "_topics",
        "done",
    )

    def __init__(self, broker: Broker, request: Request[FetchRequest]) -> None:
        body = request.body
        self._broker = broker
        self._request = request
        self.done = False
        if request.api_version >= 15:
            self._replica_id, self._replica_epoch = (
                body.replica_state.replica_id,
                body.replica_state.replica_epoch,
            )
        else:
            self._replica_id, self._replica_epoch = body.replica_id, NO_OFFSET
        if self._replica_id >= 0:
            self._isolation = Isolation.REPLICA
        else:
            self._isolation = (
                Isolation.READ_COMMITTED if body.isolation_level == 1 else Isolation.READ_UNCOMMITTED
            )
        self._only_leader = self._replica_id >= 0 or request.api_version < FOLLOWER_FETCH_VERSION
        self._rack = "" if self._only_leader or not broker.settings.selects_by_rack else body.rack_id
        by_id = request.api_version >= 13
        self._topics: list[tuple[str, bytes, list[_Asked]]] = []
        for topic in body.topics:
            name = broker.image.topic_name(topic.topic_id) if by_id else topic.topic
            asked = [
                _Asked(None if name is None else TopicPartition(name, wanted.partition), wanted)
                for wanted in topic.partitions
            ]
            self._topics.append((topic.topic, topic.topic_id, asked))

    def begin(self, now: Now) -> None:
        """Note what a follower's offsets acknowledge, read, then answer or wait."""
        if self._replica_id >= 0:
            self._note_follower(now)
        body = self._request.body
        if body.max_wait_ms <= 0 or not self._topics:
            self.expired(now)
        elif not self._answer_if_enough(now):
            bound = BOUND_OF[self._isolation]
            marks = [
                mark
                for _, _, asked in self._topics
                for name, _ in asked
                if name is not None
                for mark in marks_of(name, bound)
            ]
            self._broker.fetch_purgatory.park(self, marks, now.monotonic_ms + min(body.max_wait_ms, MAX_WAIT_MS))

    def moved(self, mark: Mark, now: Now) -> None:
        """Data arrived below our bound, or a leadership changed. One byte is what nearly everyone waits for."""
        if self._request.is_abandoned:
            self.done = True
        else:
            self._answer_if_enough(now)

    def expired(self, now: Now) -> None:
        """The wait is over; answer with what there is."""
        found, _, _ = self._read(now)
        self._answer(found)

    def _answer_if_enough(self, now: Now) -> bool:
        found, size, is_urgent = self._read(now)
        if is_urgent or size >= self._request.body.min_bytes:
            self._answer(found)
        return self.done

    def _answer(self, found: list[Read | Rejected]) -> None:
        self.done = True
        self._request.reply(self._response(found))

    def _note_follower(self, now: Now) -> None:
        for _, _, asked in self._topics:
            for name, wanted in asked:
                partition = self._broker.replicas.get(name) if name is not None else None
                if partition is not None and partition.is_leader:
                    moved = partition.follower_fetched(
                        self._replica_id,
                        self._replica_epoch,
                        wanted.fetch_offset,
                        wanted.log_start_offset,
                        now,
                        leader_epoch=wanted.current_leader_epoch,
                        last_fetched_epoch=wanted.last_fetched_epoch,
                    )
                    if moved:
                        self._broker.replicas.changed(partition)

    def _read(self, now: Now) -> tuple[list[Read | Rejected], int, bool]:
        """What each partition has as of now, the bytes of records in it, and whether it must not wait."""
        left = min(self._request.body.max_bytes, self._broker.settings.fetch_max_bytes)
        size = 0
        is_urgent = False
        found: list[Read | Rejected] = []
        for _, _, asked in self._topics:
            for name, wanted in asked:
                try:
                    read = self._read_partition(
                        name, wanted, min(wanted.partition_max_bytes, left), size == 0, now
                    )
                except Rejected as rejected:
                    is_urgent = True
                    found.append(rejected)
                    continue
                found.append(read)
                size += len(read.records)
                left = max(0, left - len(read.records))
                is_urgent = is_urgent or read.diverging is not None or read.preferred_replica is not None
        return found, size, is_urgent

    def _response(self, found: list[Read | Rejected]) -> FetchResponse:
        """`found` has an entry for each partition asked for, in order."""
        topics = []
        endpoints: dict[int, NodeEndpoint] = {}
        rest = iter(found)
        for topic, topic_id, asked in self._topics:
            partitions = [
                self._refused(name, wanted.partition, one.code, endpoints)
                if isinstance(one, Rejected)
                else self._found(wanted.partition, one)
                for (name, wanted), one in zip(asked, rest, strict=False)
            ]
            topics.append(FetchableTopicResponse(topic=topic, topic_id=topic_id, partitions=partitions))
        return FetchResponse(responses=topics, node_endpoints=list(endpoints.values()))

    def _read_partition(
        self, name: TopicPartition | None, wanted: FetchPartition, max_bytes: int, first: bool, now: Now
    ) -> Read:
        if name is None:
            raise Rejected(ErrorCode.UNKNOWN_TOPIC_ID, "no topic has this id here")
        replicas = self._broker.replicas
        partition: Partition = replicas.leader(name) if self._only_leader else replicas.serving(name)
        if self._rack:
            redirected = partition.redirect(
                wanted.fetch_offset, self._rack, self._broker.racks(), wanted.current_leader_epoch
            )
            if redirected is not None:
                return redirected
        followers = (each for each in partition.replicas if each != self._broker.broker_id)
        if self._isolation is Isolation.REPLICA and self._replica_id not in followers:
            # R17: one that knows our epoch may have heard of its assignment before we did; it asks again.
            knows = wanted.current_leader_epoch != NO_EPOCH
            code = ErrorCode.UNKNOWN_LEADER_EPOCH if knows else ErrorCode.NOT_LEADER_OR_FOLLOWER
            raise Rejected(code, f"broker {self._replica_id} is no follower of {name}")
        return partition.read(
            offset=wanted.fetch_offset,
            max_bytes=max_bytes,
            at_least_one_batch=first,
            isolation=self._isolation,
            current_leader_epoch=wanted.current_leader_epoch,
            last_fetched_epoch=wanted.last_fetched_epoch,
            now=now,
            only_from_leader=self._only_leader,
        )

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

    def _refused(
        self, name: TopicPartition | None, index: int, code: ErrorCode, endpoints: dict[int, NodeEndpoint]
    ) -> PartitionData:
        data = PartitionData(
            partition_index=index,
            error_code=int(code),
            high_watermark=NO_OFFSET,
            aborted_transactions=[] if code in NOT_FOUND else None,
            records=b"",
        )
        state = None if name is None else self._broker.image.partition(name)
        # Nobody is sent to a new leader by the leader itself, which only refuses to be fetched from as one (R17).
        leads = state is not None and state.leader == self._broker.broker_id
        sent_away = code in LEADER_ERRORS and not (leads and code is ErrorCode.NOT_LEADER_OR_FOLLOWER)
        if sent_away and state is not None and self._request.api_version >= 12:
            data.current_leader = LeaderIdAndEpoch(leader_id=state.leader, leader_epoch=state.leader_epoch)
            leader = self._broker.image.client_endpoint(state.leader)
            if leader is not None and self._request.api_version >= 16:
                endpoints[state.leader] = NodeEndpoint(
                    node_id=state.leader, host=leader.host, port=leader.port, rack=leader.rack
                )
        return data
