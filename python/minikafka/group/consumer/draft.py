"""The group as it would be: what one event changes, worked out before anything is written.

Joining, leaving and expiring all do the same things in the same order: change the members, resolve regular
expressions, notice changed topics, raise the group epoch if any of that matters, compute a new target if it is time
(G13). A draft carries the state through these steps and collects the records; the group itself moves when they are
replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from minikafka.coordinator.shard import CoordinatorRecord
from minikafka.group import telling
from minikafka.group.consumer import records
from minikafka.group.consumer.group import ConsumerGroup, subscribed_topics
from minikafka.group.consumer.member import ConsumerMember, Slot
from minikafka.group.consumer.regex import TopicPattern
from minikafka.group.consumer.target_assignment import compute_target, preferred_assignor
from minikafka.group.consumer.topics import Topics, metadata_hash
from minikafka.trace import NOBODY, Trace
from minikafka.types import Now


class Draft:
    """See the module.

    `records`: what makes it true, in order. `told`: the same for the trace. `member`: who spoke last.
    """

    def __init__(self, group: ConsumerGroup, trace: Trace = NOBODY) -> None:
        self._trace = trace
        self.told: list[Callable[[], object]] = []
        self.records: list[CoordinatorRecord] = []
        self.members = dict(group.members)
        self.member = ConsumerMember("")
        self.target = dict(group.target)
        self.resolved = dict(group.resolved)
        self.epoch = group.epoch
        self.assignment_epoch = group.assignment_epoch
        self._group = group
        self._needs_epoch = False

    def put(self, member: ConsumerMember) -> None:
        """A new member, or what a member now says about itself."""
        before = self.members.get(member.member_id)
        self.members[member.member_id] = self.member = member
        if before is None or before.subscription() != member.subscription():
            self.records.append(records.member_metadata(self._group.group_id, member))
        if before is None or (before.topics, before.regex) != (member.topics, member.regex):
            self._needs_epoch = True

    def take_over(self, old: ConsumerMember, new: ConsumerMember) -> None:
        """A static member came back under a new id: same place, same target, no new epoch for that (G15)."""
        group_id = self._group.group_id
        self.records += records.member_tombstones(group_id, old.member_id)
        del self.members[old.member_id]
        self.members[new.member_id] = new
        self.records.append(records.member_metadata(group_id, new))
        target = self.target.pop(old.member_id, None)
        if target is not None:
            self.target[new.member_id] = target
            self.records.append(records.member_target(group_id, new.member_id, target))

    def remove(self, member_id: str) -> None:
        del self.members[member_id]
        self.target.pop(member_id, None)
        self.records += records.member_tombstones(self._group.group_id, member_id)
        self._needs_epoch = True

    def raise_epoch(self, topics: Topics, now: Now) -> None:
        """If members, subscriptions or subscribed topics changed. Raises Rejected [128] for a bad pattern."""
        if self._group.seen_topics is topics and not self._needs_epoch:
            return
        self._resolve(topics, now)
        names = {name for each in self.members.values() for name in subscribed_topics(each, self.resolved)}
        topics_hash = metadata_hash(topics, names)
        if self._needs_epoch or topics_hash != self._group.metadata_hash:
            self.epoch += 1
            self.records.append(records.group_epoch(self._group.group_id, self.epoch, topics_hash))
            if self._trace.on:
                group_id, by_members = self._group.group_id, self._needs_epoch
                self.told.append(
                    partial(telling.epoch_rose, self._trace, group_id, self.epoch, by_members=by_members)
                )
        else:
            self._group.seen_topics = topics

    def _resolve(self, topics: Topics, now: Now) -> None:
        in_use = {member.regex for member in self.members.values() if member.regex}
        for regex in sorted(in_use | self.resolved.keys()):
            if regex not in in_use:
                del self.resolved[regex]
                self.records.append(records.resolved_regex(self._group.group_id, regex, None))
                continue
            pattern = TopicPattern(regex)
            matching = tuple(name for name in sorted(topics) if pattern.matches(name))
            if matching != self.resolved.get(regex):
                self.resolved[regex] = matching
                self._needs_epoch = True
                self.records.append(
                    records.resolved_regex(self._group.group_id, regex, matching, timestamp_ms=now.wall_ms)
                )

    def retarget(self, topics: Topics, assignors: tuple[str, ...], interval_ms: int, now: Now) -> None:
        """Compute the target of a risen epoch, at most once per `interval_ms`; else a later heartbeat does."""
        since_ms = now.wall_ms - self._group.target_timestamp_ms
        if self.epoch <= self.assignment_epoch or 0 <= since_ms < interval_ms:
            return
        assignor = preferred_assignor(self.members.values(), assignors)
        computed = compute_target(assignor, self.members, self.target, self.resolved, topics)
        group_id = self._group.group_id
        for member_id, slots in computed.items():
            if self.target.get(member_id) != slots:
                self.records.append(records.member_target(group_id, member_id, slots))
        self.target = computed
        self.assignment_epoch = self.epoch
        self.records.append(records.target_epoch(group_id, self.epoch, now.wall_ms))
        if self._trace.on:
            self.told.append(partial(telling.target_computed, self._trace, group_id, self.epoch, assignor))

    def target_of(self, member_id: str) -> frozenset[Slot]:
        return self.target.get(member_id, frozenset())
