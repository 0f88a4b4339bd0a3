"""An admin asks for an election (ElectLeaders; R15, R16, KIP-460).

PREFERRED moves leadership to the first assigned replica, if that is in the ISR and alive. UNCLEAN gives a
leaderless partition any live replica, at the price of what that one lacks. Where there is nothing to do, the
answer is ELECTION_NOT_NEEDED [84].
"""

from __future__ import annotations

from typing import Final

from minikafka.controller.election import Election
from minikafka.controller.leadership import rules_for
from minikafka.controller.partition_change import Target, partition_change
from minikafka.controller.view import ClusterView
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import PartitionState
from minikafka.types import NO_LEADER, TopicPartition
from minikafka.wire.message import Message

PREFERRED: Final = 0
UNCLEAN: Final = 1
"""Kafka's numbers for the election type."""


def elect_leader(view: ClusterView, name: TopicPartition, election_type: int) -> Message:
    """The record of one election. Raises Rejected: [3], [42] (no such type), [80], [83], [84]."""
    if election_type not in (PREFERRED, UNCLEAN):
        raise Rejected(ErrorCode.INVALID_REQUEST, f"Unknown election type {election_type}")
    rule = "R16" if election_type == PREFERRED else "R15"
    state = view.image.partition(name)
    if state is None:
        raise Rejected(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"No such partition as {name}", rule=rule)
    if _is_needless(state, election_type):
        raise Rejected(ErrorCode.ELECTION_NOT_NEEDED, f"Leader election not needed for {name}.", rule=rule)
    election = Election.PREFERRED if election_type == PREFERRED else Election.UNCLEAN
    settings = view.topic_settings(name.topic)
    rules = rules_for(view, settings, state, is_alive=view.image.is_active, election=election)
    record = partition_change(state, Target.as_is(state), rules)
    if record is None:
        missing = (
            ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE
            if election_type == PREFERRED
            else ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE
        )
        raise Rejected(missing, rule=rule)
    return record


def _is_needless(state: PartitionState, election_type: int) -> bool:
    if election_type == PREFERRED:
        return state.leader == state.replicas[0]
    return state.leader != NO_LEADER
