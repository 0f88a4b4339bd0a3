"""Transactions: producer ids, the coordinator's answers, writing and reading (T3-T15)."""

from __future__ import annotations

from minikafka.wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from minikafka.wire.messages.add_partitions_to_txn import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTransaction,
)
from minikafka.wire.messages.describe_producers import DescribeProducersRequest, TopicRequest
from minikafka.wire.messages.describe_transactions import (
    DescribeTransactionsRequest,
    DescribeTransactionsResponse,
)
from minikafka.wire.messages.end_txn import EndTxnResponse
from minikafka.wire.messages.list_transactions import ListTransactionsRequest
from minikafka.wire.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)
from minikafka.wire.messages.write_txn_markers import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)

from conformance.dialogues.requests import (
    UNKNOWN_ID,
    UNKNOWN_PRODUCER,
    batch,
    committed_offsets,
    end,
    fetched,
    init_id,
    make_topic,
    new_producer,
    offsets_at,
    offsets_of,
    produced,
)
from conformance.dialogues.talk import Talk

Producer = tuple[int, int]


def added(
    transactional_id: str, producer: Producer, *topics: str, partitions: tuple[int, ...] = (0,)
) -> AddPartitionsToTxnRequest:
    named = [AddPartitionsToTxnTopic(topic, list(partitions)) for topic in topics]
    return AddPartitionsToTxnRequest(None, transactional_id, *producer, named)


def txn_offsets(
    transactional_id: str,
    group: str,
    producer: Producer,
    topic: str | bytes,
    *,
    member: str = "",
    generation: int = -1,
    instance: str | None = None,
) -> TxnOffsetCommitRequest:
    partitions = [TxnOffsetCommitRequestPartition(0, 7)]
    named = [TxnOffsetCommitRequestTopic("", topic, partitions)]
    if isinstance(topic, str):
        named = [TxnOffsetCommitRequestTopic(topic, partitions=partitions)]
    return TxnOffsetCommitRequest(transactional_id, group, *producer, generation, member, instance, named)


def settle_state(talk: Talk, transactional_id: str) -> None:
    """Until the markers are written: how long that takes is no part of the contract."""

    def is_complete(answer: object) -> bool:
        assert isinstance(answer, DescribeTransactionsResponse)
        return not answer.transaction_states[0].transaction_state.startswith("Prepare")

    talk.settle("state", DescribeTransactionsRequest([transactional_id]), 0, done=is_complete)


def ended(
    talk: Talk, what: str, transactional_id: str, producer: Producer, version: int, *, commit: bool
) -> Producer:
    """EndTxn, waited out; the producer to go on with."""
    answer = talk.settle(what, end(transactional_id, producer, commit=commit), version)
    settle_state(talk, transactional_id)
    assert isinstance(answer, EndTxnResponse)
    return (answer.producer_id, answer.producer_epoch) if answer.producer_id >= 0 else producer


def init_producer_id(talk: Talk) -> None:
    for version in range(6):
        talk.settle("idempotent", init_id(), version)
        talk.settle("transactional", init_id(f"init-{version}"), version)
        talk.settle("transactional, again", init_id(f"init-{version}"), version)
    for timeout in (0, -1, 900_001, 900_000):
        talk.settle(f"timeout {timeout}", init_id("init-timeout", timeout_ms=timeout), 4)
    talk.settle("timeout 0, idempotent", init_id(timeout_ms=0), 4)
    talk.settle("empty id", init_id(""), 4)
    talk.settle("producer without transactional id", init_id(producer=(UNKNOWN_PRODUCER, 3)), 4)
    for version in (3, 4, 5):
        name = f"init-expected-{version}"
        producer, _ = new_producer(talk, name)
        talk.settle("current epoch", init_id(name, producer=(producer, 0)), version)
        talk.settle("that again", init_id(name, producer=(producer, 0)), version)
        talk.settle("bumped", init_id(name, producer=(producer, 1)), version)
        talk.settle("old epoch", init_id(name, producer=(producer, 0)), version)
        talk.settle("later epoch", init_id(name, producer=(producer, 9)), version)
        talk.settle("another producer", init_id(name, producer=(UNKNOWN_PRODUCER, 2)), version)
        talk.settle("id without epoch", init_id(name, producer=(producer, -1)), version)
        talk.settle("epoch without id", init_id(name, producer=(-1, 2)), version)
    talk.settle("unknown with a producer", init_id("init-none", producer=(UNKNOWN_PRODUCER, 1)), 4)


