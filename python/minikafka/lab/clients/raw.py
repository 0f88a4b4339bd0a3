"""A client that sends exactly the requests it is told to, of any version, over plain sockets and our own codec.

For what no client library would do: a batch again that was answered long ago, a sequence with a gap, a request that
arrives late.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from minikafka import _core
from minikafka.checker.operation import Op, Type
from minikafka.errors import ErrorCode
from minikafka.lab.errors import Inconclusive
from minikafka.lab.recorder import Recorder
from minikafka.wire.message import Message
from minikafka.wire.messages import (
    add_partitions_to_txn,
    end_txn,
    find_coordinator,
    init_producer_id,
    metadata,
    produce,
)

CLIENT_ID: Final = "minikafka-lab-raw"
TIMEOUT_S: Final = 10.0
PAUSE_S: Final = 0.02
TRANSACTION: Final = 1
"""What a coordinator is asked for, in FindCoordinator."""
PASSING: Final = frozenset({14, 15, 16, 51})
"""Coordinator loading, not available, moved; a transaction still ending: how long these last is in no contract."""
NO_PRODUCER: Final = (-1, -1)

Answer = TypeVar("Answer", bound=Message)


class RawClient:
    """Connections by address, opened when first needed."""

    def __init__(self, servers: str) -> None:
        self._servers = servers.split(",")
        self.first = self._servers[0]
        self._sockets: dict[str, socket.socket] = {}
        self._correlation_id = 0

    def close(self) -> None:
        for each in self._sockets.values():
            each.close()

    def ask(self, address: str, request: Message, version: int, kind: type[Answer]) -> Answer:
        """Send and wait. Raises Inconclusive when the broker does not answer."""
        self._correlation_id += 1
        frame = _core.encode_request(request.API_KEY, version, self._correlation_id, CLIENT_ID, request)
        try:
            connection = self._connection(address)
            connection.sendall(frame)
            size = int.from_bytes(_exactly(connection, 4), "big")
            _, answer = _core.decode_response(request.API_KEY, version, _exactly(connection, size))
        except OSError as error:
            raise Inconclusive(f"{address} did not answer {type(request).__name__}: {error}") from error
        assert isinstance(answer, kind)
        return answer

    def until(self, is_done: Callable[[], Answer | None], what: str) -> Answer:
        """Ask until there is an answer that counts. Raises Inconclusive."""
        deadline = time.monotonic() + TIMEOUT_S
        while (answer := is_done()) is None:
            if time.monotonic() > deadline:
                raise Inconclusive(f"no {what} in {TIMEOUT_S:g} s")
            time.sleep(PAUSE_S)
        return answer

    def leader(self, topic: str, partition: int) -> str:
        """Its address."""
        request = metadata.MetadataRequest(topics=[metadata.MetadataRequestTopic(name=topic)])
        answer = self.ask(self._servers[0], request, 12, metadata.MetadataResponse)
        (named,) = answer.topics
        leader = next((one.leader_id for one in named.partitions if one.partition_index == partition), -1)
        for broker in answer.brokers:
            if broker.node_id == leader:
                return f"{broker.host}:{broker.port}"
        raise Inconclusive(f"nobody leads {topic}-{partition}")

    def coordinator(self, transactional_id: str) -> str:
        """Its address."""
        request = find_coordinator.FindCoordinatorRequest(
            key_type=TRANSACTION, coordinator_keys=[transactional_id]
        )

        def look() -> find_coordinator.FindCoordinatorResponse | None:
            answer = self.ask(self._servers[0], request, 4, find_coordinator.FindCoordinatorResponse)
            return answer if answer.coordinators[0].error_code == ErrorCode.NONE else None

        (found,) = self.until(look, f"coordinator of {transactional_id}").coordinators
        return f"{found.host}:{found.port}"

    def _connection(self, address: str) -> socket.socket:
        if address not in self._sockets:
            host, _, port = address.rpartition(":")
            self._sockets[address] = socket.create_connection((host, int(port)), TIMEOUT_S)
        return self._sockets[address]


class RawProducer:
    """One producer of one process: its id and epoch, and the sequences it is told to use.

    transaction_version 2 asks for Produce 12 and EndTxn 5, whose answers carry the next epoch (KIP-890); 1 for what
    clients sent before.
    """

    def __init__(
        self,
        recorder: Recorder,
        client: RawClient,
        process: str = "producer",
        *,
        transaction_version: int = 2,
    ) -> None:
        self.process = process
        self.producer: tuple[int, int] = NO_PRODUCER
        self._recorder = recorder
        self._client = client
        self._transactional_id: str | None = None
        self._modern = transaction_version >= 2
        self._times_ms: dict[tuple[str, ...], int] = {}

    def init(self, transactional_id: str | None = None) -> None:
        """Get a producer id. Raises Inconclusive."""
        self._transactional_id = transactional_id
        address = self._client.coordinator(transactional_id) if transactional_id else self._client.first
        request = init_producer_id.InitProducerIdRequest(transactional_id, 60_000, *NO_PRODUCER)

        def ask() -> init_producer_id.InitProducerIdResponse | None:
            answer = self._client.ask(address, request, 4, init_producer_id.InitProducerIdResponse)
            return answer if answer.error_code == ErrorCode.NONE else None

        answer = self._client.until(ask, "producer id")
        self.producer = (answer.producer_id, answer.producer_epoch)

    def send(
        self, topic: str, ids: Sequence[str], sequence: int, *, partition: int = 0, again: bool = False
    ) -> tuple[str, int]:
        """One batch, acks=all. `again`: the client's own retry, of which its application knows nothing.

        Returns the error's name (`NONE`) and the base offset.
        """
        if not again:
            for name in ids:
                self._recorder.add(
                    Type.INVOKE, Op.SEND, self.process, id=name, topic=topic, partition=partition
                )
        # A retry is the same bytes: records keep the time at which they were first sent.
        now_ms = self._times_ms.setdefault(tuple(ids), int(time.time() * 1000))
        batch = _core.build_batch(
            [(now_ms, None, name.encode(), ()) for name in ids],
            base_offset=0,
            producer_id=self.producer[0],
            producer_epoch=self.producer[1],
            base_sequence=sequence,
            transactional=self._transactional_id is not None,
            compression=0,
        )
        data = produce.TopicProduceData(
            name=topic, partition_data=[produce.PartitionProduceData(partition, batch)]
        )
        request = produce.ProduceRequest(self._transactional_id, -1, 5_000, [data])
        address = self._client.leader(topic, partition)

        def ask() -> produce.ProduceResponse | None:
            answer = self._client.ask(address, request, 12 if self._modern else 11, produce.ProduceResponse)
            return None if answer.responses[0].partition_responses[0].error_code in PASSING else answer

        told = self._client.until(ask, "answer to Produce").responses[0].partition_responses[0]
        error = ErrorCode(told.error_code)
        for number, name in enumerate([] if again else ids):
            self._recorder.add(
                Type.OK if error is ErrorCode.NONE else Type.FAIL,
                Op.SEND,
                self.process,
                id=name,
                topic=topic,
                partition=partition,
                offset=told.base_offset + number if error is ErrorCode.NONE else -1,
                error="" if error is ErrorCode.NONE else error.name,
            )
        return error.name, told.base_offset

    def begin(self) -> None:
        """Says so to nobody but the history."""
        self._recorder.add(Type.OK, Op.BEGIN, self.process)

    def add_partition(self, topic: str, partition: int = 0) -> str:
        """AddPartitionsToTxn, as before KIP-890. The error's name."""
        assert self._transactional_id is not None
        named = [add_partitions_to_txn.AddPartitionsToTxnTopic(topic, [partition])]
        request = add_partitions_to_txn.AddPartitionsToTxnRequest(
            None, self._transactional_id, *self.producer, named
        )
        address = self._client.coordinator(self._transactional_id)

        def ask() -> add_partitions_to_txn.AddPartitionsToTxnResponse | None:
            answer = self._client.ask(address, request, 3, add_partitions_to_txn.AddPartitionsToTxnResponse)
            code = answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
            return None if code in PASSING else answer

        answer = self._client.until(ask, "answer to AddPartitionsToTxn")
        code = answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code
        return ErrorCode(code).name

    def end(self, *, commit: bool, producer: tuple[int, int] | None = None) -> str:
        """EndTxn, and take the epoch that its answer names. The error's name.

        With `producer`: a late copy of an earlier one, of which the application knows nothing."""
        assert self._transactional_id is not None
        op = Op.COMMIT if commit else Op.ABORT
        if producer is None:
            self._recorder.add(Type.INVOKE, op, self.process)
        request = end_txn.EndTxnRequest(self._transactional_id, *(producer or self.producer), commit)
        address = self._client.coordinator(self._transactional_id)

        def ask() -> end_txn.EndTxnResponse | None:
            answer = self._client.ask(address, request, 5 if self._modern else 3, end_txn.EndTxnResponse)
            return None if answer.error_code in PASSING else answer

        answer = self._client.until(ask, "answer to EndTxn")
        error = ErrorCode(answer.error_code)
        if producer is None:
            kind = Type.OK if error is ErrorCode.NONE else Type.FAIL
            self._recorder.add(kind, op, self.process, error="" if error is ErrorCode.NONE else error.name)
            if self._modern and answer.producer_id >= 0:
                self.producer = (answer.producer_id, answer.producer_epoch)
        return error.name


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise ConnectionResetError("the connection was closed")
        data += chunk
    return bytes(data)
