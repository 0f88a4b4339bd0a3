"""T3: InitProducerId, every branch."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.init_producer import InitProducerId, InitProducerIdAnswer, init_producer
from minikafka.transaction.states import COMPLETE_ABORT, EMPTY, ONGOING, PREPARE_ABORT
from minikafka.transaction.transaction import LAST_EPOCH, TV0, TV1, TV2, ProducerIdAndEpoch, Transaction

from tests.unit.coordinator.fakes import START
from tests.unit.transaction.world import ID, ORDERS_0, World


def test_t3_a_new_id_gets_a_fresh_producer_id_at_epoch_zero() -> None:
    """Nobody held it before."""
    world = World()
    assert world.init().value == InitProducerIdAnswer(ErrorCode.NONE, 1_000, 0)
    assert world.state().state is EMPTY


def test_t3_asking_again_bumps_the_epoch() -> None:
    """Whoever asks last holds the id; the one before is fenced by the epoch."""
    world = World()
    world.init()
    assert world.init().value == InitProducerIdAnswer(ErrorCode.NONE, 1_000, 1)


@pytest.mark.parametrize("timeout_ms", [0, -1, 900_001])
def test_t3_a_timeout_out_of_range_is_refused(timeout_ms: int) -> None:
    """1 .. transaction.max.timeout.ms, else [50]."""
    assert World().init(timeout_ms=timeout_ms).error is ErrorCode.INVALID_TRANSACTION_TIMEOUT


def test_t3_an_empty_id_is_an_invalid_request() -> None:
    """[42]; null would mean: no transactional id at all (I11)."""
    assert World().init(transactional_id="").error is ErrorCode.INVALID_REQUEST


def test_t2_a_pending_change_answers_concurrent_transactions() -> None:
    """Nothing builds on a state whose record is not replicated yet."""
    world = World(hold=True)
    first = world.init()
    assert first.is_waiting
    assert world.init().error is ErrorCode.CONCURRENT_TRANSACTIONS
    world.commit()
    assert first.value.producer_epoch == 0
    second = world.init()
    world.commit()
    assert second.value.producer_epoch == 1


def test_t3_an_open_transaction_is_aborted_first() -> None:
    """[51] once the abort is durable; the retry bumps again, so the client sees 0, then 2."""
    world = World()
    world.begun()
    answer = world.init()
    assert answer.value.error is ErrorCode.CONCURRENT_TRANSACTIONS
    assert (world.state().state, world.state().producer_epoch) == (PREPARE_ABORT, 1)
    assert world.init().error is ErrorCode.CONCURRENT_TRANSACTIONS
    world.finish_markers()
    assert world.state().state is COMPLETE_ABORT
    assert world.init().value == InitProducerIdAnswer(ErrorCode.NONE, 1_000, 2)


@pytest.mark.parametrize(("server_version", "last_epoch"), [(TV1, -1), (TV2, 0)])
def test_t3_the_fence_follows_the_finalized_feature(server_version: int, last_epoch: int) -> None:
    """No request of the fenced producer decides (C2); under TV2 its old epoch is remembered."""
    world = World(server_version=server_version)
    world.begun()
    world.init()
    state = world.state()
    assert state.producer_epoch == 1
    assert state.client_transaction_version == (TV2 if server_version == TV2 else TV0)
    assert state.last_producer_epoch == last_epoch


def test_t3_the_current_epoch_expected_bumps_and_remembers() -> None:
    """KIP-360: a producer goes on after an error."""
    world = World()
    producer = ProducerIdAndEpoch(*world.init().value[1:])
    assert world.init(producer).value.producer_epoch == 1
    assert world.state().last_producer_epoch == 0


def test_t3_a_retry_of_a_done_bump_gets_the_same_answer() -> None:
    """The answer was lost; a second bump would fence nobody and help nobody."""
    world = World()
    producer = ProducerIdAndEpoch(*world.init().value[1:])
    first = world.init(producer).value
    assert world.init(producer).value == first


def test_t3_a_producer_that_was_replaced_is_fenced() -> None:
    """Somebody initialised the id without an expectation: the old epoch is not remembered, so [90]."""
    world = World()
    producer = ProducerIdAndEpoch(*world.init().value[1:])
    world.init()
    assert world.init(producer).error is ErrorCode.PRODUCER_FENCED


def test_t3_another_producer_id_is_fenced() -> None:
    """[90], whatever the epoch."""
    world = World()
    world.init()
    assert world.init(ProducerIdAndEpoch(7, 0)).error is ErrorCode.PRODUCER_FENCED


def test_t3_an_expectation_of_an_unknown_id_is_let_in() -> None:
    """The id expired meanwhile; the producer starts anew."""
    assert World().init(ProducerIdAndEpoch(7, 3)).value.producer_epoch == 0


def _at(epoch: int, **changes: int) -> Transaction:
    return Transaction(ID, EMPTY, 5, epoch, 60_000, previous_producer_id=5)._replace(**changes)


def _init(current: Transaction, expected: ProducerIdAndEpoch | None = None) -> Transaction:
    return init_producer(current, InitProducerId(ID, 60_000, expected), TV2, lambda: 99, 0)


def test_t3_the_last_epoch_moves_to_a_fresh_producer_id() -> None:
    """32766 is the last a producer may have; 32767 is left for fencing."""
    assert _init(_at(LAST_EPOCH - 1)).identity == ProducerIdAndEpoch(5, LAST_EPOCH)
    assert _init(_at(LAST_EPOCH)).identity == ProducerIdAndEpoch(99, 0)
    assert _init(_at(LAST_EPOCH + 1)).identity == ProducerIdAndEpoch(99, 0)


def test_t3_a_retry_over_the_rotation_gets_the_new_producer_id() -> None:
    """It still comes with the old id, at its last epoch."""
    rotated = _init(_at(LAST_EPOCH), ProducerIdAndEpoch(5, LAST_EPOCH))._replace(previous_producer_id=5)
    again = _init(rotated, ProducerIdAndEpoch(5, LAST_EPOCH))
    assert again.identity == rotated.identity == ProducerIdAndEpoch(99, 0)


def test_t3_fencing_at_the_last_epoch_rotates_under_tv2() -> None:
    """The abort's markers take 32767; the next holder has another id."""
    ongoing = _at(LAST_EPOCH)._replace(state=ONGOING, partitions=frozenset({ORDERS_0}))
    fenced = _init(ongoing)
    assert (fenced.producer_epoch, fenced.next_producer_id) == (LAST_EPOCH + 1, 99)


def test_t3_without_a_producer_id_at_hand_the_client_retries() -> None:
    """[14], which old clients retry too; nothing was changed."""
    world = World()
    world.blocks.is_held = True
    for number in range(10):
        world.init(transactional_id=f"id-{number}")
    assert world.init(transactional_id="one-more").error is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    with pytest.raises(Rejected):
        world.shard.describe("one-more", START)
