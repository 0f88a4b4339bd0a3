"""A checker that has never been shown an anomaly is not trusted: each one written by hand, each one named."""

from __future__ import annotations

import pytest
from minikafka.checker.allowed import Configuration
from minikafka.checker.anomaly import JEPSEN, Anomaly
from minikafka.checker.judge import judge
from minikafka.checker.operation import READ_COMMITTED, Op, Type
from minikafka.checker.verdict import ClientVerdict, Stage
from minikafka.errors import VerdictError

from tests.unit.checker.written import TOPIC, Written


def verdict(history: Written, **settings: object) -> ClientVerdict:
    return judge(history.lines, Configuration(**settings))  # type: ignore[arg-type]


def found(history: Written, **settings: object) -> list[tuple[Anomaly, str]]:
    return [(one.anomaly, one.id) for one in verdict(history, **settings).findings]


def three() -> Written:
    return Written().send(0, 0).send(1, 1).send(2, 2)


def test_a_complete_history_in_order_is_clean() -> None:
    """Each acknowledged record read once, in the order it was sent."""
    seen = verdict(three().poll(0, 0).poll(1, 1).poll(2, 2).read(3))
    assert seen.is_clean
    assert (seen.sent, seen.acknowledged, seen.received) == (3, 3, 3)
    seen.assert_none()


def test_an_acknowledged_record_that_readers_passed_is_lost() -> None:
    """Its offset lies within what was read."""
    history = three().poll(0, 0).poll(2, 2).read(3)
    assert found(history) == [(Anomaly.LOST, "1")]
    with pytest.raises(VerdictError, match="lost: 1 in t-0 offset 1"):
        verdict(history).assert_none()


@pytest.mark.parametrize(("final", "named"), [(True, Anomaly.LOST), (False, Anomaly.UNSEEN)])
def test_what_is_behind_the_end_is_lost_only_if_the_read_was_final(final: bool, named: Anomaly) -> None:
    """Else it may be there, above the high watermark."""
    assert found(three().poll(0, 0).poll(1, 1).read(2, final=final)) == [(named, "2")]


def test_acknowledged_without_an_offset_it_was_lost_before_the_broker() -> None:
    """As acks=0 acknowledges: nobody said where it is."""
    (lost,) = verdict(Written().send(0).read(0)).findings
    assert (lost.anomaly, lost.stage) == (Anomaly.LOST, Stage.CLIENT)


def test_below_the_log_start_it_went_on_purpose() -> None:
    """Retention, DeleteRecords."""
    assert verdict(three().poll(2, 2).read(3, first=2)).is_clean


def test_a_compacted_topic_owes_the_last_of_a_key_only() -> None:
    """And that it does owe."""
    history = Written().send(0, 0, key="a").send(1, 1, key="b").send(2, 2, key="a")
    assert found(history.poll(2, 2).read(3), compacted=True) == [(Anomaly.LOST, "1")]


def test_an_earlier_read_is_no_proof_once_there_is_a_final_one() -> None:
    """What was seen then is gone now."""
    history = Written().send(0, 0).poll(0, 0, process="early").read(1, "early", final=False).read(1)
    assert found(history) == [(Anomaly.LOST, "0")]


def test_a_partition_nobody_read_to_an_end_cannot_be_judged() -> None:
    """Never clean."""
    seen = verdict(three().poll(0, 0))
    assert list(seen.inconclusive) == [f"{TOPIC}-0"]
    assert not seen.is_clean
    with pytest.raises(VerdictError, match="cannot be told"):
        seen.assert_none()


def test_nothing_sent_is_inconclusive() -> None:
    """A run without traffic shows nothing."""
    assert verdict(Written().read(0)).inconclusive


def test_a_record_at_two_offsets_is_duplicated_in_the_broker() -> None:
    """Sent once."""
    (twice,) = verdict(Written().send(0, 0).poll(0, 0).poll(0, 1).read(2)).findings
    assert (twice.anomaly, twice.offset, twice.stage) == (Anomaly.DUPLICATED, 1, Stage.BROKER)


