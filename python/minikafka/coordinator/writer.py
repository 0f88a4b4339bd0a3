"""What a coordinator needs from the log it lives in, and what a refused append means to its clients.

Ring 3 provides the writer over the real partition; tests provide a list. A refused append is told in coordinator
terms: the client must look for its coordinator again, not for the leader of an internal topic it never heard of.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Protocol

from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now, Offset, ProducerEpoch, ProducerId


class Written(Protocol):
    """Where a batch went; both ends inclusive. The partition's own answer to an append fits."""

    @property
    def base_offset(self) -> Offset: ...
    @property
    def last_offset(self) -> Offset: ...


class PartitionWriter(Protocol):
    """The internal topic's partitions this broker leads."""

    def append(
        self,
        index: int,
        records: list[CoordinatorRecord],
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        now: Now,
    ) -> Written:
        """Append `records` as one batch to partition `index`, as its leader, under the rules of acks=all (min ISR is
        checked first). With a producer id the batch is transactional. Raises Rejected; then nothing was written.
        """

    def high_watermark(self, index: int) -> Offset:
        """First offset that is not yet replicated to the in-sync replicas (exclusive)."""


_TOLD_AS: Final = MappingProxyType(
    {
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION: ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_ENOUGH_REPLICAS: ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND: ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.REQUEST_TIMED_OUT: ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_LEADER_OR_FOLLOWER: ErrorCode.NOT_COORDINATOR,
        ErrorCode.KAFKA_STORAGE_ERROR: ErrorCode.NOT_COORDINATOR,
        ErrorCode.MESSAGE_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
        ErrorCode.RECORD_LIST_TOO_LARGE: ErrorCode.UNKNOWN_SERVER_ERROR,
    }
)
"""Source: Kafka's CoordinatorOperationExceptionHelper. What is not here (a fenced producer, say) is passed on."""


def told_to_clients(refusal: Rejected) -> Rejected:
    """The append's refusal, in the words of a coordinator."""
    return Rejected(_TOLD_AS.get(refusal.code, refusal.code), refusal.why)
