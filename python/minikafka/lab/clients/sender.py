"""A producer that writes down each record's fate.

An application that *listens* learns it in the delivery callback. One that does not takes the return of `produce` for
success: its history says `ok` at once, and whatever happens later it never hears.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from minikafka.checker.operation import Op, Type
from minikafka.lab.errors import Inconclusive
from minikafka.lab.recorder import Recorder
from minikafka.lab.scenario import Settings

NOT_APPENDED: Final = frozenset(
    {
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.INVALID_RECORD,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError._FENCED,  # noqa: SLF001 - how the library spells its own errors
        KafkaError._PURGE_QUEUE,  # noqa: SLF001
    }
)
"""Errors that prove the record is not in the log; every other error leaves it open."""
SILENT: Final = logging.getLogger("minikafka.lab.librdkafka")
"""Errors are expected here, and told in the history."""
SILENT.propagate = False
SILENT.addHandler(logging.NullHandler())
POLL_S: Final = 0.02
TIMEOUT_S: Final = 30.0


class Sender:
    """One life of one producer. `process` names it in the history."""

    def __init__(
        self, recorder: Recorder, servers: str, process: str, settings: Settings, *, listens: bool = True
    ) -> None:
        self.process = process
        self._recorder = recorder
        self._listens = listens
        self._is_transactional = "transactional.id" in settings
        self._producer = Producer({"bootstrap.servers": servers, "log_level": 0, **settings}, logger=SILENT)
        self.sent = self.acknowledged = 0
        self.offsets: list[int] = []
        """Of what was acknowledged, in that order."""
        self.errors: list[str] = []
        """Names, as the callback gave them."""
        self.undelivered: list[str] = []
        """Ids whose callback had an error."""

    def send(
        self, topic: str, ids: Iterable[str], *, partition: int = 0, pad: int = 0, key: str | None = None
    ) -> None:
        """Hand records to the client; they leave in the background. A record's value is its id, then `pad` spaces."""
        for name in ids:
            self.sent += 1
            self._recorder.add(
                Type.INVOKE, Op.SEND, self.process, id=name, topic=topic, partition=partition, key=key or ""
            )
            self._producer.produce(
                topic, value=name + " " * pad, key=key, partition=partition, on_delivery=self._told(name)
            )
            if not self._listens:
                self._recorder.add(Type.OK, Op.SEND, self.process, id=name, topic=topic, partition=partition)
            self._producer.poll(0)

    def wait_for_acknowledged(self, count: int, timeout_s: float = TIMEOUT_S) -> None:
        """Return once `count` records are acknowledged in all. Raises Inconclusive."""
        deadline = time.monotonic() + timeout_s
        while self.acknowledged < count:
            if time.monotonic() > deadline:
                raise Inconclusive(
                    f"{self.process}: {self.acknowledged} of {count} acknowledged in {timeout_s:g} s"
                )
            self._producer.poll(POLL_S)

    def flush(self, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until every record's fate is known. Raises Inconclusive."""
        left = self._producer.flush(timeout_s)
        if left:
            raise Inconclusive(f"{self.process}: {left} records without an answer after {timeout_s:g} s")

    def take_undelivered(self) -> list[str]:
        """Those so far; they are forgotten."""
        taken, self.undelivered = self.undelivered, []
        return taken

    def abandon(self) -> None:
        """As when its process dies: what is queued or under way is dropped, and nobody hears of it."""
        self._listens = True
        self._producer.purge()
        self._producer.poll(0)

    # Transactions.

    def init(self) -> None:
        """Register the transactional id; fences whoever has it. Raises Inconclusive when nobody answers."""
        try:
            self._producer.init_transactions(TIMEOUT_S)
        except KafkaException as failure:
            raise Inconclusive(f"{self.process}: init_transactions: {failure.args[0].name()}") from failure

    def begin(self) -> None:
        """Without a transactional id this, like the end, is what the application has in mind, and nobody else."""
        if self._is_transactional:
            self._producer.begin_transaction()
        self._recorder.add(Type.OK, Op.BEGIN, self.process)

    def commit(self) -> str:
        """The error's name; empty when it is committed."""
        return self._end(Op.COMMIT)

    def abort(self) -> str:
        """The error's name; empty when it is aborted."""
        return self._end(Op.ABORT)

    def _end(self, op: Op) -> str:
        self._recorder.add(Type.INVOKE, op, self.process)
        call = self._producer.commit_transaction if op is Op.COMMIT else self._producer.abort_transaction
        try:
            if self._is_transactional:
                call(TIMEOUT_S)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            kind = Type.INFO if error.retriable() else Type.FAIL
            self._recorder.add(kind, op, self.process, error=error.name())
            return error.name()
        self._recorder.add(Type.OK, op, self.process)
        return ""

    def _told(self, name: str) -> Callable[[KafkaError | None, Message], None]:
        def callback(error: KafkaError | None, message: Message) -> None:
            if error is None:
                self.acknowledged += 1
                self.offsets.append(message.offset() or 0)
            else:
                self.undelivered.append(name)
                self.errors.append(error.name())
            if self._listens:
                offset = message.offset()
                self._recorder.add(
                    outcome_of(error),
                    Op.SEND,
                    self.process,
                    id=name,
                    topic=message.topic() or "",
                    partition=message.partition() or 0,
                    offset=-1 if offset is None or error is not None else offset,
                    error=error.name() if error else "",
                )

        return callback


def outcome_of(error: KafkaError | None) -> Type:
    """What a delivery callback's error says about the record."""
    if error is None:
        return Type.OK
    return Type.FAIL if error.code() in NOT_APPENDED else Type.INFO
