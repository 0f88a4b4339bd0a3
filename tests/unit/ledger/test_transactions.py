"""Transactions in the ledger: torn, hanging, ended otherwise, handed out though aborted; and their opposites."""

from __future__ import annotations

import pytest
from minikafka.checker.anomaly import Anomaly
from minikafka.errors import VerdictError
from minikafka.ledger.causes import Cause
from minikafka.ledger.ended import SILENT_MS
from minikafka.ledger.finding import Finding
from minikafka.types import TopicPartition

from tests.unit.ledger.told import ORDERS, Told, a_log, a_marker, in_transaction, verdict

OTHER = TopicPartition("orders", 1)
DATA = in_transaction(0, b"one")


def begun(*partitions: TopicPartition) -> Told:
    """Producer 7 wrote one batch to each."""
    told = Told()
    names = [str(name) for name in partitions or (ORDERS,)]
    told.moved("EMPTY", "ONGOING", epoch=0, rule="T4", partitions=names)
    for name in partitions or (ORDERS,):
        told.appended(DATA, name=name)
    return told


def decided(told: Told, *, commit: bool, asked: bool | None = None, complete: bool = True) -> Told:
    word = "COMMIT" if commit else "ABORT"
    asked = commit if asked is None else asked
    told.moved("ONGOING", f"PREPARE_{word}", epoch=1, asked="commit" if asked else "abort")
    if complete:
        told.moved(f"PREPARE_{word}", f"COMPLETE_{word}", epoch=1, rule="T8")
    return told


def found(told: Told, *logs: object) -> list[tuple[Anomaly, Cause]]:
    return [(one.anomaly, one.cause) for one in verdict(told, *logs).findings]  # type: ignore[arg-type]


@pytest.mark.parametrize("commit", [True, False])
def test_a_transaction_that_ended_as_decided_is_clean(commit: bool) -> None:
    """In every partition."""
    told = decided(begun(ORDERS, OTHER), commit=commit)
    log = a_log(DATA, a_marker(1, commit=commit))
    verdict(told, log, log._replace(name=OTHER)).assert_none()


def test_one_piece_the_other_way_is_torn() -> None:
    """The finding names the piece that is not as decided."""
    told = decided(begun(ORDERS, OTHER), commit=True)
    here = a_log(DATA, a_marker(1, commit=True))
    there = a_log(DATA, a_marker(1, commit=False), name=OTHER)
    seen = verdict(told, here, there)
    (torn,) = seen.findings
    assert (torn.anomaly, torn.cause, torn.partition) == (Anomaly.TORN, Cause.ENDED_OTHERWISE, OTHER)
    with pytest.raises(VerdictError, match=r"torn: orders-1 offset 0: aborted here"):
        seen.assert_no_torn_transactions()


@pytest.mark.parametrize(("commit", "anomaly"), [(False, Anomaly.LOST), (True, Anomaly.ABORTED_READ)])
def test_t7_decided_the_opposite_of_what_was_asked(commit: bool, anomaly: Anomaly) -> None:
    """The producer was told yes, and got the contrary."""
    told = decided(begun(), commit=commit, asked=not commit)
    assert found(told, a_log(DATA, a_marker(1, commit=commit))) == [(anomaly, Cause.DECIDED_OTHERWISE)]


def test_t2_a_decision_that_was_lost_with_its_coordinator() -> None:
    """Decided to commit, and then, by the next coordinator, to abort."""
    told = decided(begun(), commit=True, complete=False)
    told.moved("ONGOING", "PREPARE_ABORT", epoch=2, rule="T13")
    assert found(told, a_log(DATA, a_marker(1, commit=False, epoch=2))) == [
        (Anomaly.LOST, Cause.DECIDED_TWICE)
    ]


def test_t8_complete_without_a_marker_hangs() -> None:
    """While the decision waits for its markers, nothing is wrong."""
    told = decided(begun(), commit=True, complete=False)
    log = a_log(DATA, last_stable_offset=0)
    assert found(told, log) == []
    told.moved("PREPARE_COMMIT", "COMPLETE_COMMIT", epoch=1, rule="T8")
    assert found(told, log) == [(Anomaly.HANGING, Cause.NEVER_MARKED)]
    with pytest.raises(VerdictError, match="nobody will end it"):
        verdict(told, log).assert_no_hanging_transactions()