def init_fences(talk: Talk) -> None:
    """T3: an ongoing transaction is aborted first."""
    make_topic(talk, "init-fenced")
    producer = new_producer(talk, "fenced")
    talk.settle("add", added("fenced", producer, "init-fenced"), 3)
    data = batch(producer=producer, sequence=0, transactional=True)
    talk.ask("write", produced("init-fenced", data, transactional_id="fenced"), 9)
    talk.settle("init", init_id("fenced"), 4)
    for version in (0, 1, 2, 3):
        talk.settle("add as before", added("fenced", producer, "init-fenced"), version)
        talk.settle("end as before", end("fenced", producer), version)
    for version in (3, 4):
        talk.settle("init as before", init_id("fenced", producer=producer), version)
    data = batch(producer=producer, sequence=1, transactional=True)
    talk.ask("write as before", produced("init-fenced", data, transactional_id="fenced"), 9)
    talk.ask("write as before", produced("init-fenced", data, transactional_id="fenced"), 11)
    talk.ask("write as before", produced("init-fenced", data, transactional_id="fenced"), 12)
    talk.ask("read", fetched("init-fenced", isolation=1), 12)
    talk.ask("read uncommitted", fetched("init-fenced"), 12)


def add_partitions(talk: Talk) -> None:
    make_topic(talk, "added", 2)
    producer = new_producer(talk, "adder")
    for version in range(4):
        talk.settle("sound", added("adder", producer, "added"), version)
    for what, name, who, topics in (
        ("unknown id", "adder-none", producer, ("added",)),
        ("another producer", "adder", (UNKNOWN_PRODUCER, 0), ("added",)),
        ("later epoch", "adder", (producer[0], 5), ("added",)),
        ("empty id", "", producer, ("added",)),
        ("one unknown topic", "adder", producer, ("added", "added-none")),
        ("no topics", "adder", producer, ()),
    ):
        talk.settle(what, added(name, who, *topics), 3)
        talk.settle(what, added(name, who, *topics), 1)
    talk.settle("unknown partition", added("adder", producer, "added", partitions=(1, 9)), 3)
    for version in (4, 5):
        for verify in (False, True):
            one = AddPartitionsToTxnTransaction(
                "adder", *producer, verify, [AddPartitionsToTxnTopic("added", [0, 1])]
            )
            talk.settle(f"batched, verify {verify}", AddPartitionsToTxnRequest([one]), version)


def add_offsets(talk: Talk) -> None:
    make_topic(talk, "offsets-added")
    producer = new_producer(talk, "offsets-adder")
    for version in range(5):
        talk.settle("sound", AddOffsetsToTxnRequest("offsets-adder", *producer, "offsets-group"), version)
    for what, name, who, group in (
        ("unknown id", "offsets-none", producer, "offsets-group"),
        ("another producer", "offsets-adder", (UNKNOWN_PRODUCER, 0), "offsets-group"),
        ("old epoch", "offsets-adder", (producer[0], -1), "offsets-group"),
        ("later epoch", "offsets-adder", (producer[0], 5), "offsets-group"),
        ("empty id", "", producer, "offsets-group"),
        ("empty group", "offsets-adder", producer, ""),
    ):
        for version in (1, 4):
            talk.settle(what, AddOffsetsToTxnRequest(name, *who, group), version)


def end_first_version(talk: Talk) -> None:
    """T7, TV1: the same verdict again is fine, the other is not."""
    make_topic(talk, "ended")
    producer = new_producer(talk, "ender")
    for commit in (True, False):
        talk.settle(f"from empty, commit {commit}", end("ender", producer, commit=commit), 3)
    for commit in (True, False):
        talk.settle("add", added("ender", producer, "ended"), 3)
        ended(talk, f"commit {commit}", "ender", producer, 3, commit=commit)
        talk.settle("same verdict", end("ender", producer, commit=commit), 3)
        talk.settle("other verdict", end("ender", producer, commit=not commit), 3)
    for version in range(5):
        talk.settle("unknown id", end("ender-none", producer), version)
        talk.settle("another producer", end("ender", (UNKNOWN_PRODUCER, 0)), version)
        talk.settle("later epoch", end("ender", (producer[0], 5)), version)
        talk.settle("older epoch", end("ender", (producer[0], -1)), version)
        talk.settle("empty id", end("", producer), version)


