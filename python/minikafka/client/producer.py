"""Producing: idempotent with acks=all unless told otherwise, one batch under way, the same bytes again until answered.

A producer that waits for each answer before the next batch needs no window: what is not acknowledged is sent again with
the sequence it had, and a broker that has it already says where it is (I3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from minikafka import types
from minikafka.client.client import TRANSACTION, Client, check
from minikafka.errors import ConfigError, ErrorCode
from minikafka.log.batch import build_batch, sequence_after
from minikafka.types import (
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    Offset,
    ProducerEpoch,
    ProducerId,
    TopicPartition,
)
from minikafka.wire.messages.add_partitions_to_txn import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnResponse,
    AddPartitionsToTxnTopic,
)
from minikafka.wire.messages.end_txn import EndTxnRequest, EndTxnResponse
from minikafka.wire.messages.init_producer_id import InitProducerIdRequest, InitProducerIdResponse
from minikafka.wire.messages.produce import (
    PartitionProduceData,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
)

HIGHEST: Final = 11
"""Later versions name topics by id, or let a produce open a transaction."""
CODECS: Final = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
ACKS_ALL: Final = -1
COMES_BACK: Final = frozenset({ErrorCode.UNKNOWN_TOPIC_OR_PARTITION})
"""A leader that does not know of its topic yet will."""


class OutgoingRecord(NamedTuple):
    """timestamp_ms: wall time."""

    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Identity(NamedTuple):
    """What InitProducerId handed out."""

    producer_id: ProducerId
    epoch: ProducerEpoch


NOBODY: Final = Identity(NO_PRODUCER_ID, NO_PRODUCER_EPOCH)


class Producer:
    """acks: -1, 0 or 1; idempotent with -1. transactional_id: every record belongs to one transaction, until `end`."""

    def __init__(
        self,
        client: Client,
        *,
        acks: int = ACKS_ALL,
        compression: str = "none",
        transactional_id: str | None = None,
        transaction_timeout_ms: int = 60_000,
    ) -> None:
        self._client = client
        self._acks = acks
        self._compression = CODECS[compression]
        self._transactional_id = transactional_id
        self._sequences: dict[TopicPartition, types.Sequence] = {}
        self._joined: set[TopicPartition] = set()
        wants_identity = acks == ACKS_ALL or transactional_id is not None
        self.identity = self._initialise(transaction_timeout_ms) if wants_identity else NOBODY

    def send(self, partition: TopicPartition, records: Sequence[OutgoingRecord]) -> Offset:
        """Append as one batch; the offset of the first, -1 when the broker does not say (acks=0, an old duplicate).

        Raises RequestRefused, Unreachable; MinikafkaError when it was given up, in which case nobody knows.
        """
        if self._transactional_id is not None and partition not in self._joined:
            self._client.until_settled(
                f"adding {partition} to the transaction", lambda: self._join(partition)
            )
            self._joined.add(partition)
        sequence = self._sequences.get(partition, 0) if self.identity is not NOBODY else NO_SEQUENCE
        batch = build_batch(
            records,
            producer_id=self.identity.producer_id,
            producer_epoch=self.identity.epoch,
            base_sequence=sequence,
            transactional=self._transactional_id is not None,
            compression=self._compression,
        )
        offset = self._client.until_settled(
            f"producing to {partition}", lambda: self._produce(partition, batch), also=COMES_BACK
        )
        if sequence != NO_SEQUENCE:
            self._sequences[partition] = sequence_after(sequence, len(records))
        return offset

    def end(self, *, commit: bool) -> None:
        """End the transaction; returns once it is decided. Raises as `send`."""
        assert self._transactional_id is not None
        if self._joined:
            self._client.until_settled("ending the transaction", lambda: self._end(commit))
        self._joined.clear()

    def _produce(self, partition: TopicPartition, batch: bytes) -> Offset:
        data = TopicProduceData(
            partition.topic, partition_data=[PartitionProduceData(partition.partition, batch)]
        )
        request = ProduceRequest(self._transactional_id, self._acks, self._timeout_ms, [data])
        if self._acks == 0:
            self._client.leader(partition).send(request, highest=HIGHEST)
            return -1
        response = self._client.ask(
            lambda: self._client.leader(partition),
            request,
            ProduceResponse,
            highest=HIGHEST,
            timeout_s=self._client.settings.timeout_s,
        )
        answer = response.responses[0].partition_responses[0]
        if answer.error_code == ErrorCode.DUPLICATE_SEQUENCE_NUMBER:
            return answer.base_offset
        whys = [answer.error_message, *(each.batch_index_error_message for each in answer.record_errors)]
        check(answer.error_code, f"producing to {partition}", "; ".join(why for why in whys if why))
        return answer.base_offset

    def _initialise(self, transaction_timeout_ms: int) -> Identity:
        name = self._transactional_id
        request = InitProducerIdRequest(name, transaction_timeout_ms)

        def attempt() -> Identity:
            whom = self._client.any if name is None else lambda: self._client.coordinator(name, TRANSACTION)
            answer = self._client.ask(whom, request, InitProducerIdResponse, highest=4)
            check(answer.error_code, "asking for a producer id")
            return Identity(answer.producer_id, answer.producer_epoch)

        return self._client.until_settled("asking for a producer id", attempt)

    def _join(self, partition: TopicPartition) -> None:
        assert self._transactional_id is not None
        name = self._transactional_id
        request = AddPartitionsToTxnRequest(
            v3_and_below_transactional_id=name,
            v3_and_below_producer_id=self.identity.producer_id,
            v3_and_below_producer_epoch=self.identity.epoch,
            v3_and_below_topics=[AddPartitionsToTxnTopic(partition.topic, [partition.partition])],
        )
        answer = self._client.ask(
            lambda: self._client.coordinator(name, TRANSACTION),
            request,
            AddPartitionsToTxnResponse,
            highest=3,
        )
        (result,) = answer.results_by_topic_v3_and_below[0].results_by_partition
        check(result.partition_error_code, f"adding {partition} to the transaction")

    def _end(self, commit: bool) -> None:
        assert self._transactional_id is not None
        name = self._transactional_id
        request = EndTxnRequest(name, *self.identity, commit)
        answer = self._client.ask(
            lambda: self._client.coordinator(name, TRANSACTION), request, EndTxnResponse, highest=4
        )
        check(answer.error_code, "ending the transaction")

    @property
    def _timeout_ms(self) -> int:
        return int(self._client.settings.timeout_s * 1000)


def acks_of(text: str) -> int:
    """`all`, `-1`, `0` or `1`. Raises ConfigError for anything else."""
    known = {"all": ACKS_ALL, "-1": ACKS_ALL, "0": 0, "1": 1}
    if text not in known:
        raise ConfigError(f"acks is all, 1 or 0, not {text!r}")
    return known[text]
