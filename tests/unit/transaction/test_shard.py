"""T2, T13, T15, T17: the shard as a whole."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.listing import filters
from minikafka.transaction.records import read_record, state_record, tombstone
from minikafka.transaction.states import (
    COMPLETE_ABORT,
    EMPTY,
    ONGOING,
    PREPARE_ABORT,
    PREPARE_COMMIT,
    VALID_PREVIOUS_STATES,
    TransactionState,
)
from minikafka.transaction.transaction import NEVER_TIMES_OUT_MS, TV1, TV2, Transaction

from tests.unit.coordinator.fakes import START, later
from tests.unit.transaction.world import ID, ORDERS_0, ORDERS_1, SETTINGS, World


def test_t2_no_decision_is_ever_taken_back() -> None:
    """Each PREPARE leads to its own COMPLETE and nowhere else."""
    followers = {
        state: {to for to, sources in VALID_PREVIOUS_STATES.items() if state in sources}
        for state in TransactionState
    }
    assert followers[PREPARE_COMMIT] == {TransactionState.COMPLETE_COMMIT}
    assert followers[PREPARE_ABORT] == {COMPLETE_ABORT}


def test_t2_state_names_are_kafkas() -> None:
    """As `kafka-transactions.sh` prints them."""
    assert [state.display_name for state in TransactionState][:4] == [
        "Empty",
        "Ongoing",
        "PrepareCommit",
        "PrepareAbort",
    ]


@pytest.mark.parametrize("version", [0, 1])
def test_t2_a_record_holds_the_whole_state(version: int) -> None:
    """Reading back what was written gives the same transaction, but for the ids that v0 has no room for."""
    transaction = Transaction(
        ID,
        ONGOING,
        5,
        3,
        60_000,
        4 if version else -1,
        -1,
        -1,
        frozenset({ORDERS_0, ORDERS_1}),
        10,
        20,
        2 * version,
    )
    assert read_record(state_record(transaction, version)) == (ID, transaction)


def test_t2_a_tombstone_forgets() -> None:
    """A null value: the id is gone."""
    assert read_record(tombstone(ID)) == (ID, None)


def test_t2_record_bytes_are_kafkas() -> None:
    """Key: type 0 and the id. Value v0: EMPTY has null partitions."""
    record = state_record(Transaction("a", EMPTY, 5, 3, 60_000, update_timestamp_ms=1), 0)
    assert record.key == bytes.fromhex("0000 0001 61")
    assert record.value == bytes.fromhex(
        "0000000000000000000500030000ea6000ffffffff0000000000000001ffffffffffffffff"
    )


def test_t17_reloading_gives_the_same_state() -> None:
    """The log alone rebuilds every transaction, and what may still be answered about it."""
    world = World()
    world.begun()
    world.end(commit=True)
    world.finish_markers()
    world.add(ORDERS_0)
    before = world.shard.transactions()
    world.load(epoch=1)
    assert world.shard.transactions() == before


def test_t17_a_decision_not_replicated_yet_sends_no_markers() -> None:
    """Loaded but above the high watermark: it may still be lost, with the new leader too."""
    world = World(hold=True)
    world.init()
    world.commit()
    world.add(ORDERS_0)
    world.commit()
    world.end(commit=True)
    world.load(epoch=1)
    assert world.sender.sent == []
    world.commit()
    assert [sent.markers[0].coordinator_epoch for sent in world.sender.sent] == [1]


def test_t13_a_transaction_past_its_timeout_is_fenced_and_aborted() -> None:
    """Found by the sweep; its producer hears [90] from then on."""
    world = World()
    world.init(timeout_ms=15_000)
    world.add(ORDERS_0)
    producer = world.state().identity
    sweep_ms = SETTINGS.abort_sweep_interval_ms
    world.timers.fire(later(sweep_ms))
    assert world.state().state is ONGOING
    world.timers.fire(later(2 * sweep_ms))
    assert (world.state().state, world.state().producer_epoch) == (PREPARE_ABORT, 1)
    world.finish_markers()
    assert world.state().state is COMPLETE_ABORT
    assert world.add(ORDERS_0, producer=producer).error is ErrorCode.PRODUCER_FENCED


def test_t13_an_abort_by_the_broker_follows_the_finalized_feature() -> None:
    """Under TV1 the fenced epoch is not remembered: the producer is out for good."""
    world = World(server_version=TV1)
    world.init(timeout_ms=1_000)
    world.add(ORDERS_0)
    world.timers.fire(later(SETTINGS.abort_sweep_interval_ms))
    assert world.state().client_transaction_version == 0
    assert world.state().last_producer_epoch == -1


def test_t13_two_phase_commit_transactions_never_time_out() -> None:
    """Timeout int32 max means: never."""
    from minikafka.transaction.timeouts import is_timed_out

    transaction = Transaction(ID, ONGOING, 5, 3, NEVER_TIMES_OUT_MS, start_timestamp_ms=0)
    assert not is_timed_out(transaction, 10**13)


def test_t13_unused_ids_are_forgotten_after_a_week() -> None:
    """Only from EMPTY or COMPLETE_*; afterwards the id is unknown, [49]."""
    world = World()
    world.begun()
    week = later(SETTINGS.expiration_ms + SETTINGS.expiration_sweep_interval_ms)
    assert world.shard.expire_unused(week).records == [], "an open transaction keeps its id"
    world.end(commit=True)
    assert world.shard.expire_unused(week).records == [], "so does one being ended"
    world.finish_markers()
    producer = world.state().identity
    world.ask(lambda shard, now: shard.expire_unused(now), week)
    assert world.add(ORDERS_0, producer=producer).error is ErrorCode.INVALID_PRODUCER_ID_MAPPING


def test_t15_describe_knows_or_says_not_found() -> None:
    """TRANSACTIONAL_ID_NOT_FOUND [105]; an empty id is [42]."""
    world = World()
    world.begun()
    assert world.state().partitions == {ORDERS_0, ORDERS_1}
    for unknown, code in (("other", ErrorCode.TRANSACTIONAL_ID_NOT_FOUND), ("", ErrorCode.INVALID_REQUEST)):
        with pytest.raises(Rejected) as refused:
            world.shard.describe(unknown, START)
        assert refused.value.code is code


def test_t15_list_filters_by_state_producer_duration_and_pattern() -> None:
    """v1 duration, v2 pattern over the whole id; unknown state names are told, not matched."""
    world = World()
    world.begun()
    world.init(transactional_id="other")

    def listed(
        states: tuple[str, ...] = (),
        ids: tuple[int, ...] = (),
        duration_ms: int = -1,
        pattern: str | None = None,
    ) -> list[str]:
        wanted, _ = filters(states, ids, duration_ms, pattern)
        return [each.transactional_id for each in world.shard.list_transactions(wanted, later(100))]

    assert listed() == [ID, "other"]
    assert listed(states=("Ongoing",)) == [ID]
    assert listed(states=("Nonsense",)) == []
    assert filters(("Nonsense",), (), -1, None)[1] == ["Nonsense"]
    assert listed(ids=(1_001,)) == ["other"]
    assert ID in listed(duration_ms=99)
    assert ID not in listed(duration_ms=100)
    assert listed(pattern="app-.*") == [ID]
    assert listed(pattern="app") == []


def test_t15_a_bad_pattern_is_refused() -> None:
    """INVALID_REGULAR_EXPRESSION [128]."""
    with pytest.raises(Rejected) as refused:
        filters((), (), -1, "(")
    assert refused.value.code is ErrorCode.INVALID_REGULAR_EXPRESSION


def test_t2_waiting_for_an_id_ends_when_its_transaction_is_out_of_the_way() -> None:
    """The next transaction's first write waits for COMPLETE rather than asking over and over."""
    world = World()
    world.begun()
    world.end(commit=True)
    woken: list[str] = []
    world.shard.when_settled(ID, lambda _: woken.append(ID))
    world.sender.answer()
    assert woken == []
    world.sender.answer()
    assert woken == [ID]


def test_t2_a_refused_append_leaves_the_transaction_as_it_was() -> None:
    """Under min ISR: [15], and the same request succeeds later."""
    world = World()
    producer = world.begun()
    world.writer.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS)
    assert world.end(commit=True).error is ErrorCode.COORDINATOR_NOT_AVAILABLE
    assert (world.state().state, world.state().identity) == (ONGOING, producer)
    world.writer.refusal = None
    assert world.end(commit=True).value.producer_epoch == 1


def test_t2_completion_is_retried_until_the_log_takes_it() -> None:
    """Markers are written once; COMPLETE must follow, however long the log refuses."""
    world = World()
    world.begun()
    world.end(commit=True)
    world.writer.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS)
    world.finish_markers()
    assert world.state().state is PREPARE_COMMIT
    world.writer.refusal = None
    world.timers.fire(later(1_000))
    assert world.state().state is TransactionState.COMPLETE_COMMIT
    assert world.state().client_transaction_version == TV2
