"""The lab's own applications, each a process of its own that can really die: `python -m minikafka.lab.app '{...}'`.

What it does and hears goes to stdout, one operation per line (`checker/operation.py`), flushed before the next thing
is done, so that whoever kills it, itself included, cuts nothing off. It dies where it was told to (`dies`): by
SIGKILL, so that no library gets to clean up.

    produce    send `ids` and end, with or without a flush
    consume    read, process, commit, as `commits` says
    copy       read, write to `output` in a transaction, commit offsets as `commits` says
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field, fields

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from minikafka.checker.operation import Op, Operation, Type

TIMEOUT_S = 20.0
POLL_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an application is told. dies: after which step; empty: it lives to the end. after: so many records first.

    records: consume and copy end when so many records have been processed since the topic's beginning.
    """

    work: str
    process: str
    servers: str
    topic: str
    output: str = ""
    group: str = ""
    transactional_id: str = ""
    ids: list[str] = field(default_factory=list)
    batch: int = 10
    flush: bool = True
    commits: str = "after"
    dies: str = ""
    after: int = 0
    records: int = 0
    settings: dict[str, str | int | bool] = field(default_factory=dict)

    @property
    def client(self) -> dict[str, str | int | bool]:
        return {"bootstrap.servers": self.servers, "log_level": 0, **self.settings}


def main(given: str) -> None:
    """`given`: the options as a JSON object."""
    told = json.loads(given)
    known = {each.name for each in fields(Options)}
    assert set(told) <= known, f"no such option: {', '.join(sorted(set(told) - known))}"
    options = Options(**told)
    {"produce": produce, "consume": consume, "copy": copy}[options.work](options)


def produce(options: Options) -> None:
    """Looks at no callback: the return of `produce` is all it has. It tells of its sends before they are made, since
    telling takes time, and this is about a program that ends at once."""
    producer = Producer(options.client)
    for name in options.ids:
        for kind in (Type.INVOKE, Type.OK):
            say(options, kind, Op.SEND, id=name, topic=options.topic, partition=0)
    for name in options.ids:
        producer.produce(options.topic, name, partition=0)
    if options.flush:
        producer.flush(TIMEOUT_S)


def consume(options: Options) -> None:
    """Commits are `auto` (the client's, in the background), `after` processing, or `with the result`: the position is
    kept where the results are, here on our own stdout, and `after` tells a new life where to go on."""
    committed: list[int] = []
    consumer = open_consumer(options, committed)
    processed = 0
    while position(consumer, options) < options.records:
        batch = next_batch(consumer, options)
        for message in batch:
            report(options, Op.POLL, message)
        for message in batch:
            report(options, Op.PROCESS, message)
            processed += 1
            if options.dies == "processing" and processed == options.after:
                if options.commits == "auto":
                    # Not before the client has committed the whole batch behind our back.
                    wait_for_commit(consumer, committed, batch[-1].offset() or 0)
                die()
        if batch and options.commits == "after":
            consumer.commit(asynchronous=False)
            report_commit(options, (batch[-1].offset() or 0) + 1)
    consumer.close()


