"""OffsetCommit and TxnOffsetCommit: who may move a group's offsets (G7, T12)."""

from __future__ import annotations

import pytest
from minikafka.errors import ErrorCode
from minikafka.group.classic.requests import Protocol

from tests.unit.group.kit import SESSION_MS, World

PRODUCER = 77


def test_g7_a_member_commits_for_its_generation() -> None:
    """Member id and generation match: committed."""
    world = World()
    (member,) = world.stable()
    assert world.commit(42, member.member_id, 1).only == ErrorCode.NONE
    assert world.committed() == 42


def test_g7_member_and_generation_must_match() -> None:
    """Another generation hears ILLEGAL_GENERATION, a stranger UNKNOWN_MEMBER_ID; nothing is committed."""
    world = World()
    (member,) = world.stable()
    assert world.commit(42, member.member_id, 0).only == ErrorCode.ILLEGAL_GENERATION
    assert world.commit(42, member.member_id, 2).only == ErrorCode.ILLEGAL_GENERATION
    assert world.commit(42, "stranger", 1).only == ErrorCode.UNKNOWN_MEMBER_ID
    assert world.committed() == -1


def test_g7_a_commit_while_preparing_is_accepted() -> None:
    """Consumers commit when they give partitions up, which is in PreparingRebalance."""
    world = World()
    first, second = world.stable(2)
    world.join(first.member_id)
    assert world.state() == "PreparingRebalance"
    assert world.commit(42, second.member_id, 1).only == ErrorCode.NONE


def test_g7_a_commit_while_completing_is_sent_back() -> None:
    """In CompletingRebalance the partitions may already be another's: REBALANCE_IN_PROGRESS."""
    world = World()
    joined = world.admit()
    world.advance()
    assert world.commit(42, joined.only.member_id, 1).only == ErrorCode.REBALANCE_IN_PROGRESS


def test_g7_nobody_commits_while_the_group_has_members() -> None:
    """Without member id and generation a commit hears UNKNOWN_MEMBER_ID, unless the group is empty."""
    world = World()
    (member,) = world.stable()
    assert world.commit(42).only == ErrorCode.UNKNOWN_MEMBER_ID
    world.leave(member.member_id)
    assert world.commit(42).only == ErrorCode.NONE


def test_g7_a_commit_without_membership_makes_a_group() -> None:
    """A consumer that assigns itself may commit for a group nobody ever joined."""
    world = World()
    assert world.commit(42).only == ErrorCode.NONE
    assert (world.state(), world.committed()) == ("Empty", 42)
    assert world.shard.groups.by_id["g"].is_simple


def test_g1_the_empty_group_id_may_commit_without_membership() -> None:
    """For old tools the empty group id still names offsets."""
    assert World().commit(42, group_id="").only == ErrorCode.NONE


@pytest.mark.parametrize("told", [ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.ILLEGAL_GENERATION])
def test_g7_a_member_of_an_unknown_group(told: ErrorCode) -> None:
    """GROUP_ID_NOT_FOUND from v9 on, ILLEGAL_GENERATION before; the handler says which."""
    assert World().commit(42, "member", 1, unknown_group=told).only == told


def test_g7_metadata_has_a_limit() -> None:
    """More than offset.metadata.max.bytes hears OFFSET_METADATA_TOO_LARGE; the limit itself is fine."""
    world = World()
    assert world.commit(42, metadata="x" * 4097).only == ErrorCode.OFFSET_METADATA_TOO_LARGE
    assert world.committed() == -1
    assert world.commit(42, metadata="x" * 4096).only == ErrorCode.NONE


def test_g6_a_commit_renews_the_session() -> None:
    """A member that commits is alive."""
    world = World()
    (member,) = world.stable()
    for _ in range(3):
        world.advance(SESSION_MS - 1)
        world.commit(42, member.member_id, 1)
    assert world.members() == [member.member_id]


def test_t12_a_transactional_commit_shows_when_the_transaction_commits() -> None:
    """Pending until the marker; then it is the committed offset."""
    world = World()
    world.commit(5)
    assert world.commit(42, producer_id=PRODUCER).only == ErrorCode.NONE
    assert world.committed() == 5
    world.end_transaction(PRODUCER, committed=True)
    assert world.committed() == 42


def test_t12_an_aborted_transaction_leaves_no_trace() -> None:
    """The marker says abort: the offset stays as it was."""
    world = World()
    world.commit(5)
    world.commit(42, producer_id=PRODUCER)
    world.end_transaction(PRODUCER, committed=False)
    assert (world.committed(), world.fetch(require_stable=True).offset) == (5, 5)


def test_t12_the_later_record_wins() -> None:
    """A plain commit made after the transactional one is not undone by the transaction's marker."""
    world = World()
    world.commit(42, producer_id=PRODUCER)
    world.commit(50)
    world.end_transaction(PRODUCER, committed=True)
    assert world.committed() == 50


