"""Simulated consumer groups: one owner for each partition, no offset lost, nobody stuck; and checkers that see."""

from __future__ import annotations

import os

import pytest
from minikafka.errors import ConfigError
from minikafka.sim import nemesis, swarm
from minikafka.sim.case import Case
from minikafka.sim.checker import group_offsets, group_owners
from minikafka.sim.checker.group_history import Commit, Fetched, Given, GroupHistory, Identity, Overlap, Seen
from minikafka.sim.checker.group_log import CommittedRecord, GroupLog, GroupView, MemberView, Step
from minikafka.sim.clock import EPOCH_WALL_MS
from minikafka.sim.group import KINDS
from minikafka.sim.run import simulate
from minikafka.sim.swarm import GROUPS, Settings
from minikafka.types import TopicPartition

SEEDS = max(int(os.environ.get("MINIKAFKA_SIM_SEEDS", "200")) // 50, 2)
WITH_POWER_LOSS = (*nemesis.ONE_AT_A_TIME, nemesis.POWER_LOSS)
ORDERS = TopicPartition("orders", 0)
OTHER = TopicPartition("orders", 1)


def run(seed: int, kind: str, durability: str, misfortunes: tuple[nemesis.Misfortune, ...]) -> list[str]:
    settings = Settings(
        workload=GROUPS,
        durability=durability,
        misfortunes=tuple(one.name for one in misfortunes),
        partitions=3,
        groups=(kind,),
        members=3,
        static_members=1,
        churn=10,
        offsets_segment_bytes=2048 * (seed % 2),
    )
    report = simulate(seed, settings)
    assert report.acknowledged > 0, f"seed {seed} committed nothing"
    return [f"{one}, after {report.struck}" for one in report.violations]


@pytest.mark.parametrize("kind", KINDS)
def test_groups_come_through_one_failure_at_a_time(kind: str) -> None:
    """One owner for each partition, no offset lost or unfenced, nothing skipped, and in the end nobody is stuck."""
    for seed in range(1, SEEDS + 1):
        assert run(seed, kind, "page-cache", nemesis.ONE_AT_A_TIME) == [], f"seed {seed}"


@pytest.mark.parametrize("kind", KINDS)
def test_groups_survive_power_loss_in_fsync_mode(kind: str) -> None:
    """The same, with power losses among the failures."""
    for seed in range(1, SEEDS // 2 + 1):
        assert run(seed, kind, "fsync", WITH_POWER_LOSS) == [], f"seed {seed}"


def test_every_fifth_world_is_one_of_groups() -> None:
    """The others are the worlds they were before there were any; a kind of group that is none is refused."""
    assert [seed for seed in range(1, 16) if swarm.draw(seed).workload == GROUPS] == [4, 9, 14]
    assert {kind for seed in range(4, 100, 5) for kind in swarm.draw(seed).groups} == set(KINDS)
    with pytest.raises(ConfigError, match="cooperative"):
        swarm.draw(4).with_changes({"groups": "lazy"})


@pytest.mark.parametrize("seed", [484, 604, 754, 979, 1584])
def test_what_only_looks_wrong_is_no_violation(seed: int) -> None:
    """484: a partition lost and had again. 604: a shadow that joins late. 754: a classic group upgraded while a member
    gives up what its generation took away, and one that is removed and back within a millisecond. 979: commits of a
    generation that never came to rest. 1584: an empty group that begins anew under the other protocol."""
    assert Case.of(seed).run().violations == []


# The checkers see what they are for.


def classic(generation: int, **members: TopicPartition) -> GroupView:
    return GroupView(
        epoch=generation,
        members={name: MemberView(generation, frozenset({owned})) for name, owned in members.items()},
    )


def log_of(*views: GroupView) -> GroupLog:
    return GroupLog([Step(offset, EPOCH_WALL_MS + offset, view) for offset, view in enumerate(views)])


def test_g4_a_partition_given_twice_is_seen() -> None:
    """In one generation, or in the same one written again; and a generation that goes back."""
    assert group_owners.check_log("g", log_of(classic(1, a=ORDERS, b=OTHER), classic(2, a=OTHER))) == []
    assert len(group_owners.check_log("g", log_of(classic(1, a=ORDERS, b=ORDERS)))) == 1
    assert len(group_owners.check_log("g", log_of(classic(1, a=ORDERS), classic(1, a=OTHER)))) == 1
    assert len(group_owners.check_log("g", log_of(classic(2, a=ORDERS), classic(1, a=ORDERS)))) == 1
    assert group_owners.check_log("g", log_of(GroupView(epoch=2), GroupView(is_new=True, epoch=1))) == []


def test_g14_what_is_still_to_be_given_up_is_not_given_to_another() -> None:
    """A partition pending revocation has an owner."""
    a = MemberView(1, frozenset(), frozenset({ORDERS}))
    view = GroupView(is_new=True, epoch=2, members={"a": a, "b": MemberView(2, frozenset({ORDERS}))})
    assert len(group_owners.check_log("g", log_of(view))) == 1
    assert group_owners.check_log("g", log_of(view._replace(members={"a": a, "b": MemberView(2)}))) == []


@pytest.mark.parametrize(
    ("owner", "newcomer", "violations"),
    [
        (Identity("g", "a", 1), Identity("g", "b", 1), 1),
        (Identity("g", "gone", 1), Identity("g", "b", 1), 0),
        (Identity("g", "a", 0), Identity("g", "b", 1), 0),
    ],
    ids=["both are members", "the owner was removed", "the owner is a generation behind"],
)
def test_g5_two_members_that_read_the_same_are_seen_unless_one_is_a_zombie(
    owner: Identity, newcomer: Identity, violations: int
) -> None:
    """A zombie reads on until it hears of it: that is no fault of the coordinator's."""
    history = GroupHistory(overlaps=[Overlap(ORDERS, owner, newcomer, 1_000)])
    logs = {"g": log_of(classic(1, a=ORDERS, b=OTHER))}
    assert len(group_owners.check_clients(history, logs)) == violations


def test_g5_an_assignment_that_was_told_and_is_not_in_the_log_is_seen() -> None:
    """The log decides what a member has been given."""
    told = [Given(Identity("g", "a", 1), frozenset({each}), 1) for each in (ORDERS, OTHER)]
    assert len(group_owners.check_clients(GroupHistory(given=told), {"g": log_of(classic(1, a=ORDERS))})) == 1


def offsets(
    commits: list[Commit], records: list[CommittedRecord], fetched: list[Fetched] | None = None
) -> int:
    log = log_of(classic(1, a=ORDERS), classic(2, b=ORDERS))
    log.committed = records
    history = GroupHistory(commits=commits, fetched=fetched or [])
    return len(group_offsets.check(history, {"g": log}))


def test_g7_offsets_that_are_lost_made_up_or_not_fenced_are_seen() -> None:
    """Accepted and gone, refused and there, a member's of a generation that is over."""
    a, b = Identity("g", "a", 1), Identity("g", "b", 2)

    def commit(who: Identity, *, accepted: bool | None) -> Commit:
        return Commit(who, ORDERS, 7, "tag", accepted, 5)

    record = CommittedRecord(2, 0, ORDERS, 7, "tag")
    assert offsets([commit(b, accepted=True)], [record]) == 0
    assert offsets([commit(b, accepted=None)], []) == 0
    assert offsets([commit(b, accepted=True)], []) == 1
    assert offsets([commit(b, accepted=False)], [record]) == 1
    assert offsets([commit(a, accepted=None)], [record]) == 1


def test_g7_an_offset_that_went_back_is_seen() -> None:
    """OffsetFetch tells the newest commit that was accepted before it was asked, or a newer one."""
    b = Identity("g", "b", 2)
    commits = [Commit(b, ORDERS, 7, "first", True, 5), Commit(b, ORDERS, 9, "second", True, 6)]
    records = [CommittedRecord(2, 0, ORDERS, 7, "first"), CommittedRecord(3, 0, ORDERS, 9, "second")]

    def asked(offset: int, tag: str, at_us: int) -> int:
        return offsets(commits, records, [Fetched("g", ORDERS, offset, tag, at_us)])

    assert asked(9, "second", 8) == asked(7, "first", 5) == asked(-1, "", 1) == 0
    assert asked(7, "first", 8) == asked(-1, "", 8) == asked(8, "second", 8) == asked(3, "third", 1) == 1


def test_g7_a_record_that_the_group_never_got_is_seen() -> None:
    """Whoever of its members it was that should have."""
    assert group_offsets.check_nothing_skipped("g", {Seen("g", ORDERS, 0)}, {ORDERS: [0]}) == []
    assert len(group_offsets.check_nothing_skipped("g", {Seen("h", ORDERS, 0)}, {ORDERS: [0]})) == 1