def copy(options: Options) -> None:
    """One transaction per batch. Offsets go `in the transaction`, or by the consumer `after` it."""
    producer = Producer({**options.client, "transactional.id": options.transactional_id})
    producer.init_transactions(TIMEOUT_S)
    consumer = open_consumer(options, [])
    copied = 0

    def delivered(error: KafkaError | None, message: Message) -> None:
        kind = Type.OK if error is None else Type.INFO
        offset = -1 if error is not None else message.offset() or 0
        say(options, kind, Op.SEND, id=text(message), topic=options.output, partition=0, offset=offset)

    while position(consumer, options) < options.records:
        batch = next_batch(consumer, options)
        if not batch:
            continue
        producer.begin_transaction()
        say(options, Type.OK, Op.BEGIN)
        for message in batch:
            say(options, Type.INVOKE, Op.SEND, id=text(message), topic=options.output, partition=0)
            producer.produce(options.output, message.value(), partition=0, on_delivery=delivered)
        copied += len(batch)
        producer.flush(TIMEOUT_S)
        is_last = options.dies != "" and copied >= options.after
        if is_last and options.dies == "before the commit":
            die()
        if options.commits == "in the transaction":
            ends = consumer.position(consumer.assignment())
            producer.send_offsets_to_transaction(ends, consumer.consumer_group_metadata(), TIMEOUT_S)
        say(options, Type.INVOKE, Op.COMMIT)
        producer.commit_transaction(TIMEOUT_S)
        say(options, Type.OK, Op.COMMIT)
        if is_last:
            die()
        if options.commits != "in the transaction":
            consumer.commit(asynchronous=False)
    consumer.close()


def open_consumer(options: Options, committed: list[int]) -> Consumer:
    """`committed` gets the offsets that the client commits by itself."""

    def on_commit(_error: object, places: list[TopicPartition]) -> None:
        for place in places:
            if place.offset >= 0:
                committed.append(place.offset)
                report_commit(options, place.offset)

    by_itself = {"enable.auto.commit": True, "auto.commit.interval.ms": 50, "on_commit": on_commit}
    consumer = Consumer(
        {
            "group.id": options.group,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            **(by_itself if options.commits == "auto" else {"enable.auto.commit": False}),
            **options.client,
        }
    )
    # One member, which knows its partition: a dead predecessor's session need not be waited for.
    if options.commits == "with the result":
        start = TopicPartition(options.topic, 0, options.after if not options.dies else 0)
    else:
        (start,) = consumer.committed([TopicPartition(options.topic, 0)], TIMEOUT_S)
        start.offset = max(0, start.offset)
    consumer.assign([start])
    return consumer


def position(consumer: Consumer, options: Options) -> int:
    """The offset of the next record: what is below is in this life's hands, or was in an earlier one's."""
    (place,) = consumer.position([TopicPartition(options.topic, 0)])
    if place.offset >= 0:
        return place.offset
    (assigned,) = consumer.assignment()
    return max(0, assigned.offset)


def next_batch(consumer: Consumer, options: Options) -> list[Message]:
    """The next `batch` records, fewer at the end of the topic."""
    wanted = min(options.batch, options.records - position(consumer, options))
    batch: list[Message] = []
    deadline = time.monotonic() + TIMEOUT_S
    while len(batch) < wanted:
        if time.monotonic() > deadline:
            sys.exit(f"{options.process}: {len(batch)} of {wanted} records in {TIMEOUT_S:g} s")
        message = consumer.poll(POLL_S)
        if message is not None and message.error() is None:
            batch.append(message)
    return batch


def wait_for_commit(consumer: Consumer, committed: list[int], offset: int) -> None:
    """Serve the client until it has committed past `offset`. Ends the program when that does not come about."""
    deadline = time.monotonic() + TIMEOUT_S
    consumer.pause(consumer.assignment())
    while not committed or committed[-1] <= offset:
        if time.monotonic() > deadline:
            sys.exit("the client never committed by itself")
        consumer.poll(POLL_S)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def text(message: Message) -> str:
    return (message.value() or b"").decode(errors="replace")


def report(options: Options, op: Op, message: Message) -> None:
    say(
        options,
        Type.OK,
        op,
        id=text(message),
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        group=options.group,
    )


def report_commit(options: Options, offset: int) -> None:
    say(
        options,
        Type.OK,
        Op.COMMIT_OFFSETS,
        topic=options.topic,
        partition=0,
        offset=offset,
        group=options.group,
    )


def say(options: Options, kind: Type, op: Op, **facts: str | int) -> None:
    print(Operation(kind, op, options.process, **facts).as_json(), flush=True)  # type: ignore[arg-type]  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
