"""One DeleteRecords request: raise the log starts here, wait until every live replica has followed, answer (L12).

    internal topic                            INVALID_TOPIC_EXCEPTION [17]
    no such partition, led elsewhere          [3], [6]
    compacted and not deleted from            POLICY_VIOLATION [44]
    below 0, above the high watermark         OFFSET_OUT_OF_RANGE [1]
    a live replica did not follow in time     REQUEST_TIMED_OUT [7]

A follower hears of the leader's log start in the answer to its fetch, and tells its own in the next one. Replicas of
fenced brokers are not waited for: they raise their log start when they are back, before they may lead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker.purgatory import Bound, Mark
from minikafka.broker.request import Request
from minikafka.config import INTERNAL_TOPICS
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.partition import Partition
from minikafka.types import NO_OFFSET, Now, Offset, TopicPartition
from minikafka.wire.messages.delete_records import (
    DeleteRecordsPartition,
    DeleteRecordsPartitionResult,
    DeleteRecordsRequest,
    DeleteRecordsResponse,
    DeleteRecordsTopicResult,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

WAITED_FOR: Final = (Bound.LOG_START_OFFSET, Bound.LEADERSHIP)


class _Waiting:
    """A partition whose log start was raised to `offset` here, and not everywhere."""

    __slots__ = ("answer", "offset", "partition")

    def __init__(self, partition: Partition, offset: Offset, answer: DeleteRecordsPartitionResult) -> None:
        self.partition = partition
        self.offset = offset
        self.answer = answer

    def settle(self) -> bool:
        """Fill in the answer as of now; whether it is final."""
        try:
            self.answer.low_watermark = self.partition.low_watermark()
        except Rejected as rejected:
            self.answer.error_code, self.answer.low_watermark = int(rejected.code), NO_OFFSET
            return True
        return self.answer.low_watermark >= self.offset


class DeleteRecordsCall:
    """Answers of all partitions, and those still waited for. A purgatory waiter."""

    __slots__ = ("_answers", "_broker", "_request", "_waiting", "done")

    def __init__(self, broker: Broker, request: Request[DeleteRecordsRequest]) -> None:
        self._broker = broker
        self._request = request
        self._answers: list[DeleteRecordsTopicResult] = []
        self._waiting: list[_Waiting] = []
        self.done = False

    def begin(self, now: Now) -> None:
        """Raise every log start, then answer or wait."""
        body = self._request.body
        for topic in body.topics:
            results = [
                self._delete(TopicPartition(topic.name, asked.partition_index), asked)
                for asked in topic.partitions
            ]
            self._answers.append(DeleteRecordsTopicResult(name=topic.name, partitions=results))
        if not self._waiting:
            self._finish()
        elif body.timeout_ms <= 0:
            self.expired(now)
        else:
            names = [waiting.partition.topic_partition for waiting in self._waiting]
            marks = [Mark(name, bound) for name in names for bound in WAITED_FOR]
            self._broker.produce_purgatory.park(self, marks, now.waiting_ms + body.timeout_ms)

    def _delete(self, name: TopicPartition, asked: DeleteRecordsPartition) -> DeleteRecordsPartitionResult:
        answer = DeleteRecordsPartitionResult(partition_index=name.partition, low_watermark=NO_OFFSET)
        try:
            if name.topic in INTERNAL_TOPICS:
                raise Rejected(ErrorCode.INVALID_TOPIC_EXCEPTION, f"{name.topic} is internal")
            partition = self._broker.replicas.leader(name)
            offset = partition.delete_records(asked.offset)
        except Rejected as rejected:
            answer.error_code = int(rejected.code)
            return answer
        self._broker.replicas.changed(partition)
        waiting = _Waiting(partition, offset, answer)
        if not waiting.settle():
            self._waiting.append(waiting)
        return answer

    def moved(self, mark: Mark, now: Now) -> None:
        """A log start or a leadership moved."""
        self._waiting = [waiting for waiting in self._waiting if not waiting.settle()]
        if not self._waiting:
            self._finish()

    def expired(self, now: Now) -> None:
        """Some live replica did not follow in time; its leader goes on to tell it."""
        for waiting in self._waiting:
            if not waiting.settle():
                waiting.answer.error_code = int(ErrorCode.REQUEST_TIMED_OUT)
        self._finish()

    def _finish(self) -> None:
        self.done = True
        self._request.reply(DeleteRecordsResponse(topics=self._answers))
