"""Committed offsets: what was accepted is in the log, what was refused is not, OffsetFetch tells the newest (G7, G16).

    accepted    it is there, and was committed by then, whatever became of the coordinator that answered
    refused     it is not there
    fetched     a committed record of the log; no older than any that was accepted before it was asked for
    fenced      whoever stands in the log with a commit was a member then, at a generation or an epoch that was its own

and so the group as a whole skips nothing: where a partition changed hands its next owner went on at an offset that was
committed, and everything below that was processed.
"""

from __future__ import annotations

from collections.abc import Mapping

from minikafka.sim.checker.group_history import Commit, Fetched, GroupHistory, Seen
from minikafka.sim.checker.group_log import CommittedRecord, GroupLog, GroupView
from minikafka.types import Offset, TopicPartition


def check(history: GroupHistory, logs: Mapping[str, GroupLog]) -> list[str]:
    """Every violation, in words."""
    places = {
        (group_id, record.partition, record.tag): record
        for group_id, log in logs.items()
        for record in log.committed
    }
    violations = []
    for commit in history.commits:
        record = places.get((commit.who.group, commit.partition, commit.tag))
        violations += _judge(commit, record)
        if record is not None:
            violations += _check_fenced(commit, record, logs[commit.who.group])
    for fetched in history.fetched:
        violations += _check_fetched(fetched, history, places)
    return violations


def _judge(commit: Commit, record: CommittedRecord | None) -> list[str]:
    what = f"{commit.who.group}, {commit.partition} at {commit.offset} by {commit.tag}"
    if commit.accepted is True and record is None:
        return [f"offset lost: {what} was accepted, and is not in the log"]
    if commit.accepted is True and record is not None and commit.answered_us < record.seen_us:
        return [f"offset accepted too early: {what}, before it was committed"]
    if commit.accepted is False and record is not None:
        return [f"offset refused: {what} is in the log all the same, at {record.offset}"]
    return []


def _check_fenced(commit: Commit, record: CommittedRecord, log: GroupLog) -> list[str]:
    why = _why_fenced(commit, log.at_offset(record.offset))
    if why is None:
        return []
    who = f"{commit.who.member_id} of epoch {commit.who.epoch}, who {why}"
    return [
        f"offset not fenced: {commit.who.group}, record {record.offset} for {commit.partition} is by {who}"
    ]


def _why_fenced(commit: Commit, view: GroupView) -> str | None:
    """None: the commit is rightly there. Of a classic group the log knows the generations that came to rest; a newer
    one, in which members have joined and are to join again, is not in it, and its commits count (G7)."""
    epoch = commit.who.epoch
    if not view.is_new and epoch > view.epoch:
        return None
    member = view.members.get(commit.who.member_id)
    if member is None:
        return "is no member"
    if not view.is_new:
        return None if epoch == view.epoch else f"belongs to generation {view.epoch}"
    since = member.since.get(commit.partition, member.epoch)
    if since <= epoch <= member.epoch:
        return None
    return f"is at epoch {member.epoch}, and was given it at {since}"


def _check_fetched(
    fetched: Fetched,
    history: GroupHistory,
    places: Mapping[tuple[str, TopicPartition, str], CommittedRecord],
) -> list[str]:
    what = f"{fetched.group}, {fetched.partition} is told to be at {fetched.offset}"
    newest: Offset = -1
    for commit in history.commits:
        is_before = commit.accepted and commit.answered_us <= fetched.asked_us
        if is_before and (commit.who.group, commit.partition) == (fetched.group, fetched.partition):
            record = places.get((fetched.group, fetched.partition, commit.tag))
            newest = max(newest, -1 if record is None else record.offset)
    if fetched.offset < 0:
        return [f"offset went back: {what}, after a commit at record {newest}"] if newest >= 0 else []
    found = places.get((fetched.group, fetched.partition, fetched.tag))
    if found is None or found.value != fetched.offset:
        return [f"offset made up: {what} by {fetched.tag!r}; the log has no such record"]
    if found.offset < newest:
        return [f"offset went back: {what} by record {found.offset}, after a commit at record {newest}"]
    return []


def check_nothing_skipped(
    group_id: str, seen: set[Seen], found: Mapping[TopicPartition, list[Offset]]
) -> list[str]:
    """`found`: the offsets of the records there are."""
    return [
        f"skipped: {group_id} never got {partition} offset {offset}"
        for partition, offsets in sorted(found.items())
        for offset in offsets
        if Seen(group_id, partition, offset) not in seen
    ]
