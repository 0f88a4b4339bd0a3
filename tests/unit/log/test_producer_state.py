"""Producer state: duplicates, order, epochs, markers, expiry (I1-I10, T6, T8)."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode, Rejected
from minikafka.log.batch import BatchHeader
from minikafka.log.producer_state import ProducerStates, RememberedBatch

from tests.unit.log.headers import data, marker

LAST = 2**31 - 1


def append(states: ProducerStates, header: BatchHeader) -> RememberedBatch | None:
    """As a leader does: check, then remember unless it is a duplicate."""
    duplicate = states.check(header, from_client=True)
    if duplicate is None:
        states.remember(header)
    return duplicate


def refusal(states: ProducerStates, header: BatchHeader, **how: int) -> ErrorCode:
    with pytest.raises(Rejected) as refused:
        states.check(header, from_client=True, **how)  # type: ignore[arg-type]
    return refused.value.code


def test_i1_a_coordinators_batch_is_checked_for_its_epoch_only() -> None:
    """Offset commits of a transaction carry no sequence; an old epoch is still refused."""
    states = ProducerStates()
    states.remember(data(0, epoch=3, sequence=0))
    assert states.check(data(1, epoch=3, sequence=-1, transactional=True), from_client=False) is None
    with pytest.raises(Rejected) as refused:
        states.check(data(1, epoch=2, sequence=-1, transactional=True), from_client=False)
    assert refused.value.code is ErrorCode.INVALID_PRODUCER_EPOCH


def test_i2_an_older_epoch_is_fenced() -> None:
    """A batch of an epoch below the one seen is INVALID_PRODUCER_EPOCH, whatever its sequence."""
    states = ProducerStates()
    append(states, data(0, epoch=2, sequence=0))
    assert refusal(states, data(1, epoch=1, sequence=1)) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_i3_a_duplicate_answers_the_first_offset() -> None:
    """The same epoch and exact sequences: the first copy's offsets and timestamp, and nothing changes."""
    states = ProducerStates()
    append(states, data(10, 3, sequence=0, timestamp=555))
    again = append(states, data(99, 3, sequence=0, timestamp=777))
    assert again == RememberedBatch(0, 2, 10, 12, 555)
    assert states.get(7).batches == [RememberedBatch(0, 2, 10, 12, 555)]  # type: ignore[union-attr]


