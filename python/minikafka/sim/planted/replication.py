"""Mistakes in replication and elections: who counts, who may lead, whose log wins (R, and L11, F1, F8, F9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from minikafka.controller import leadership, partition_change, registration
from minikafka.controller.election import Candidates, Elected, Election, elect
from minikafka.errors import ErrorCode
from minikafka.partition import high_watermark, leader, reading
from minikafka.partition.isr import IsrProposal
from minikafka.partition.leader import LeaderRole
from minikafka.partition.local import LocalReplica
from minikafka.partition.partition import Partition
from minikafka.sim.planted.bug import Bug, bug
from minikafka.types import BrokerId, Now, Offset

_become_leader = Partition.become_leader
_become_follower = Partition.become_follower
_next_high_watermark = high_watermark.next_high_watermark


def _over_plain_isr(self: LeaderRole, local: LocalReplica, now: Now) -> None:
    ends = [local.counted_offset]
    ends += [one.log_end_offset for one in self.followers.values() if one.broker_id in self.isr.members]
    members = len(self.isr.members)
    local.set_high_watermark(
        _next_high_watermark(
            local.high_watermark, ends, isr_size=members, min_insync_replicas=local.min_insync_replicas
        )
    )


def _leader_alone(current: Offset, end_offsets: Iterable[Offset], **_: int) -> Offset:
    return max(current, next(iter(end_offsets)))


def _by_majority(current: Offset, end_offsets: Iterable[Offset], **_: int) -> Offset:
    ends = sorted(end_offsets, reverse=True)
    return max(current, ends[len(ends) // 2])


def _from_log_end(self: Partition, *arguments: Any) -> None:
    led = self.is_leader
    _become_leader(self, *arguments)
    if self.is_leader and not led:
        self._local.set_high_watermark(self.log.log_end_offset)


def _cuts_to_high_watermark(self: Partition, *arguments: Any) -> None:
    epoch = self.leader_epoch
    _become_follower(self, *arguments)
    if self.leader_epoch > epoch >= 0:
        self.log.truncate_to(self.high_watermark)


def _joins_at_once(
    self: LeaderRole, high_watermark: Offset, log_end_offset: Offset, now_ms: int, max_lag_ms: int
) -> IsrProposal | None:
    if self.isr.pending is not None:
        return None
    joining = [one.broker_id for one in self.followers.values() if one.log_end_offset >= 0]
    new = [broker for broker in joining if broker not in self.isr.members]
    return self._propose({*self.isr.members, new[0]}) if new else None


def _anyone_alive(
    candidates: Candidates, election: Election, is_alive: Callable[[BrokerId], bool], *, elr_enabled: bool
) -> Elected:
    found = elect(candidates, election, is_alive, elr_enabled=elr_enabled)
    if found.leader >= 0:
        return found
    return next((Elected(one) for one in candidates.replicas if is_alive(one)), found)


def _first_assigned(
    candidates: Candidates, election: Election, is_alive: Callable[[BrokerId], bool], *, elr_enabled: bool
) -> Elected:
    alive = [one for one in candidates.replicas if is_alive(one)]
    return Elected(alive[0]) if alive else elect(candidates, election, is_alive, elr_enabled=elr_enabled)


def _forgives(view: Any, existing: Any, asked: Any) -> list[Any]:
    return [] if existing is None else leadership.broker_leaves(view, asked.broker_id)


def _to_log_end(local: LocalReplica, isolation: Any, stable: Offset) -> Offset:
    return local.log.log_end_offset


def _never_diverges(*_: object) -> None:
    return None


def _leads_no_more_but_answers(self: Partition, last_offset: Offset, leader_epoch: int, required: int) -> Any:
    answer = _acks_state(self, last_offset, leader_epoch, required)
    return ErrorCode.NONE if answer is ErrorCode.NOT_LEADER_OR_FOLLOWER else answer


_acks_state = Partition.acks_state


REPLICATION: Final[Mapping[str, Bug]] = MappingProxyType(
    {
        "high-watermark-over-plain-isr": bug(
            "R4",
            "the set in force is counted instead of the maximal one: who is being let in may lack what is committed",
            (LeaderRole, "advance_high_watermark", _over_plain_isr),
        ),
        "high-watermark-of-the-leader-alone": bug(
            "R4", "followers are not waited for", (leader, "next_high_watermark", _leader_alone)
        ),
        "high-watermark-by-majority": bug(
            "R4",
            "a majority is enough, as in Raft; but any ISR member may lead",
            (leader, "next_high_watermark", _by_majority),
        ),
        "answered-by-who-leads-no-more": bug(
            "R7",
            "a produce whose leader lost its leadership is a success",
            (Partition, "acks_state", _leads_no_more_but_answers),
        ),
        "new-leader-commits-its-log-end": bug(
            "R18",
            "a new leader's whole log is committed at once",
            (Partition, "become_leader", _from_log_end),
        ),
        "truncates-to-high-watermark": bug(
            "R11",
            "a follower cuts its log to its own high watermark, which trails (before KIP-101)",
            (Partition, "become_follower", _cuts_to_high_watermark),
        ),
        "expands-before-caught-up": bug(
            "R9", "whoever fetches joins the ISR", (LeaderRole, "propose", _joins_at_once)
        ),
        "elects-outside-the-isr": bug(
            "R13", "any replica alive leads when none in sync is", (partition_change, "elect", _anyone_alive)
        ),
        "elects-the-first-assigned": bug(
            "R13", "the preferred replica leads, in sync or not", (partition_change, "elect", _first_assigned)
        ),
        "elr-member-after-unclean-shutdown": bug(
            "R14", "who lost its tail is still an eligible leader", (registration, "_cleanup", _forgives)
        ),
        "consumers-read-to-the-log-end": bug(
            "F1", "records are shown before they are committed", (reading, "bound", _to_log_end)
        ),
        "leader-sees-no-divergence": bug(
            "F9",
            "a follower goes on behind records that are not the leader's",
            (reading, "diverging", _never_diverges),
        ),
    }
)
