"""T8: markers are sent until they are written, whatever happens to leaders and connections."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode
from minikafka.transaction.markers import FIRST_BACKOFF_MS
from minikafka.transaction.states import COMPLETE_COMMIT, PREPARE_ABORT, PREPARE_COMMIT
from minikafka.transaction.transaction import TV0, TV2
from minikafka.types import NO_LEADER

from tests.unit.coordinator.fakes import later
from tests.unit.transaction.world import ORDERS_0, ORDERS_1, World


def _committing(**options: int) -> World:
    world = World(**options)
    world.begun()
    world.end(commit=True)
    return world


def test_t8_each_leader_gets_one_request_with_its_partitions() -> None:
    """The marker carries the bumped epoch under TV2, and the coordinator's."""
    world = World()
    world.load(epoch=4)
    world.begun()
    world.end(commit=True)
    assert [sent.broker for sent in world.sender.sent] == [0, 1]
    (marker,) = world.sender.sent[0].markers
    assert (marker.producer_id, marker.producer_epoch, marker.committed) == (1_000, 1, True)
    assert (marker.coordinator_epoch, marker.transaction_version) == (4, TV2)
    assert marker.partitions == (ORDERS_0,)


def test_t8_under_tv1_the_marker_has_the_producers_epoch() -> None:
    """No bump: equal is allowed."""
    world = World()
    world.begun(version=TV0)
    world.end(commit=True, version=TV0)
    (marker,) = world.sender.sent[0].markers
    assert (marker.producer_epoch, marker.transaction_version) == (0, TV0)


def test_t8_complete_is_written_when_every_partition_is_told() -> None:
    """Not before the last."""
    world = _committing()
    world.sender.answer()
    assert world.state().state is PREPARE_COMMIT
    world.sender.answer()
    assert world.state().state is COMPLETE_COMMIT


@pytest.mark.parametrize(
    "code",
    [
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NOT_ENOUGH_REPLICAS,
        ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.KAFKA_STORAGE_ERROR,
    ],
)
def test_t8_leader_trouble_is_retried_with_whoever_leads_then(code: ErrorCode) -> None:
    """After a pause, to the leader of that moment."""
    world = _committing()
    world.sender.answer(code)
    world.sender.answer()
    world.sender.leaders[ORDERS_0] = 2
    world.timers.fire(later(FIRST_BACKOFF_MS))
    assert [sent.broker for sent in world.sender.sent] == [2]
    world.sender.answer()
    assert world.state().state is COMPLETE_COMMIT


def test_t8_a_lost_answer_is_retried() -> None:
    """The marker may be written; writing it twice does no harm."""
    world = _committing()
    world.sender.lose()
    world.sender.answer()
    world.timers.fire(later(FIRST_BACKOFF_MS))
    world.sender.answer()
    assert world.state().state is COMPLETE_COMMIT


def test_t8_a_partition_without_leader_is_waited_for() -> None:
    """No leader now: ask again; deleted: nobody to tell."""
    world = World()
    world.sender.leaders[ORDERS_0] = NO_LEADER
    world.sender.leaders[ORDERS_1] = None
    world.begun()
    world.end(commit=True)
    assert world.sender.sent == []
    assert world.state().state is PREPARE_COMMIT
    world.sender.leaders[ORDERS_0] = 1
    world.timers.fire(later(FIRST_BACKOFF_MS))
    world.sender.answer()
    assert world.state().state is COMPLETE_COMMIT


def test_t8_an_invalid_producer_epoch_gives_up_that_partition_only() -> None:
    """[47]: it was told by a later epoch."""
    world = _committing()
    world.sender.answer(ErrorCode.INVALID_PRODUCER_EPOCH)
    world.sender.answer()
    assert world.state().state is COMPLETE_COMMIT


def test_t8_a_fenced_coordinator_stops() -> None:
    """[52]: another coordinator took over; this one must not write COMPLETE."""
    world = _committing()
    world.sender.answer(ErrorCode.TRANSACTION_COORDINATOR_FENCED)
    world.sender.answer()
    assert world.state().state is PREPARE_COMMIT
    world.timers.fire(later(60_000 - 1))
    assert world.sender.sent == []


def test_t8_markers_for_one_broker_share_a_request() -> None:
    """What becomes due while a request is under way leaves with the next, together."""
    world = World()
    world.sender.leaders[ORDERS_1] = 0
    for number in range(3):
        _end_transaction_of(world, f"id-{number}")
    assert len(world.sender.sent) == 1
    world.sender.answer()
    (second,) = world.sender.sent
    assert len(second.markers) == 2
    world.finish_markers()
    assert {each.state for each in world.shard.transactions()} == {COMPLETE_COMMIT}


def _end_transaction_of(world: World, transactional_id: str) -> None:
    from minikafka.transaction.add_partitions import AddPartitions
    from minikafka.transaction.end_txn import EndTxn

    world.init(transactional_id=transactional_id)
    who = world.state(transactional_id).identity
    add = AddPartitions(transactional_id, *who, frozenset({ORDERS_0, ORDERS_1}), TV2)
    world.ask(lambda shard, now: shard.add_partitions(add, now))
    end = EndTxn(transactional_id, *who, True, TV2)
    world.ask(lambda shard, now: shard.end_transaction(end, now))


def test_t17_a_new_coordinator_sends_the_markers_again() -> None:
    """The decision is in the log; the new epoch fences the old coordinator's markers."""
    world = World()
    world.begun()
    world.end(commit=False)
    old = list(world.sender.sent)
    world.sender.sent.clear()
    world.load(epoch=1)
    assert world.state().state is PREPARE_ABORT
    assert [sent.markers[0].coordinator_epoch for sent in world.sender.sent] == []
    for sent in old:
        sent.answered(None, later(1))
    assert [sent.markers[0].coordinator_epoch for sent in world.sender.sent] == [1, 1]
    world.finish_markers()
    assert not world.state().is_prepared


def test_t17_answers_to_the_old_coordinator_complete_nothing() -> None:
    """Leadership is lost: the log's next owner decides what comes after."""
    world = _committing()
    world.runtime.unload(0, later(1))
    records = len(world.writer.logs[0])
    world.finish_markers()
    world.timers.fire(later(60_000))
    assert len(world.writer.logs[0]) == records