def test_a_record_sent_twice_is_duplicated_before_the_broker() -> None:
    """To a broker these are two records."""
    history = Written().send(0, -1, Type.INFO).send(0, 1).poll(0, 0).poll(0, 1).read(2)
    (twice,) = verdict(history).findings
    assert (twice.anomaly, twice.stage) == (Anomaly.DUPLICATED, Stage.CLIENT)


def test_one_copy_delivered_twice_to_a_group_is_duplicated_after_delivery() -> None:
    """Two readers of their own are not a group."""
    history = Written().send(0, 0).read(1)
    history.poll(0, 0).poll(0, 0, "other")
    assert verdict(history).is_clean
    history.poll(0, 0, "one", group="g").poll(0, 0, "two", group="g")
    (twice,) = verdict(history).findings
    assert (twice.anomaly, twice.stage) == (Anomaly.DUPLICATED, Stage.DELIVERY)


def test_what_was_polled_twice_and_processed_once_is_no_duplicate() -> None:
    """The work counts; processed twice is one."""
    history = Written().send(0, 0).poll(0, 0, group="g").poll(0, 0, "s", group="g").read(1)
    history.add(Type.OK, Op.PROCESS, "s", id="0", partition=0, offset=0)
    assert verdict(history).is_clean
    history.add(Type.OK, Op.PROCESS, "r", id="0", partition=0, offset=0)
    assert found(history) == [(Anomaly.DUPLICATED, "0")]


def test_committed_and_never_processed_is_lost_after_delivery() -> None:
    """The group will not come back to it."""
    history = Written().send(0, 0).send(1, 1).poll(0, 0).poll(1, 1).read(2)
    history.add(Type.OK, Op.PROCESS, "r", id="0", partition=0, offset=0)
    assert verdict(history).is_clean
    history.add(Type.OK, Op.COMMIT_OFFSETS, "r", partition=0, offset=2)
    (lost,) = verdict(history).findings
    assert (lost.anomaly, lost.id, lost.stage) == (Anomaly.LOST, "1", Stage.DELIVERY)


def test_a_record_behind_a_later_one_of_its_producer_is_reordered() -> None:
    """Within a partition; the second copy of a record has its own name."""
    history = Written().send(0, 1).send(1, 0).poll(1, 0).poll(0, 1)
    assert found(history.read(2)) == [(Anomaly.REORDERED, "0")]
    late = Written().send(0, 0).send(1, 1).poll(0, 0).poll(1, 1).poll(0, 2).read(3)
    assert found(late) == [(Anomaly.DUPLICATED, "0")]


def test_order_is_promised_per_producer_and_partition_only() -> None:
    """Neither across partitions nor across producers."""
    history = Written().send(0, 1).send(1, 0, process="q").poll(1, 0).poll(0, 1).read(2)
    assert verdict(history).is_clean
    apart = Written().send(0, 5, partition=1).send(1, 0).poll(1, 0).poll(0, 5, partition=1)
    assert verdict(apart.read(1).read(6, partition=1)).is_clean


def test_a_reader_that_gets_what_it_had_passed_over_sees_it_reordered() -> None:
    """Jepsen's nonmonotonic poll."""
    assert found(three().poll(0, 0).poll(2, 2).poll(1, 1).read(3)) == [(Anomaly.REORDERED, "1")]


def test_two_records_known_at_one_offset() -> None:
    """The first was acknowledged there, and lost; the second is there now."""
    history = Written().send(0, 0).send(1, 0).poll(1, 0).read(1)
    assert found(history) == [(Anomaly.LOST, "0"), (Anomaly.OFFSET_REUSED, "1")]


def test_what_nobody_sent_is_unexpected() -> None:
    """And what certainly failed is an aborted read, as Jepsen has it."""
    history = Written().send(0, -1, Type.FAIL).poll(0, 0).poll(9, 1).read(2)
    assert found(history) == [(Anomaly.ABORTED_READ, "0"), (Anomaly.UNEXPECTED, "9")]


@pytest.mark.parametrize("read", [True, False])
@pytest.mark.parametrize("told", [None, Type.INFO])
def test_an_unknown_outcome_allows_both(read: bool, told: Type | None) -> None:
    """A client that heard nothing proves nothing."""
    history = Written().send(0, -1, told)
    assert verdict((history.poll(0, 0) if read else history).read(1)).is_clean


