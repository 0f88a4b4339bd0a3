"""The records of `__transaction_state`, byte for byte Kafka's: key = transactional id, value = its whole
state.

Because each record holds the whole state, compaction keeps the last per id and replay is overwriting. A null
value is an expired id.

One field of the state is not in the record, in Kafka neither: `last_producer_epoch`. `replayed` works it out
again where it follows from the move itself; where it does not (a bump by InitProducerId) a restart forgets
it, and a retry that spans a failover is fenced.
"""

from __future__ import annotations

from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.transaction.states import EMPTY, TransactionState
from minikafka.transaction.transaction import TV2, Transaction
from minikafka.types import NO_PRODUCER_EPOCH, TopicPartition
from minikafka.wire.codec import decode_record, encode_record
from minikafka.wire.records.transaction_log import PartitionsSchema, TransactionLogKey, TransactionLogValue


def value_version(transaction_version: int) -> int:
    """Version of the value to write at a finalized `transaction.version`: flexible (1) from TV1 on."""
    return 1 if transaction_version >= 1 else 0


def state_record(transaction: Transaction, version: int) -> CoordinatorRecord:
    """The record that makes `transaction` the state of its id."""
    partitions: dict[str, list[int]] = {}
    for topic, partition in sorted(transaction.partitions):
        partitions.setdefault(topic, []).append(partition)
    value = TransactionLogValue(
        producer_id=transaction.producer_id,
        previous_producer_id=transaction.previous_producer_id if version >= 1 else -1,
        next_producer_id=transaction.next_producer_id if version >= 1 else -1,
        producer_epoch=transaction.producer_epoch,
        transaction_timeout_ms=transaction.timeout_ms,
        transaction_status=int(transaction.state),
        transaction_partitions=None
        if transaction.state is EMPTY
        else [PartitionsSchema(topic=topic, partition_ids=ids) for topic, ids in partitions.items()],
        transaction_last_update_timestamp_ms=transaction.update_timestamp_ms,
        transaction_start_timestamp_ms=transaction.start_timestamp_ms,
        client_transaction_version=transaction.client_transaction_version if version >= 1 else 0,
    )
    return CoordinatorRecord(_key(transaction.transactional_id), encode_record(value, version))


def tombstone(transactional_id: str) -> CoordinatorRecord:
    """The record that forgets the id."""
    return CoordinatorRecord(_key(transactional_id), None)


def _key(transactional_id: str) -> bytes:
    return encode_record(TransactionLogKey(transactional_id=transactional_id), 0)


def read_record(record: CoordinatorRecord) -> tuple[str, Transaction | None]:
    """The id, and its state; None when the record forgets it."""
    transactional_id = decode_record(TransactionLogKey, record.key).transactional_id
    if record.value is None:
        return transactional_id, None
    value = decode_record(TransactionLogValue, record.value)
    return transactional_id, Transaction(
        transactional_id=transactional_id,
        state=TransactionState(value.transaction_status),
        producer_id=value.producer_id,
        producer_epoch=value.producer_epoch,
        timeout_ms=value.transaction_timeout_ms,
        previous_producer_id=value.previous_producer_id,
        next_producer_id=value.next_producer_id,
        partitions=frozenset(
            TopicPartition(topic.topic, partition)
            for topic in value.transaction_partitions or ()
            for partition in topic.partition_ids
        ),
        start_timestamp_ms=value.transaction_start_timestamp_ms,
        update_timestamp_ms=value.transaction_last_update_timestamp_ms,
        client_transaction_version=value.client_transaction_version,
    )


def replayed(before: Transaction | None, read: Transaction) -> Transaction:
    """`read` with its last producer epoch: the one a TV2 end bumped, kept until the producer starts anew."""
    if read.is_prepared and read.client_transaction_version >= TV2:
        return read._replace(last_producer_epoch=read.producer_epoch - 1)
    if read.state is EMPTY or before is None:
        return read._replace(last_producer_epoch=NO_PRODUCER_EPOCH)
    return read._replace(last_producer_epoch=before.last_producer_epoch)