def end_second_version(talk: Talk) -> None:
    """T7, TV2: the whole retry table, each row from a transaction of its own."""
    make_topic(talk, "ended-again")
    for state in ("empty", "abort", "commit"):
        for commit in (False, True):
            for retry in (True, False):
                name = f"ender-{state}-{commit}-{retry}"
                producer = new_producer(talk, name, version=5)
                if state != "empty":
                    data = batch(producer=producer, sequence=0, transactional=True)
                    talk.ask("write", produced("ended-again", data, transactional_id=name), 12)
                    producer = ended(talk, state, name, producer, 5, commit=state == "commit")
                asked = (producer[0], producer[1] - 1) if retry else producer
                talk.settle(
                    f"after {state}: commit {commit}, retry {retry}", end(name, asked, commit=commit), 5
                )
                settle_state(talk, name)
    name = "ender-empty-False-False"
    for what, who in (("older", (0, 0)), ("another producer", (UNKNOWN_PRODUCER, 0))):
        talk.settle(what, end(name, who), 5)
    talk.settle("unknown id", end("ender-none", (UNKNOWN_PRODUCER, 0)), 5)


def transactional_writes(talk: Talk) -> None:
    """T6, per version: not added, added, without the id, plain batches in between."""
    make_topic(talk, "transacted", 8)
    for place, version in enumerate((3, 8, 10, 11, 12)):
        _write_in_one_version(talk, place, version)


def _write_in_one_version(talk: Talk, place: int, version: int) -> None:
    name = f"writer-{version}"
    producer = new_producer(talk, name)

    def write(
        what: str,
        sequence: int,
        *,
        txid: str | None = name,
        who: Producer = producer,
        inside: bool = True,
    ) -> None:
        data = batch(producer=who, sequence=sequence, transactional=inside)
        talk.ask(what, produced("transacted", data, partition=place, transactional_id=txid), version)

    write("no transactional id", 0, txid=None)
    write("another transactional id", 0, txid="writer-none")
    if version < 12:
        write("not added", 0)
        talk.settle("add", added(name, producer, "transacted", partitions=(place,)), 3)
    else:
        write("not from 0", 5)
    write("added", 0)
    write("duplicate", 0)
    write("next", 1)
    write("gap", 7)
    write("plain batch inside", 2, inside=False)
    write("later epoch", 0, who=(producer[0], 5))
    write("another producer", 0, who=(UNKNOWN_PRODUCER, 0))
    talk.ask("committed so far", fetched("transacted", isolation=1, partition=place), 12)
    talk.ask("LSO", offsets_at("transacted", -1, isolation=1, partition=place), 7)
    ended(talk, "end", name, producer, 5 if version == 12 else 3, commit=version % 2 == 0)
    write("after the end", 2)
    write("plain, after the end", 2, inside=False)
    talk.ask("committed", fetched("transacted", isolation=1, partition=place), 12)
    talk.ask("everything", fetched("transacted", partition=place), 12)
    talk.ask("from the marker", fetched("transacted", 2, isolation=1, partition=place), 12)
    talk.ask("LSO", offsets_at("transacted", -1, isolation=1, partition=place), 7)


