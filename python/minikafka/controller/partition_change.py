"""One change of one partition, with everything that follows from it, as one record.

Whoever wants to change a partition (AlterPartition, a broker fenced or back, an election, a reassignment)
says what it wants in a `Target`; `partition_change` draws the conclusions, in this order:

1. R17  a reassignment whose added replicas are all in the ISR is completed;
2. R14  members that leave the ISR while it is under min ISR become eligible leader replicas;
3. R13  a leader is elected, and an unclean one gets the ISR to itself;
4. R10  the leader field is written, so the leader epoch rises, when the leader changes or a replica goes;
5. R13  the last leader of a partition that loses its whole ISR is remembered.

What does not change is left out of the record; when nothing does, there is no record. Without ELR, an ISR
never becomes empty: the last member stays in it, leaderless, and leads again when it is back (R13).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from minikafka.controller.election import Candidates, Elected, Election, IsAlive, elect
from minikafka.controller.reassignment import Assignment, completed
from minikafka.controller.replay import NO_LEADER_CHANGE, NO_RECOVERY_STATE_CHANGE
from minikafka.partition.state import RECOVERING, UNASSIGNED, PartitionState
from minikafka.types import NO_LEADER, BrokerId
from minikafka.wire.records.cluster_metadata import PartitionChangeRecord

_NOBODY: Final[frozenset[BrokerId]] = frozenset()


class Rules(NamedTuple):
    """What holds for this partition.

    min_insync_replicas: already capped by the replica count (R5). is_alive: who may lead. unclean_shutdown:
    brokers that came back without a clean-shutdown file: they may lack what they had, and are no eligible
    leaders (R14). default_directory: where a new replica on a broker goes (KIP-858).
    """

    election: Election
    is_alive: IsAlive
    min_insync_replicas: int
    elr_enabled: bool
    unclean_shutdown: frozenset[BrokerId] = _NOBODY
    default_directory: Callable[[BrokerId], bytes] = lambda _: UNASSIGNED


class Target(NamedTuple):
    """The partition as it is wanted."""

    isr: tuple[BrokerId, ...]
    replicas: tuple[BrokerId, ...]
    adding: tuple[BrokerId, ...]
    removing: tuple[BrokerId, ...]
    leader_recovery_state: int

    @staticmethod
    def as_is(state: PartitionState) -> Target:
        return Target(state.isr, state.replicas, state.adding, state.removing, state.leader_recovery_state)

    def without(self, brokers: frozenset[BrokerId]) -> Target:
        """The same, with these brokers out of the ISR."""
        return self._replace(isr=tuple(member for member in self.isr if member not in brokers))


def partition_change(state: PartitionState, target: Target, rules: Rules) -> PartitionChangeRecord | None:
    """The record that brings `state` as near to `target` as the rules allow; None when nothing changes."""
    target = _with_reassignment_completed(target)
    elr = _eligible_leader_replicas(state, target, rules)
    candidates = Candidates(target.replicas, target.isr, elr, state.last_known_elr, state.leader)
    elected = elect(candidates, rules.election, rules.is_alive, elr_enabled=rules.elr_enabled)
    record = _unchanged(state)
    target, elr = _enthroned(record, state, target, elr, elected)
    if record.leader == NO_LEADER_CHANGE and not set(state.replicas) <= set(target.replicas):
        record.leader = state.leader
    if elr != state.elr:
        record.eligible_leader_replicas = list(elr)
    if target.isr != state.isr and (target.isr or rules.elr_enabled):
        record.isr = list(target.isr)
    if rules.elr_enabled:
        _remember_last_leader(record, state)
    _reassign(record, state, target, rules)
    if target.leader_recovery_state != state.leader_recovery_state:
        record.leader_recovery_state = target.leader_recovery_state
    return None if record == _unchanged(state) else record


def _unchanged(state: PartitionState) -> PartitionChangeRecord:
    return PartitionChangeRecord(
        topic_id=state.topic_id,
        partition_id=state.partition,
        leader=NO_LEADER_CHANGE,
        leader_recovery_state=NO_RECOVERY_STATE_CHANGE,
    )


def _with_reassignment_completed(target: Target) -> Target:
    """R17: the move under way, or the one asked for, ends with this change if the ISR is ready for it."""
    done = completed(Assignment(target.replicas, target.adding, target.removing), target.isr)
    if done is None:
        return target
    (replicas, adding, removing), isr = done
    return target._replace(isr=isr, replicas=replicas, adding=adding, removing=removing)


def _eligible_leader_replicas(state: PartitionState, target: Target, rules: Rules) -> tuple[BrokerId, ...]:
    """R14: empty again as soon as the ISR has min.insync.replicas members."""
    if not rules.elr_enabled or len(target.isr) >= rules.min_insync_replicas:
        return ()
    members = {*state.elr, *state.isr}
    gone = {*target.isr, *rules.unclean_shutdown}
    return tuple(sorted(member for member in members - gone if member in target.replicas))


def _enthroned(
    record: PartitionChangeRecord,
    state: PartitionState,
    target: Target,
    elr: tuple[BrokerId, ...],
    elected: Elected,
) -> tuple[Target, tuple[BrokerId, ...]]:
    """Write the new leader, if it is a new one, and what its election does to ISR and ELR."""
    if elected.leader == state.leader:
        return target, elr
    record.leader = elected.leader
    if not elected.is_clean:
        return target._replace(isr=(elected.leader,), leader_recovery_state=RECOVERING), ()
    if elected.leader in elr:
        kept = tuple(member for member in elr if member != elected.leader)
        return target._replace(isr=(elected.leader,)), kept
    return target, elr


def _remember_last_leader(record: PartitionChangeRecord, state: PartitionState) -> None:
    """R13: whoever led last is the only one an empty partition may fall back on."""
    loses_isr = record.isr is not None and not record.isr
    if loses_isr and state.leader != NO_LEADER:
        if state.last_known_elr != (state.leader,):
            record.last_known_elr = [state.leader]
        return
    leader = state.leader if record.leader == NO_LEADER_CHANGE else record.leader
    if leader != NO_LEADER and state.last_known_elr:
        record.last_known_elr = []


def _reassign(record: PartitionChangeRecord, state: PartitionState, target: Target, rules: Rules) -> None:
    if target.replicas != state.replicas:
        record.replicas = list(target.replicas)
        record.directories = [
            state.directory_of(replica) if replica in state.replicas else rules.default_directory(replica)
            for replica in target.replicas
        ]
    if target.adding != state.adding:
        record.adding_replicas = list(target.adding)
    if target.removing != state.removing:
        record.removing_replicas = list(target.removing)
