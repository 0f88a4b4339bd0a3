"""The partition leader's side of T6: a transaction's first write asks the coordinator before it is appended (KIP-890).

    TV1 (Produce <= 11)   *verify*: the client has added the partition; a write that comes after the transaction ended
                          finds it gone, and is refused instead of hanging there for ever (T14)
    TV2 (Produce >= 12)   *add*: the write itself adds the partition

While the answer is under way, the end of the transaction may overtake it. So a guard is set before asking, and only if
it is still there may the write go on; a marker removes it (partition/verification.py).

What producers hear: a fenced epoch is INVALID_PRODUCER_EPOCH [47] on the log (T5); trouble with the coordinator is
NOT_ENOUGH_REPLICAS [19], which every client retries without looking for another leader. CONCURRENT_TRANSACTIONS [51],
the transaction before being ended, is retried here every 20 ms for 100 ms; after that TV2 clients hear it as it is and
older ones [19]. Those are `add.partitions.to.txn.retry.backoff.ms` and `.max.ms`, the latter at most
`request.timeout.ms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.broker.coordinators import TRANSACTIONS_TOPIC
from minikafka.broker.patience import PatientAdd
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import MAX_SEQUENCE, BatchError, inspect_batches
from minikafka.partition.partition import Partition
from minikafka.partition.verification import VerificationGuard
from minikafka.transaction.add_partitions import AddPartitions
from minikafka.transaction.transaction import TV0, TV2, ProducerIdAndEpoch
from minikafka.types import BrokerId, Now, ProducerEpoch, ProducerId, TopicPartition
from minikafka.wire.messages import add_partitions_to_txn as wire
from minikafka.wire.messages.produce import ProduceRequest

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

VERSION: Final = 5
TV2_PRODUCE_VERSION: Final = 12
TOPIC_ID_PRODUCE_VERSION: Final = 13

Errors = dict[TopicPartition, ErrorCode]
Done = Callable[[Errors, Now], None]

COORDINATOR_TROUBLE: Final = frozenset(
    {
        ErrorCode.NETWORK_EXCEPTION,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.NOT_COORDINATOR,
    }
)


class Unverified(NamedTuple):
    """A producer and the partitions its transaction has not begun in yet."""

    producer_id: ProducerId
    producer_epoch: ProducerEpoch
    partitions: list[TopicPartition]


def partitions_to_verify(broker: Broker, request: Request[ProduceRequest]) -> Unverified | None:
    """What a Produce has to ask about; None for nothing. Sets the guards. Whatever is wrong with a batch or a
    partition is left for the append to say, in the order of L2. Raises Rejected [49], for the whole request, when two
    producers share it.
    """
    body = request.body
    if body.transactional_id is None:
        return None
    adds = request.api_version >= TV2_PRODUCE_VERSION
    if not adds and not broker.settings.transaction_partition_verification_enable:
        return None
    found: Unverified | None = None
    for topic in body.topic_data:
        name = topic.name
        if request.api_version >= TOPIC_ID_PRODUCE_VERSION:
            name = broker.image.topic_name(topic.topic_id) or ""
        for data in topic.partition_data:
            partition = broker.replicas.get(TopicPartition(name, data.index))
            if partition is None or not partition.is_leader or data.records is None:
                continue
            try:
                header = inspect_batches(data.records, verify_crc=False)[0]
            except (BatchError, IndexError):
                continue
            producer_id, epoch = header.producer_id, header.producer_epoch
            if not header.is_transactional or partition.has_transaction(producer_id, epoch):
                continue
            if found is not None and found.producer_id != producer_id:
                # The question names one producer; the other one's batch would be appended without asking (T14).
                raise Rejected(
                    ErrorCode.INVALID_PRODUCER_ID_MAPPING, "transactional records of more than one producer"
                )
            partition.verifications.begin(producer_id, epoch, header.base_sequence)
            found = found or Unverified(producer_id, epoch, [])
            found.partitions.append(partition.topic_partition)
    return found


class Verifier:
    """Questions to transaction coordinators, from this broker as a leader."""

    def __init__(self) -> None:
        self._asked = 0

    def verify(
        self,
        broker: Broker,
        transactional_id: str,
        producer_id: ProducerId,
        producer_epoch: ProducerEpoch,
        partitions: list[TopicPartition],
        add: bool,
        on_done: Done,
        now: Now,
    ) -> None:
        """Ask whether (or, with `add`, see to it that) `partitions`, all led here, belong to the transaction.

        `on_done` runs once, at once or later, with the error of each partition refused; empty means: append. It must
        append in the same turn, because the guards are looked at just before it. Not added is TRANSACTION_ABORTABLE
        [120]; handlers tell clients too old for that INVALID_TXN_STATE [48] (`for_old_clients`).
        """
        version = TV2 if add else TV0
        request = AddPartitions(transactional_id, producer_id, producer_epoch, frozenset(partitions), version)
        self._asked += 1
        _Question(broker, request, add, self._asked, on_done).ask(now)


class _Guards:
    """The guards of one question, taken before asking, looked at before the append."""

    def __init__(self, broker: Broker, request: AddPartitions) -> None:
        self._who = ProducerIdAndEpoch(request.producer_id, request.producer_epoch)
        found = [broker.replicas.get(name) for name in sorted(request.partitions)]
        self._partitions = [partition for partition in found if partition is not None]
        self._guards: list[VerificationGuard] = []

    def begin(self) -> None:
        # A Produce said before which sequences wait; offsets have none, and the largest constrains nothing.
        self._guards = [
            partition.verifications.begin(*self._who, MAX_SEQUENCE) for partition in self._partitions
        ]

    def lost(self) -> list[TopicPartition]:
        """Where a marker came between asking and now."""
        return [
            partition.topic_partition
            for partition, guard in zip(self._partitions, self._guards, strict=True)
            if not self._may_append(partition, guard)
        ]

    def _may_append(self, partition: Partition, guard: VerificationGuard) -> bool:
        if partition.has_transaction(*self._who) or not partition.is_leader:
            return True  # begun by another write; or not ours any more, which the append is going to say
        return partition.verifications.is_current(self._who.producer_id, guard)


class _Question:
    """One question, asked again while the coordinator says [51], or a guard was lost, and there is time.

    A lost guard need not mean that *this* transaction ended: under TV2 the marker of the one before may come as late
    as that. Only a yes that was asked for under a guard still standing is good, so ask once more. A coordinator that
    waited with its yes for those markers may have used up all the time, and [48] ends a Java producer for good: a write
    that adds its partition may ask once more even then, and is answered at once, being added already.
    """

    def __init__(self, broker: Broker, request: AddPartitions, add: bool, number: int, done: Done) -> None:
        self._broker = broker
        self._request = request
        self._add = add
        self._number = number
        self._done = done
        self._guards = _Guards(broker, request)
        settings = broker.settings
        self._retry_ms = settings.add_partitions_to_txn_retry_backoff_ms
        self._retry_at_most_ms = min(
            settings.add_partitions_to_txn_retry_backoff_max_ms, settings.request_timeout_ms
        )
        self._retry_until_ms: int | None = None
        self._has_insisted = False

    def ask(self, now: Now) -> None:
        self._guards.begin()
        if self._retry_until_ms is None:
            self._retry_until_ms = now.monotonic_ms + self._retry_at_most_ms
            if self._broker.trace.on:
                self._tell_asked()
        try:
            index = self._broker.transactions.partition_for(self._request.transactional_id)
        except Rejected as refusal:
            self._refused(refusal, now)
            return
        state = self._broker.image.partition(TopicPartition(TRANSACTIONS_TOPIC, index))
        if state is not None and state.leader == self._broker.broker_id:
            self._ask_here(index, now)
        elif state is not None and state.leader >= 0:
            self._ask_peer(state.leader, now)
        else:
            self._refused(Rejected(ErrorCode.COORDINATOR_NOT_AVAILABLE), now)

    # The coordinator is this broker: no need to talk to ourselves over a socket.

    def _ask_here(self, index: int, now: Now) -> None:
        if self._add:
            add = PatientAdd(
                self._broker,
                index,
                self._request,
                self._answered_alike,
                self._refused,
                ("verifier", self._number),
            )
            add.begin(now, self._retry_at_most_ms)
        else:
            self._broker.transactions.read(
                index,
                lambda shard, at: shard.verify_partitions(self._request, at),
                self._answered,
                self._refused,
                now,
            )

    # The coordinator is another broker.

    def _ask_peer(self, coordinator: BrokerId, now: Now) -> None:
        self._broker.peers.call(
            coordinator, self._message(), VERSION, self._replied, self._lost, now, channel="transactions"
        )

    def _message(self) -> wire.AddPartitionsToTxnRequest:
        topics: dict[str, list[int]] = {}
        for topic, partition in sorted(self._request.partitions):
            topics.setdefault(topic, []).append(partition)
        transaction = wire.AddPartitionsToTxnTransaction(
            transactional_id=self._request.transactional_id,
            producer_id=self._request.producer_id,
            producer_epoch=self._request.producer_epoch,
            verify_only=not self._add,
            topics=[
                wire.AddPartitionsToTxnTopic(name=name, partitions=indexes)
                for name, indexes in topics.items()
            ],
        )
        return wire.AddPartitionsToTxnRequest(transactions=[transaction])

    def _replied(self, response: wire.AddPartitionsToTxnResponse, now: Now) -> None:
        if response.error_code != ErrorCode.NONE:
            self._refused(Rejected(ErrorCode(response.error_code)), now)
            return
        errors = {
            TopicPartition(topic.name, partition.partition_index): ErrorCode(partition.partition_error_code)
            for transaction in response.results_by_transaction
            for topic in transaction.topic_results
            for partition in topic.results_by_partition
        }
        if ErrorCode.CONCURRENT_TRANSACTIONS in errors.values():
            self._refused(Rejected(ErrorCode.CONCURRENT_TRANSACTIONS), now)
        else:
            self._answered(errors, now)

    def _lost(self, why: str, now: Now) -> None:
        self._refused(Rejected(ErrorCode.NETWORK_EXCEPTION, why), now)

    # Answers.

    def _answered_alike(self, code: ErrorCode, now: Now) -> None:
        self._answered(dict.fromkeys(sorted(self._request.partitions), code), now)

    def _answered(self, errors: Errors, now: Now) -> None:
        refused = {name: self._told(code) for name, code in errors.items() if code is not ErrorCode.NONE}
        lost = [name for name in self._guards.lost() if name not in refused]
        if lost and (self._has_time(now) or self._may_insist()):
            self.ask(now)
            return
        if self._broker.trace.on:
            self._tell_answered(refused, lost)
        self._done(refused | dict.fromkeys(lost, ErrorCode.INVALID_TXN_STATE), now)

    def _refused(self, refusal: Rejected, now: Now) -> None:
        if refusal.code is ErrorCode.CONCURRENT_TRANSACTIONS and self._add and self._has_time(now):
            self._broker.timers.set(
                ("verifier-retry", self._number), now.monotonic_ms + self._retry_ms, self.ask
            )
        else:
            self._answered_alike(refusal.code, now)

    def _has_time(self, now: Now) -> bool:
        assert self._retry_until_ms is not None, "it was asked"
        return now.monotonic_ms + self._retry_ms <= self._retry_until_ms

    def _may_insist(self) -> bool:
        insists = self._add and not self._has_insisted
        self._has_insisted = True
        return insists

    def _tell_asked(self) -> None:
        why = "a transaction's first write here: "
        why += "its partition is added to it" if self._add else "did the client add the partition?"
        self._broker.trace.event(
            "verification",
            "T6",
            what="asked",
            transactional_id=self._request.transactional_id,
            producer_id=self._request.producer_id,
            producer_epoch=self._request.producer_epoch,
            partitions=_names(self._request.partitions),
            why=why,
        )

    def _tell_answered(self, refused: Errors, lost: list[TopicPartition]) -> None:
        trace, transactional_id = self._broker.trace, self._request.transactional_id
        trace.event(
            "verification",
            "T6",
            what="answered",
            transactional_id=transactional_id,
            refused=[f"{topic}-{index}: {code.name}" for (topic, index), code in sorted(refused.items())],
        )
        if lost:
            trace.event(
                "verification",
                "T14",
                what="guard lost",
                transactional_id=transactional_id,
                partitions=_names(lost),
                why="a marker came between asking and writing: written now, the batch would hang for ever",
            )

    def _told(self, code: ErrorCode) -> ErrorCode:
        """The coordinator's word, as producers hear it."""
        if code is ErrorCode.PRODUCER_FENCED:
            return ErrorCode.INVALID_PRODUCER_EPOCH
        if code in COORDINATOR_TROUBLE or (code is ErrorCode.CONCURRENT_TRANSACTIONS and not self._add):
            return ErrorCode.NOT_ENOUGH_REPLICAS
        return code


def _names(partitions: Iterable[TopicPartition]) -> list[str]:
    return [f"{topic}-{index}" for topic, index in sorted(partitions)]


def for_old_clients(errors: Errors) -> Errors:
    """TRANSACTION_ABORTABLE [120] for clients that do not know it yet: INVALID_TXN_STATE [48]."""
    return {
        partition: ErrorCode.INVALID_TXN_STATE if code is ErrorCode.TRANSACTION_ABORTABLE else code
        for partition, code in errors.items()
    }
