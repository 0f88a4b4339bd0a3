"""T7: EndTxn, its retry table and the decision point."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.end_txn import EndTxn, answered_identity, end_transaction
from minikafka.transaction.states import (
    COMPLETE_ABORT,
    COMPLETE_COMMIT,
    EMPTY,
    ONGOING,
    PREPARE_ABORT,
    PREPARE_COMMIT,
    TransactionState,
)
from minikafka.transaction.transaction import (
    LAST_EPOCH,
    TV0,
    TV2,
    ProducerIdAndEpoch,
    Transaction,
    completed,
)

from tests.unit.transaction.world import ID, ORDERS_0, ORDERS_1, World

FENCED = 90
INVALID = 48
CONCURRENT = 51
END = "end"
SAME = "same answer"

TV2_TABLE = {
    # state: abort retry, abort current, commit retry, commit current
    EMPTY: (FENCED, END, FENCED, INVALID),
    COMPLETE_ABORT: (SAME, END, INVALID, INVALID),
    COMPLETE_COMMIT: (INVALID, END, SAME, INVALID),
    ONGOING: (FENCED, END, FENCED, END),
    PREPARE_COMMIT: (INVALID, FENCED, CONCURRENT, FENCED),
    PREPARE_ABORT: (CONCURRENT, FENCED, INVALID, FENCED),
}
TV1_TABLE = {
    EMPTY: (FENCED, INVALID, FENCED, INVALID),
    COMPLETE_ABORT: (FENCED, SAME, FENCED, INVALID),
    COMPLETE_COMMIT: (FENCED, INVALID, FENCED, SAME),
    ONGOING: (FENCED, END, FENCED, END),
    PREPARE_COMMIT: (FENCED, INVALID, FENCED, CONCURRENT),
    PREPARE_ABORT: (FENCED, CONCURRENT, FENCED, INVALID),
}
CASES = [
    (version, state, column, answer)
    for version, table in ((TV2, TV2_TABLE), (TV0, TV1_TABLE))
    for state, row in table.items()
    for column, answer in enumerate(row)
]


def _transaction(state: TransactionState, epoch: int = 6) -> Transaction:
    return Transaction(ID, state, 5, epoch, 60_000, previous_producer_id=5, start_timestamp_ms=1)


@pytest.mark.parametrize(("version", "state", "column", "expected"), CASES)
def test_t7_each_cell_of_the_retry_table(
    version: int, state: TransactionState, column: int, expected: int | str
) -> None:
    """State x asked outcome x epoch relation, as rule T7 has it and Kafka's endTransaction decides."""
    current = _transaction(state)
    request = EndTxn(ID, 5, 6 if column % 2 else 5, column >= 2, version)
    if isinstance(expected, int):
        with pytest.raises(Rejected) as refused:
            end_transaction(current, request, lambda: 99, 50)
        assert refused.value.code == expected
        return
    ended = end_transaction(current, request, lambda: 99, 50)
    if expected == SAME:
        assert ended is None
        return
    assert ended is not None
    assert ended.state is (PREPARE_COMMIT if column >= 2 else PREPARE_ABORT)
    assert ended.producer_epoch == (7 if version == TV2 else 6)


@pytest.mark.parametrize("epoch", [3, 8])
@pytest.mark.parametrize("version", [TV0, TV2])
def test_t7_any_other_epoch_is_fenced(epoch: int, version: int) -> None:
    """Neither current nor the one before: [90]."""
    with pytest.raises(Rejected) as refused:
        end_transaction(_transaction(ONGOING), EndTxn(ID, 5, epoch, True, version), lambda: 99, 50)
    assert refused.value.code is ErrorCode.PRODUCER_FENCED


def test_t7_another_producer_id_is_an_invalid_mapping() -> None:
    """[49]: the id is held by someone else."""
    with pytest.raises(Rejected) as refused:
        end_transaction(_transaction(ONGOING), EndTxn(ID, 4, 6, True, TV2), lambda: 99, 50)
    assert refused.value.code is ErrorCode.INVALID_PRODUCER_ID_MAPPING


def test_t7_an_unknown_id_is_an_invalid_mapping() -> None:
    """[49]: expired, or never initialised."""
    assert World().end(commit=True, producer=ProducerIdAndEpoch(1, 0)).error == 49


def test_t7_the_answer_waits_for_the_decision_not_for_the_markers() -> None:
    """PREPARE_COMMIT below the high watermark is the decision; no marker was even sent before."""
    world = World(hold=True)
    world.init()
    world.commit()
    world.add(ORDERS_0, ORDERS_1)
    world.commit()
    ended = world.end(commit=True)
    assert ended.is_waiting
    assert world.sender.sent == []
    world.commit()
    assert ended.value == ProducerIdAndEpoch(1_000, 1)
    assert world.state().state is PREPARE_COMMIT
    assert len(world.sender.sent) == 2
    world.finish_markers()
    assert world.state().state is COMPLETE_COMMIT


def test_t7_under_tv1_the_epoch_stays() -> None:
    """EndTxn below v5: the producer goes on with the same epoch, and is told none."""
    world = World()
    producer = world.begun(version=TV0)
    assert world.end(commit=False, version=TV0).value == ProducerIdAndEpoch(-1, -1)
    world.finish_markers()
    assert world.state().state is COMPLETE_ABORT
    assert world.state().identity == producer


def test_t7_a_retry_after_completion_gets_the_same_answer() -> None:
    """The client never heard; it asks again with the epoch it ended with."""
    world = World()
    producer = world.begun()
    first = world.end(commit=True).value
    world.finish_markers()
    assert world.end(commit=True, producer=producer).value == first
    assert world.end(commit=False, producer=producer).error is ErrorCode.INVALID_TXN_STATE


def test_t7_an_abort_of_nothing_bumps_under_tv2() -> None:
    """A late first write of the producer is fenced by it; no partition needs a marker."""
    world = World()
    world.init()
    assert world.end(commit=False).value == ProducerIdAndEpoch(1_000, 1)
    assert world.state().state is COMPLETE_ABORT


def test_t7_the_last_epoch_ends_on_a_fresh_producer_id() -> None:
    """At 32766 the end answers (new id, 0); markers still carry the old id at 32767."""
    current = _transaction(ONGOING, LAST_EPOCH)._replace(partitions=frozenset({ORDERS_0}))
    ended = end_transaction(current, EndTxn(ID, 5, LAST_EPOCH, True, TV2), lambda: 99, 50)
    assert ended is not None
    assert ended.identity == ProducerIdAndEpoch(5, LAST_EPOCH + 1)
    assert answered_identity(ended, TV2) == ProducerIdAndEpoch(99, 0)
    assert completed(ended, 60).identity == ProducerIdAndEpoch(99, 0)


def test_t7_a_retry_over_the_rotation_is_still_ok() -> None:
    """It comes with the old id and 32766, and hears the new id again."""
    current = _transaction(ONGOING, LAST_EPOCH)._replace(partitions=frozenset({ORDERS_0}))
    request = EndTxn(ID, 5, LAST_EPOCH, True, TV2)
    ended = end_transaction(current, request, lambda: 99, 50)
    assert ended is not None
    done = completed(ended, 60)._replace(previous_producer_id=5)
    assert end_transaction(done, request, lambda: 98, 70) is None
    assert answered_identity(done, TV2) == ProducerIdAndEpoch(99, 0)
