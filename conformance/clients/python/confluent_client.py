"""confluent-kafka (librdkafka) under the contract: produce, consume, transact."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from conformance.clients.python.contract import Options, Step, emit, parse_arguments, steps

NOT_APPENDED = frozenset(
    {
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.RECORD_LIST_TOO_LARGE,
    }
)
"""Errors that prove the record is not in the log; every other error leaves it open."""
OPERATION_TIMEOUT_S = 30
RETRY_S = 0.1
STUCK_S = OPERATION_TIMEOUT_S + 5


def outcome_of(error: KafkaError | None) -> str:
    if error is None:
        return "ok"
    return "fail" if error.code() in NOT_APPENDED else "unknown"


def report_delivery(error: KafkaError | None, message: Message) -> None:
    emit(
        "send",
        id=(message.value() or b"").decode(),
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        outcome=outcome_of(error),
        error=error.name() if error else None,
    )


def produce(options: Options) -> None:
    producer = Producer({"bootstrap.servers": options.bootstrap, **options.config})
    for key, record_id in options.ids():
        while True:
            try:
                producer.produce(options.topic, value=record_id, key=key, on_delivery=report_delivery)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    left = producer.flush(120)
    emit("done", unsent=left)


def open_consumer(options: Options, *, auto_commit: bool = True) -> Consumer:
    isolation = {"isolation.level": options.isolation} if options.isolation else {}
    session = {"session.timeout.ms": options.session_ms} if options.session_ms else {}
    consumer = Consumer(
        {
            "bootstrap.servers": options.bootstrap,
            "group.id": options.group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": auto_commit,
            **isolation,
            **session,
            **options.config,
            **options.consumer_config,
        }
    )
    consumer.subscribe(options.topics)
    return consumer


def consume(options: Options) -> None:
    """Read `records` records, then on for `linger_ms` to catch surplus; commit what was read."""
    consumer = open_consumer(options)
    received = 0
    deadline = float("inf")
    while time.monotonic() < deadline:
        message = consumer.poll(0.1)
        if message is None:
            continue
        if (error := message.error()) is not None:
            emit("error", error=error.name())
            continue
        report_receipt(message)
        received += 1
        if received == options.records:
            deadline = time.monotonic() + options.linger_ms / 1000
    commit(consumer)
    consumer.close()
    emit("done")


def report_receipt(message: Message) -> None:
    emit(
        "recv",
        id=(message.value() or b"").decode(),
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
    )


def commit(consumer: Consumer) -> None:
    try:
        committed = consumer.commit(asynchronous=False) or []
        emit("commit", outcome="ok", offsets={f"{p.topic}:{p.partition}": p.offset for p in committed})
    except KafkaException as failure:
        emit("commit", outcome="unknown", error=failure.args[0].name())


def transact(options: Options) -> None:
    """Obey the steps on stdin: init, begin, send, commit, abort."""
    producer = Producer(
        {
            "bootstrap.servers": options.bootstrap,
            "transactional.id": options.transactional_id,
            **options.config,
        }
    )
    for step in steps():
        try:
            take_step(producer, step)
            emit(step["do"], outcome="ok")
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            emit(step["do"], outcome="unknown" if error.retriable() else "fail", error=error.name())


def take_step(producer: Producer, step: Step) -> None:
    match step["do"]:
        case "init":
            producer.init_transactions(OPERATION_TIMEOUT_S)
        case "begin":
            producer.begin_transaction()
        case "send":
            partition = int(step["partition"])
            producer.produce(
                step["topic"], value=step["id"], partition=partition, on_delivery=report_delivery
            )
            producer.flush(OPERATION_TIMEOUT_S)
        case "commit":
            producer.commit_transaction(OPERATION_TIMEOUT_S)
        case "abort":
            producer.abort_transaction(OPERATION_TIMEOUT_S)
        case unknown:
            raise SystemExit(f"no such step: {unknown}")


def copy(options: Options) -> None:
    """Consume, transform, produce, with the offsets in the same transaction; runs until it is killed."""
    producer = Producer(
        {"bootstrap.servers": options.bootstrap, "transactional.id": options.transactional_id}
    )
    producer.init_transactions(OPERATION_TIMEOUT_S)
    consumer = open_consumer(options, auto_commit=False)
    emit("ready")
    while True:
        batch = [message for message in consumer.consume(options.batch, 0.2) if message.error() is None]
        if batch:
            copy_batch(producer, consumer, batch, options)


def copy_batch(producer: Producer, consumer: Consumer, batch: list[Message], options: Options) -> None:
    ids = [(message.value() or b"").decode() for message in batch]
    try:
        producer.begin_transaction()
        for message in batch:
            # The same partition, so that the order within it can be checked.
            producer.produce(
                options.output, key=message.key(), value=message.value(), partition=message.partition() or 0
            )
            producer.poll(0)
        positions = [each for each in consumer.position(consumer.assignment()) if each.offset >= 0]
        group = consumer.consumer_group_metadata()
        with starting_over_when_stuck():
            persist(
                producer, lambda: producer.send_offsets_to_transaction(positions, group, OPERATION_TIMEOUT_S)
            )
        persist(producer, lambda: producer.commit_transaction(OPERATION_TIMEOUT_S))
        emit("copy", ids=ids, outcome="ok")
    except KafkaException as failure:
        error: KafkaError = failure.args[0]
        emit("copy", ids=ids, outcome="unknown" if error.retriable() else "fail", error=error.name())
        if error.retriable():
            start_over()
        if not error.txn_requires_abort():
            raise SystemExit(f"cannot go on: {error.name()}") from failure
        persist(producer, lambda: producer.abort_transaction(OPERATION_TIMEOUT_S))
        rewind(consumer)


def start_over() -> None:
    """As whoever runs such an application would start it again; the transaction that was open is aborted (T3)."""
    os.execv(sys.executable, sys.orig_argv)


@contextmanager
def starting_over_when_stuck() -> Iterator[None]:
    """librdkafka (seen in 2.16; its issues 5456 and 5511) may wait for ever for a group coordinator of which it has
    forgotten the address, past the timeout of the call.
    """
    watchdog = Timer(STUCK_S, start_over)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()


def persist(producer: Producer, call: Callable[[], object]) -> None:
    """A transactional call that failed retriably has to be made again; librdkafka goes on where it was."""
    deadline = time.monotonic() + OPERATION_TIMEOUT_S
    while True:
        try:
            call()
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if not error.retriable() or time.monotonic() > deadline:
                raise
        else:
            return
        producer.poll(RETRY_S)


def rewind(consumer: Consumer) -> None:
    """Read again from what the last committed transaction left."""
    for each in consumer.committed(consumer.assignment(), OPERATION_TIMEOUT_S):
        beginning = each.offset < 0
        consumer.seek(TopicPartition(each.topic, each.partition, 0 if beginning else each.offset))


WORKLOADS = {"produce": produce, "consume": consume, "transact": transact, "copy": copy}

if __name__ == "__main__":
    workload, given = parse_arguments()
    WORKLOADS[workload](given)
