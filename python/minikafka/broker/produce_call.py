"""One Produce request, from its first append to its answer."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from minikafka.broker.purgatory import Bound, Mark
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.acks import ALL
from minikafka.partition.partition import Partition
from minikafka.partition.records import NoSingleBatch, RecordsRejected
from minikafka.types import NO_OFFSET, LeaderEpoch, Now, Offset, TopicPartition
from minikafka.wire.messages.produce import (
    BatchIndexAndErrorMessage,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
    TopicProduceResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

WAITED_FOR: Final = (Bound.HIGH_WATERMARK, Bound.RECOVERY_POINT, Bound.LEADERSHIP)
OUTSIDE_THE_LOG: Final = frozenset(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.MESSAGE_TOO_LARGE,
        ErrorCode.RECORD_LIST_TOO_LARGE,
        ErrorCode.CORRUPT_MESSAGE,
        ErrorCode.KAFKA_STORAGE_ERROR,
        ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
"""L8: after these Kafka does not tell the log start; after every other refusal by a partition it does."""
CURRENT_LEADER_VERSION: Final = 10
"""KIP-951: from here on [6] names the new leader."""


@lru_cache(maxsize=4096)
def marks_of(partition: TopicPartition) -> tuple[Mark, ...]:
    """What a produce to `partition` waits to see move."""
    return tuple(Mark(partition, bound) for bound in WAITED_FOR)


class _Waiting:
    """A partition appended to and not yet replicated enough."""

    __slots__ = ("answer", "cause", "last_offset", "leader_epoch", "partition")

    def __init__(
        self,
        partition: Partition,
        last_offset: Offset,
        leader_epoch: LeaderEpoch,
        answer: PartitionProduceResponse,
        cause: int | None,
    ) -> None:
        self.cause = cause
        self.partition = partition
        self.last_offset = last_offset
        self.leader_epoch = leader_epoch
        self.answer = answer


class ProduceCall:
    """Answers of all partitions, and those still waited for. A purgatory waiter."""

    __slots__ = ("_answers", "_broker", "_failed", "_request", "_waiting", "done")

    def __init__(self, broker: Broker, request: Request[ProduceRequest]) -> None:
        self._broker = broker
        self._request = request
        self._answers: list[TopicProduceResponse] = []
        self._waiting: list[_Waiting] = []
        self._failed = False
        self.done = False

    def reject_all(self, code: ErrorCode, why: str, now: Now) -> None:
        """The same error for every partition; nothing is appended."""
        for topic in self._request.body.topic_data:
            answers = [self._refused(data.index, Rejected(code, why)) for data in topic.partition_data]
            self._answer_topic(topic, answers)
        self._finish(now)

    def append_all(self, refused: dict[TopicPartition, ErrorCode], now: Now) -> None:
        """Append partition by partition; `refused` are those whose transaction was not verified (T6)."""
        request = self._request
        by_id = request.api_version >= 13
        for topic in request.body.topic_data:
            name = self._broker.image.topic_name(topic.topic_id) if by_id else topic.name
            answers = []
            for data in topic.partition_data:
                try:
                    if name is None:
                        raise Rejected(ErrorCode.UNKNOWN_TOPIC_ID, "no topic has this id here")
                    partition = TopicPartition(name, data.index)
                    if refused and partition in refused:
                        raise Rejected(refused[partition], "its transaction could not be verified")
                    answers.append(self._append(partition, data, now))
                except Rejected as rejected:
                    answers.append(self._refused(data.index, rejected))
            self._answer_topic(topic, answers)
        if self._waiting and request.body.acks != 0:
            self._park(now)
        else:
            self._finish(now)

    def _answer_topic(self, topic: TopicProduceData, answers: list[PartitionProduceResponse]) -> None:
        self._answers.append(
            TopicProduceResponse(name=topic.name, topic_id=topic.topic_id, partition_responses=answers)
        )

    def _append(self, name: TopicPartition, data: PartitionProduceData, now: Now) -> PartitionProduceResponse:
        request = self._request
        partition = self._broker.replicas.leader(name)
        acks = request.body.acks
        try:
            appended = partition.append(
                data.records if data.records is not None else b"",
                acks=acks,
                produce_version=request.api_version,
                transactional_id=request.body.transactional_id,
                now=now,
            )
        except Rejected as rejected:
            is_told = not isinstance(rejected, NoSingleBatch) and rejected.code not in OUTSIDE_THE_LOG
            if self._broker.trace.on:
                self._tell_refused(name, rejected)
            return self._refused(
                data.index, rejected, partition.log.port.log_start_offset if is_told else NO_OFFSET
            )
        # The bytes are in the log now: a produce that waits must not keep its frame in memory.
        data.records = None
        self._broker.replicas.changed(partition)
        answer = PartitionProduceResponse(
            index=data.index,
            base_offset=appended.base_offset,
            log_append_time_ms=appended.log_append_time_ms,
            log_start_offset=appended.log_start_offset,
        )
        if partition.acks_state(appended.last_offset, partition.leader_epoch, acks) is None:
            waiting = _Waiting(
                partition, appended.last_offset, partition.leader_epoch, answer, appended.told_as
            )
            self._waiting.append(waiting)
        elif self._broker.trace.on:
            self._tell_ack(name, appended.last_offset, ErrorCode.NONE, appended.told_as)
        return answer

    def _tell_refused(self, name: TopicPartition, rejected: Rejected) -> None:
        """L2, or the rule that refused. L8: who leads elsewhere is part of the answer (KIP-951)."""
        elsewhere = rejected.code is ErrorCode.NOT_LEADER_OR_FOLLOWER
        self._broker.trace.event(
            "refused",
            rejected.rule or ("L8" if elsewhere else "L2"),
            name,
            api="Produce",
            code=rejected.code.name,
            why=rejected.why,
        )

    def _tell_ack(
        self, name: TopicPartition, last_offset: Offset, code: ErrorCode, cause: int | None
    ) -> None:
        """L14, R7: what the producer hears of its batch, and which append (or duplicate) it is about."""
        request = self._request
        acks = request.body.acks
        told_as = self._broker.trace.event(
            "ack",
            "R7" if acks == ALL else "L14",
            name,
            cause,
            acks=acks,
            last_offset=last_offset,
            code=code.name,
            client_id=request.client_id,
            connection=request.connection,
        )
        request.answers.append(told_as)

    def _refused(
        self, index: int, rejected: Rejected, log_start_offset: Offset = NO_OFFSET
    ) -> PartitionProduceResponse:
        self._failed = True
        errors = rejected.record_errors if isinstance(rejected, RecordsRejected) else ()
        return PartitionProduceResponse(
            index=index,
            error_code=int(rejected.code),
            base_offset=NO_OFFSET,
            log_start_offset=log_start_offset,
            record_errors=[
                BatchIndexAndErrorMessage(batch_index=batch_index, batch_index_error_message=message)
                for batch_index, message in errors
            ],
            error_message=rejected.why or None,
        )

    # Waiting (R7).

    def _park(self, now: Now) -> None:
        marks = [mark for waiting in self._waiting for mark in marks_of(waiting.partition.topic_partition)]
        deadline_ms = now.waiting_ms + max(0, self._request.body.timeout_ms)
        self._broker.produce_purgatory.park(self, marks, deadline_ms)
        self._request.let_next_pass()

    def moved(self, mark: Mark, now: Now) -> None:
        """A high watermark, a recovery point or a leadership moved."""
        acks = self._request.body.acks
        for waiting in tuple(self._waiting):
            code = waiting.partition.acks_state(waiting.last_offset, waiting.leader_epoch, acks)
            if code is not None:
                self._settle(waiting, code)
                self._waiting.remove(waiting)
        if not self._waiting:
            self._finish(now)

    def expired(self, now: Now) -> None:
        """R7: timed out, with the offset the record does have."""
        for waiting in self._waiting:
            self._settle(waiting, ErrorCode.REQUEST_TIMED_OUT)
        self._finish(now)

    def _settle(self, waiting: _Waiting, code: ErrorCode) -> None:
        if self._broker.trace.on:
            self._tell_ack(waiting.partition.topic_partition, waiting.last_offset, code, waiting.cause)
        if code != ErrorCode.NONE:
            self._failed = True
            waiting.answer.error_code = int(code)

    def _finish(self, now: Now) -> None:
        self.done = True
        request = self._request
        if request.body.acks == 0:
            # L14: an error can only be shown by closing the connection.
            if self._failed:
                request.close("a produce with acks=0 failed")
            else:
                request.reply_nothing()
            return
        endpoints = self._name_new_leaders() if self._failed else []
        request.reply(ProduceResponse(responses=self._answers, node_endpoints=endpoints))

    def _name_new_leaders(self) -> list[NodeEndpoint]:
        if self._request.api_version < CURRENT_LEADER_VERSION:
            return []
        image = self._broker.image
        endpoints: dict[int, NodeEndpoint] = {}
        for topic in self._answers:
            name = topic.name or image.topic_name(topic.topic_id) or ""
            for answer in topic.partition_responses:
                state = image.partition(TopicPartition(name, answer.index))
                if answer.error_code != ErrorCode.NOT_LEADER_OR_FOLLOWER or state is None:
                    continue
                answer.current_leader = LeaderIdAndEpoch(
                    leader_id=state.leader, leader_epoch=state.leader_epoch
                )
                leader = image.client_endpoint(state.leader, self._request.listener)
                if leader is not None:
                    endpoints[state.leader] = NodeEndpoint(
                        node_id=state.leader, host=leader.host, port=leader.port, rack=leader.rack
                    )
        return list(endpoints.values())