def test_i3_a_part_of_a_batch_is_no_duplicate() -> None:
    """Only the exact range matches; a sub-range or an overlap is out of order."""
    states = ProducerStates()
    append(states, data(0, 3, sequence=0))
    assert refusal(states, data(3, 2, sequence=0)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert refusal(states, data(3, 3, sequence=1)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_i3_the_sixth_newest_batch_is_out_of_order() -> None:
    """Five batches are remembered: a retry of the fifth is a duplicate, of the sixth OUT_OF_ORDER."""
    states = ProducerStates()
    for sequence in range(6):
        assert append(states, data(sequence, sequence=sequence)) is None
    assert append(states, data(99, sequence=1)) is not None
    assert refusal(states, data(99, sequence=0)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_i4_the_next_sequence_follows_the_last() -> None:
    """A gap and a stale sequence look the same: OUT_OF_ORDER."""
    states = ProducerStates()
    append(states, data(0, 2, sequence=5))
    assert refusal(states, data(2, sequence=8)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert refusal(states, data(2, sequence=5)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert append(states, data(2, sequence=7)) is None


def test_i4_the_sequence_wraps_to_zero() -> None:
    """After 2147483647 comes 0, between batches and within one."""
    states = ProducerStates()
    append(states, data(0, 1, sequence=LAST))
    assert append(states, data(1, sequence=0)) is None
    within = ProducerStates()
    append(within, data(0, 3, sequence=LAST - 1))
    assert within.get(7).last_sequence == 0  # type: ignore[union-attr]
    assert append(within, data(3, sequence=1)) is None


def test_i5_an_unknown_producer_may_start_anywhere() -> None:
    """Without state any first sequence is accepted."""
    assert append(ProducerStates(), data(0, sequence=4711)) is None


def test_i5_a_transaction_of_version_2_starts_at_zero() -> None:
    """Under TV2 a transactional batch of a producer without state must have sequence 0."""
    states = ProducerStates()
    late = data(0, sequence=1, transactional=True)
    assert refusal(states, late, tv2=True) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert states.check(late, from_client=True, tv2=False) is None


def test_i5_batches_being_verified_keep_their_order() -> None:
    """While a verification entry exists, nothing above the lowest sequence it saw may be first."""
    states = ProducerStates()
    later = data(0, sequence=5, transactional=True)
    assert refusal(states, later, lowest_verified_sequence=0) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert (
        states.check(data(0, sequence=0, transactional=True), from_client=True, lowest_verified_sequence=0)
        is None
    )


def test_i5_a_verification_guards_a_known_producer_too() -> None:
    """The entry's lowest sequence counts whether or not the producer has state here."""
    states = ProducerStates()
    append(states, data(0, sequence=4))
    later = data(1, sequence=5, transactional=True)
    assert refusal(states, later, lowest_verified_sequence=3) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_i6_a_new_epoch_starts_at_zero() -> None:
    """A greater epoch forgets the window and wants sequence 0."""
    states = ProducerStates()
    append(states, data(0, sequence=5))
    assert refusal(states, data(1, epoch=1, sequence=6)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert append(states, data(1, epoch=1, sequence=0)) is None
    assert refusal(states, data(9, epoch=0, sequence=5)) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_i7_a_marker_of_the_same_epoch_keeps_the_window() -> None:
    """TV1: after the marker sequences go on, and retries are still recognised."""
    states = ProducerStates()
    append(states, data(0, sequence=0, transactional=True))
    assert states.remember_marker(marker(1)) == 0
    assert append(states, data(9, sequence=0, transactional=True)) is not None
    assert append(states, data(2, sequence=1, transactional=True)) is None


def test_i7_a_marker_of_a_new_epoch_clears_the_window() -> None:
    """TV2: the marker raises the epoch, and the next batch starts at 0, not anywhere."""
    states = ProducerStates()
    append(states, data(0, sequence=0, transactional=True))
    states.remember_marker(marker(1, epoch=1))
    assert refusal(states, data(2, epoch=0, sequence=1)) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert refusal(states, data(2, epoch=1, sequence=1)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert append(states, data(2, epoch=1, sequence=0, transactional=True)) is None


def test_i8_only_the_errors_of_4x_are_sent() -> None:
    """[45], [47], [48]; never DUPLICATE_SEQUENCE_NUMBER nor UNKNOWN_PRODUCER_ID."""
    states = ProducerStates()
    append(states, data(0, 2, epoch=1, sequence=0, transactional=True))
    heard = {
        refusal(states, data(2, epoch=epoch, sequence=sequence, transactional=transactional))
        for epoch in (0, 1, 2)
        for sequence in (1, 2, 3)
        for transactional in (False, True)
        if (epoch, sequence, transactional) != (1, 2, True)
    }
    assert heard == {
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        ErrorCode.INVALID_PRODUCER_EPOCH,
        ErrorCode.INVALID_TXN_STATE,
    }


def test_i10_idle_producers_expire_but_never_in_a_transaction() -> None:
    """After `producer.id.expiration.ms` without a batch the id is forgotten, unless its transaction is open."""
    states = ProducerStates()
    append(states, data(0, producer_id=1, timestamp=1_000))
    append(states, data(1, producer_id=2, timestamp=1_000, transactional=True))
    append(states, data(2, producer_id=3, timestamp=1_500))
    assert states.expire(1_999, 1_000) == []
    assert states.expire(2_000, 1_000) == [1]
    assert [state.producer_id for state in states.all()] == [2, 3]


def test_t6_an_ordinary_batch_inside_a_transaction_is_refused() -> None:
    """INVALID_TXN_STATE when the producer has a transaction open here and the batch is not of it."""
    states = ProducerStates()
    append(states, data(0, sequence=0, transactional=True))
    assert refusal(states, data(1, sequence=1)) is ErrorCode.INVALID_TXN_STATE


def marker_refusal(
    states: ProducerStates, epoch: int, coordinator_epoch: int = 0, *, tv2: bool
) -> ErrorCode | None:
    try:
        states.check_marker(epoch, 7, coordinator_epoch, tv2=tv2)
    except Rejected as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    ("epoch", "tv2", "expected"),
    [
        (4, False, ErrorCode.INVALID_PRODUCER_EPOCH),
        (4, True, ErrorCode.INVALID_PRODUCER_EPOCH),
        (5, False, None),
        (5, True, ErrorCode.INVALID_PRODUCER_EPOCH),
        (6, False, None),
        (6, True, None),
    ],
)
def test_t8_a_marker_needs_the_producers_epoch_or_under_tv2_a_greater(
    epoch: int, *, tv2: bool, expected: ErrorCode | None
) -> None:
    """TV1 takes an equal epoch; TV2 bumps it at every end, so an equal one may be a late marker."""
    states = ProducerStates()
    append(states, data(0, epoch=5, sequence=0, transactional=True))
    assert marker_refusal(states, epoch, tv2=tv2) is expected


def test_t8_a_repeated_marker_is_harmless_when_nothing_is_open() -> None:
    """TV2, same epoch, no open transaction: the coordinator's retry is written again."""
    states = ProducerStates()
    append(states, data(0, epoch=5, sequence=0, transactional=True))
    states.remember_marker(marker(1, epoch=6))
    assert marker_refusal(states, 6, tv2=True) is None


def test_t8_an_older_coordinator_is_fenced() -> None:
    """A marker of a coordinator epoch below the last seen: TRANSACTION_COORDINATOR_FENCED."""
    states = ProducerStates()
    append(states, data(0, sequence=0, transactional=True))
    states.remember_marker(marker(1, coordinator_epoch=9))
    assert marker_refusal(states, 0, 8, tv2=False) is ErrorCode.TRANSACTION_COORDINATOR_FENCED
    assert marker_refusal(states, 0, 9, tv2=False) is None


def test_t8_a_marker_without_a_transaction_ends_nothing() -> None:
    """It is written and remembered, but no transaction is reported as ended."""
    states = ProducerStates()
    assert states.remember_marker(marker(0)) is None
    assert states.get(7) is not None


def test_t6_a_transaction_nobody_verified_is_not_opened() -> None:
    """INVALID_TXN_STATE for its first batch here, unless the coordinator agreed; later ones need no asking."""
    states = ProducerStates()
    first = data(0, sequence=0, transactional=True)
    with pytest.raises(Rejected) as refused:
        states.check(first, from_client=True, is_verified=False)
    assert refused.value.code is ErrorCode.INVALID_TXN_STATE
    assert states.check(first, from_client=True, is_verified=True) is None
    states.remember(first)
    assert states.check(data(1, sequence=1, transactional=True), from_client=True, is_verified=False) is None
    assert states.check(first, from_client=True, is_verified=False) is not None