def test_t14_a_marker_that_was_written_and_lost_hangs() -> None:
    """As after an unclean election, which the settings may forbid."""
    told = decided(begun(), commit=True)
    told.event(1, "marker", "T9", what="commit", offset=1, producer_id=7, producer_epoch=1)
    told.event(1000, "election", "R15", leader=2, clean=False, isr=(2,))
    (hanging,) = verdict(told, a_log(DATA)).findings
    assert (hanging.anomaly, hanging.cause) == (Anomaly.HANGING, Cause.MARKER_LOST)
    assert hanging.prevented_by == ("unclean.leader.election.enable=false",)
    assert "R15" in hanging.rules


def test_t14_a_write_behind_the_end_of_its_transaction_hangs() -> None:
    """What the coordinator takes for complete it will not end again."""
    told = decided(begun(), commit=True)
    late = in_transaction(2, b"late", sequence=1)
    told.appended(late)
    log = a_log(DATA, a_marker(1, commit=True, epoch=0), late)
    assert found(told, log) == [(Anomaly.HANGING, Cause.WRITTEN_LATE)]


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("loaded", [False, True])
def test_t17_a_decision_that_nobody_carries_out_hangs(loaded: bool, sent: bool) -> None:
    """The next coordinator was loaded and sends no marker; without a next one, the first may still be at it."""
    told = decided(begun(), commit=True, complete=False)
    if loaded:
        told.event(2, "coordinator", "T1", at=TopicPartition("__transaction_state", 0), what="loaded")
    if sent:
        told.event(2, "marker", "T8", at=None, what="sent", transactional_ids=("t",))
    told.event(1, "isr", "R8", what="proposed", isr=(1, 2), t_ms=SILENT_MS + 1)
    hangs = [(Anomaly.HANGING, Cause.NOT_CARRIED_OUT)] if loaded and not sent else []
    assert found(told, a_log(DATA)) == hangs


def test_t4_a_partition_that_the_coordinator_forgot() -> None:
    """Its last list of partitions does not have it."""
    told = begun()
    told.moved("ONGOING", "ONGOING", epoch=0, rule="T4", partitions=["orders-1"])
    assert found(decided(told, commit=True), a_log(DATA)) == [(Anomaly.HANGING, Cause.NOT_REMEMBERED)]


def aborted_read(
    *, committed: bool, aborted: tuple[int, ...] = (), ended: bool = True, stable: int = 100
) -> list[Finding]:
    told = begun()
    if ended:
        decided(told, commit=False)
        told.event(1, "marker", "T9", what="abort", offset=1, producer_id=7, producer_epoch=1)
    told.read(0, 2, committed=committed, aborted=aborted, stable=stable)
    if not ended:
        decided(told, commit=False)
    return list(verdict(told, a_log(DATA, a_marker(1, commit=False))).findings)


def test_a_read_committed_consumer_told_of_the_abort_is_fine() -> None:
    """It skips those records."""
    assert aborted_read(committed=True, aborted=(7,)) == []


@pytest.mark.parametrize(
    ("committed", "ended", "cause"),
    [
        (False, True, Cause.READ_UNCOMMITTED),
        (True, True, Cause.NOT_TOLD_ABORTED),
        (True, False, Cause.READ_WHILE_OPEN),
    ],
)
def test_f1_t10_t11_an_aborted_record_that_was_handed_out(committed: bool, ended: bool, cause: Cause) -> None:
    """By what the consumer asked for, and what was known then."""
    (one,) = aborted_read(committed=committed, ended=ended)
    assert (one.anomaly, one.cause) == (Anomaly.ABORTED_READ, cause)
    assert [event.kind for event in one.chain][-2:] in (
        ["fetch", "marker"],
        ["marker", "fetch"],
        ["append", "fetch"],
    )


def test_f1_a_record_handed_out_above_the_bound() -> None:
    """The broker itself knew that the last stable offset was lower."""
    (one,) = aborted_read(committed=True, ended=False, stable=0)
    assert one.cause is Cause.SHOWN_UNCOMMITTED


def test_what_the_verdict_itself_reads_is_handed_to_nobody() -> None:
    """By its client id."""
    told = decided(begun(), commit=False)
    told.event(
        1,
        "fetch",
        "F1",
        what="read",
        replica_id=-1,
        client_id="ourselves",
        offset=0,
        next_offset=2,
        aborted=(),
    )
    verdict(told, a_log(DATA, a_marker(1, commit=False))).assert_no_aborted_reads()
