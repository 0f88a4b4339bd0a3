"""T4, T6, T12: which partitions belong to a transaction."""

from __future__ import annotations

from minikafka.errors import ErrorCode
from minikafka.transaction.add_partitions import AddPartitions
from minikafka.transaction.states import ONGOING
from minikafka.transaction.transaction import TV0, TV2, ProducerIdAndEpoch
from minikafka.types import TopicPartition

from tests.unit.coordinator.fakes import START, later
from tests.unit.transaction.world import ID, ORDERS_0, ORDERS_1, Asked, World


def test_t4_the_first_partition_begins_the_transaction() -> None:
    """ONGOING, and its timeout runs from here."""
    world = World()
    world.init()
    assert world.add(ORDERS_0, now=later(5)).value is ErrorCode.NONE
    state = world.state()
    assert (state.state, state.partitions) == (ONGOING, frozenset({ORDERS_0}))
    assert state.start_timestamp_ms == later(5).wall_ms
    world.add(ORDERS_1, now=later(9))
    assert world.state().start_timestamp_ms == later(5).wall_ms


def test_t4_partitions_already_there_are_not_written_again() -> None:
    """OK at once: no record."""
    world = World()
    world.begun()
    records = len(world.writer.logs[0])
    assert world.add(ORDERS_0).value is ErrorCode.NONE
    assert len(world.writer.logs[0]) == records


def test_t4_an_unknown_id_is_an_invalid_mapping() -> None:
    """[49], also for a producer id that no longer holds the id."""
    world = World()
    assert world.add(ORDERS_0, producer=ProducerIdAndEpoch(1, 0)).error == 49
    world.init()
    assert world.add(ORDERS_0, producer=ProducerIdAndEpoch(1, 0)).error == 49


def test_t4_another_epoch_is_fenced() -> None:
    """[90]: older or newer, it is not the holder's."""
    world = World()
    producer = ProducerIdAndEpoch(*world.init().value[1:])
    world.init()
    assert world.add(ORDERS_0, producer=producer).error is ErrorCode.PRODUCER_FENCED


def test_t4_while_the_transaction_before_is_ended_the_next_waits() -> None:
    """PREPARE_*: [51]."""
    world = World()
    world.begun()
    world.end(commit=True)
    assert world.add(ORDERS_0).error is ErrorCode.CONCURRENT_TRANSACTIONS
    world.finish_markers()
    assert world.add(ORDERS_0).value is ErrorCode.NONE


def test_t2_the_version_of_the_request_is_remembered() -> None:
    """The marker's rules follow from it (T8)."""
    world = World()
    world.begun(version=TV0)
    assert world.state().client_transaction_version == TV0
    world.add(ORDERS_0, TopicPartition("orders", 2), version=TV2)
    assert world.state().client_transaction_version == TV2


def test_t6_verification_says_which_partitions_belong() -> None:
    """Added: fine; not added: TRANSACTION_ABORTABLE [120]. Nothing changes."""
    world = World()
    world.init()
    world.add(ORDERS_0)
    request = AddPartitions(ID, *world.state().identity, frozenset({ORDERS_0, ORDERS_1}), TV0)
    before = world.state()
    heard: Asked[dict[TopicPartition, ErrorCode]] = Asked()
    world.runtime.read(
        0, lambda shard, now: shard.verify_partitions(request, now), heard.answer, heard.reject, START
    )
    assert heard.value == {ORDERS_0: ErrorCode.NONE, ORDERS_1: ErrorCode.TRANSACTION_ABORTABLE}
    assert world.state() == before