def transaction(end: Op | None, told: Type = Type.OK) -> Written:
    """Two records, then `end`."""
    history = Written().begin().send(0, 0).send(1, 1)
    return history if end is None else history.end(end, told)


def committed(history: Written, *numbers: int, end: int = 3) -> Written:
    for number in numbers:
        history.poll(number, number, isolation=READ_COMMITTED)
    return history.read(end, isolation=READ_COMMITTED)


def test_a_commit_vouches_for_every_record() -> None:
    """All of it is visible, or something is wrong."""
    history = committed(transaction(Op.COMMIT), 0, 1)
    assert verdict(history, transactional=True).is_clean
    nothing = committed(transaction(Op.COMMIT))
    assert found(nothing, transactional=True) == [(Anomaly.LOST, "0"), (Anomaly.LOST, "1")]


@pytest.mark.parametrize(
    ("end", "told"), [(Op.ABORT, Type.OK), (Op.ABORT, Type.INFO), (Op.COMMIT, Type.FAIL), (None, Type.OK)]
)
def test_what_did_not_commit_must_not_be_seen(end: Op | None, told: Type) -> None:
    """Aborted, refused, or left behind by a producer that is gone."""
    assert verdict(committed(transaction(end, told)), transactional=True).is_clean
    history = committed(transaction(end, told), 0, 1)
    assert found(history) == [(Anomaly.ABORTED_READ, "0"), (Anomaly.ABORTED_READ, "1")]


def test_read_uncommitted_promises_nothing_of_the_kind() -> None:
    """Found, and allowed."""
    history = transaction(Op.ABORT).poll(0, 0).poll(1, 1).read(3)
    seen = verdict(history, isolation="read_uncommitted", transactional=True)
    assert len(seen.of(Anomaly.ABORTED_READ)) == 2
    assert seen.bad == ()
    assert seen.findings[0].prevented_by == ("isolation.level=read_committed",)


@pytest.mark.parametrize("told", [Type.OK, Type.INFO])
def test_half_of_a_transaction_is_torn(told: Type) -> None:
    """Whatever its producer was told of the end."""
    seen = verdict(committed(transaction(Op.COMMIT, told), 0), transactional=True)
    (torn,) = seen.of(Anomaly.TORN)
    assert torn.id == "p's transaction 1"
    assert "0 can be read, 1 cannot" in torn.why


def test_a_commit_that_nobody_answered_may_go_either_way() -> None:
    """But all of it the same way."""
    for numbers in ((), (0, 1)):
        history = committed(transaction(Op.COMMIT, Type.INFO), *numbers)
        assert verdict(history, transactional=True).is_clean


def test_a_last_stable_offset_that_stays_behind_hangs() -> None:
    """Both readers were final, and read_committed ends earlier."""
    history = transaction(Op.COMMIT, Type.INFO).poll(0, 0, "u").poll(1, 1, "u").read(3, "u")
    seen = verdict(history.read(0, isolation=READ_COMMITTED), transactional=True)
    (hanging,) = seen.findings
    assert (hanging.anomaly, hanging.id, hanging.offset) == (Anomaly.HANGING, "p's transaction 1", 0)


def test_a_record_sent_again_in_the_next_transaction_belongs_to_that() -> None:
    """As a copy that was aborted is made again: one visible copy, and nothing is wrong."""
    history = transaction(Op.ABORT).begin().send(0, 3).send(1, 4).end(Op.COMMIT)
    history.poll(0, 3, isolation=READ_COMMITTED).poll(1, 4, isolation=READ_COMMITTED)
    assert verdict(history.read(6, isolation=READ_COMMITTED), transactional=True).is_clean


def test_every_anomaly_has_jepsens_name() -> None:
    """Or the one it would have there."""
    assert set(JEPSEN) == set(Anomaly)


def test_a_verdict_is_plain_data() -> None:
    """With the evidence, and Jepsen's name."""
    plain = verdict(Written().send(0, 0).read(1)).as_dict()
    assert '"jepsen": "lost-write"' in verdict(Written().send(0, 0).read(1)).to_json()
    assert plain["acknowledged"] == 1