def test_t12_pending_offsets_are_unstable() -> None:
    """Who asks for stable offsets hears UNSTABLE_OFFSET_COMMIT until the transaction ends; others the old value."""
    world = World()
    world.commit(5)
    world.commit(42, producer_id=PRODUCER)
    assert world.fetch(require_stable=True).error == ErrorCode.UNSTABLE_OFFSET_COMMIT
    assert world.fetch().offset == 5
    world.end_transaction(PRODUCER, committed=True)
    assert world.fetch(require_stable=True).offset == 42


def test_t12_two_transactions_on_one_offset() -> None:
    """It stays unstable until both have ended; the later record wins, whichever marker came last."""
    world = World()
    world.commit(41, producer_id=1)
    world.commit(42, producer_id=2)
    world.end_transaction(2, committed=True)
    assert world.fetch(require_stable=True).error == ErrorCode.UNSTABLE_OFFSET_COMMIT
    world.end_transaction(1, committed=True)
    assert world.fetch(require_stable=True).offset == 42


def test_t12_member_and_generation_are_checked_in_a_transaction() -> None:
    """KIP-447: a zombie's transaction cannot move the offsets of a newer generation."""
    world = World()
    (member,) = world.stable()
    assert world.commit(1, member.member_id, 0, producer_id=PRODUCER).only == ErrorCode.ILLEGAL_GENERATION
    assert world.commit(1, "stranger", 1, producer_id=PRODUCER).only == ErrorCode.UNKNOWN_MEMBER_ID
    assert world.commit(1, member.member_id, 1, producer_id=PRODUCER).only == ErrorCode.NONE


def test_t12_old_producers_do_not_say_for_whom_they_commit() -> None:
    """Before v3 there is no member in the request; it is accepted although the group has members."""
    world = World()
    world.stable()
    assert world.commit(1, producer_id=PRODUCER).only == ErrorCode.NONE


def test_t12_the_state_of_the_group_does_not_matter_in_a_transaction() -> None:
    """In CompletingRebalance a plain commit is sent back, a transactional one accepted."""
    world = World()
    joined = world.admit()
    world.advance()
    assert world.commit(1, joined.only.member_id, 1, producer_id=PRODUCER).only == ErrorCode.NONE


def test_t12_pending_offsets_survive_a_failover() -> None:
    """The next coordinator reads them back as pending, and the marker finds them."""
    world = World()
    world.commit(42, producer_id=PRODUCER)
    world.fail_over()
    assert world.fetch(require_stable=True).error == ErrorCode.UNSTABLE_OFFSET_COMMIT
    world.end_transaction(PRODUCER, committed=True)
    world.fail_over()
    assert world.committed() == 42


def test_t12_a_marker_without_pending_offsets_does_nothing() -> None:
    """Markers may be repeated, or end a transaction that wrote no offsets here."""
    world = World()
    world.commit(5)
    world.end_transaction(PRODUCER, committed=True)
    assert world.committed() == 5


def test_g7_an_answer_waits_for_replication() -> None:
    """A commit is told once it is below the high watermark; COORDINATOR_NOT_AVAILABLE after five seconds."""
    world = World()
    world.log.holds = True
    heard, late = world.commit(42), world.commit(43)
    assert heard.is_parked
    world.advance(5_000)
    assert heard.only == late.only == ErrorCode.COORDINATOR_NOT_AVAILABLE


def test_g10_a_retention_time_in_the_request_is_remembered() -> None:
    """OffsetCommit v2-v4 may say how long its offset is kept."""
    world = World()
    world.commit(42, retention_ms=1_000)
    world.fail_over()
    world.advance(600_000)
    assert world.committed() == -1


def test_f12_an_offset_of_another_topic_of_that_name_is_not_found() -> None:
    """With topic ids, a re-created topic does not inherit its predecessor's offsets; without, the name decides."""
    old, new = b"o" * 16, b"n" * 16
    world = World()
    world.commit(42, topic_id=old)
    assert world.fetch(topic_id=old).offset == 42
    assert world.fetch(topic_id=new).offset == -1
    assert world.fetch().offset == 42


def test_f12_an_offset_committed_without_an_id_is_found_by_any() -> None:
    """Older versions do not say the id."""
    world = World()
    world.commit(42)
    assert world.fetch(topic_id=b"n" * 16).offset == 42


def test_g7_a_fetch_returns_what_was_committed() -> None:
    """Offset, leader epoch and metadata; -1 without an error for what nobody committed."""
    world = World()
    assert (world.fetch().offset, world.fetch().error) == (-1, ErrorCode.NONE)
    world.commit(42, metadata="note")
    fetched = world.fetch()
    assert (fetched.offset, fetched.leader_epoch, fetched.metadata) == (42, 1, "note")


def test_g7_a_consumers_unreadable_metadata_does_not_matter() -> None:
    """Offsets of a group whose subscriptions the broker cannot read are kept all the same."""
    world = World()
    joined = world.join(version=3, protocols=(Protocol("range", b"?"),))
    world.advance()
    world.assign([joined.only])
    assert world.commit(1, joined.only.member_id, 1).only == ErrorCode.NONE