def offsets_in_transactions(talk: Talk) -> None:
    """T12: pending until the marker; require_stable refuses them."""
    topic_id = make_topic(talk, "sent")
    for version in range(7):
        name, group = f"sender-{version}", f"senders-{version}"
        producer = new_producer(talk, name)
        topic = topic_id if version >= 6 else "sent"
        other = UNKNOWN_ID if version >= 6 else "sent-none"
        if version < 5:
            talk.settle("not added", txn_offsets(name, group, producer, topic), version)
            talk.settle("add offsets", AddOffsetsToTxnRequest(name, *producer, group), 3)
        talk.settle("sound", txn_offsets(name, group, producer, topic), version)
        for stable in (False, True):
            asked = offsets_of(7, group, "sent", stable=stable)
            talk.settle(f"pending, stable {stable}", asked, 7)
        talk.settle("unknown topic", txn_offsets(name, group, producer, other), version)
        talk.settle("later epoch", txn_offsets(name, group, (producer[0], 5), topic), version)
        talk.settle("unknown producer", txn_offsets(name, group, (UNKNOWN_PRODUCER, 0), topic), version)
        talk.settle("empty group", txn_offsets(name, "", producer, topic), version)
        if version >= 3:
            member = txn_offsets(name, group, producer, topic, member="nobody", generation=3)
            talk.settle("unknown member", member, version)
            with_generation = txn_offsets(name, group, producer, topic, generation=3)
            talk.settle("generation without a member", with_generation, version)
        talk.settle("a plain commit meanwhile", committed_offsets(group, "sent", 3), 7)
        ended(talk, "end", name, producer, 5 if version >= 5 else 3, commit=version != 1)
        talk.settle("afterwards", offsets_of(7, group, "sent", stable=True), 7)


def markers(talk: Talk) -> None:
    make_topic(talk, "marked")
    producer = new_producer(talk, "marker")
    talk.settle("add", added("marker", producer, "marked"), 3)
    data = batch(producer=producer, sequence=0, transactional=True)
    talk.ask("write", produced("marked", data, transactional_id="marker"), 9)

    def mark(
        what: str, who: Producer, version: int, *, coordinator: int = 0, level: int = 0, topic: str = "marked"
    ) -> None:
        named = [WritableTxnMarkerTopic(topic, [0])]
        marker = WritableTxnMarker(*who, False, named, coordinator, level if version > 1 else 0)
        talk.ask(what, WriteTxnMarkersRequest([marker]), version)

    mark("unknown topic", producer, 1, topic="marked-none")
    mark("same epoch under TV2", producer, 2, level=2)
    mark("sound", producer, 1, coordinator=3)
    mark("again", producer, 1, coordinator=3)
    mark("older coordinator", producer, 1, coordinator=2)
    mark("unknown producer", (UNKNOWN_PRODUCER, 0), 1)
    mark("greater epoch under TV2", (producer[0], 1), 2, coordinator=3, level=2)
    talk.ask("read", fetched("marked", isolation=1), 12)
    talk.ask("producers", DescribeProducersRequest([TopicRequest("marked", [0])]), 0)


def transaction_tools(talk: Talk) -> None:
    make_topic(talk, "shown", 2)
    producer = new_producer(talk, "shown")
    talk.ask("empty", DescribeTransactionsRequest(["shown", "shown-none", ""]), 0)
    talk.settle("add", added("shown", producer, "shown", partitions=(0, 1)), 3)
    data = batch(producer=producer, sequence=0, transactional=True)
    talk.ask("write", produced("shown", data, transactional_id="shown"), 9)
    talk.ask("ongoing", DescribeTransactionsRequest(["shown"]), 0)
    partitions = DescribeProducersRequest([TopicRequest("shown", [0, 1, 9]), TopicRequest("shown-none", [0])])
    talk.ask("producers", partitions, 0)
    for version in range(3):
        talk.ask("ongoing ones", ListTransactionsRequest(["Ongoing"]), version)
        talk.ask("of the producer", ListTransactionsRequest([], [producer[0]]), version)
        talk.ask("unknown state", ListTransactionsRequest(["Sleeping"]), version)
    talk.ask(
        "of an hour", ListTransactionsRequest(duration_filter=3_600_000, producer_id_filters=[producer[0]]), 1
    )
    talk.ask("by pattern", ListTransactionsRequest(transactional_id_pattern="sho.*n"), 2)
    talk.ask("by a bad pattern", ListTransactionsRequest(transactional_id_pattern="("), 2)
    ended(talk, "end", "shown", producer, 3, commit=True)
    talk.ask("complete", DescribeTransactionsRequest(["shown"]), 0)
    talk.ask("producers afterwards", partitions, 0)


SCRIPTS = {
    each.__name__: each
    for each in (
        init_producer_id,
        init_fences,
        add_partitions,
        add_offsets,
        end_first_version,
        end_second_version,
        transactional_writes,
        offsets_in_transactions,
        markers,
        transaction_tools,
    )
}
