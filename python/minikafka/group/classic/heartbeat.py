"""Heartbeat: "I am alive; is there anything I should know?" (G6).

In PreparingRebalance the answer is REBALANCE_IN_PROGRESS [27], and the heartbeat counts all the same: the member may
still be busy with its last records before it rejoins. What a valid member hears in each state: `states.HEARS`.
"""

from __future__ import annotations

from minikafka.coordinator.shard import Result
from minikafka.errors import ErrorCode, Rejected
from minikafka.group import telling
from minikafka.group.classic.rebalance import renew_session
from minikafka.group.classic.requests import Identity
from minikafka.group.classic.states import DEAD, EMPTY, HEARS
from minikafka.group.groups import Groups
from minikafka.group.telling import tell
from minikafka.types import Now


def heartbeat(groups: Groups, identity: Identity, now: Now) -> Result[ErrorCode]:
    """NONE or REBALANCE_IN_PROGRESS [27]; the session is renewed either way.

    Raises Rejected: UNKNOWN_MEMBER_ID [25], FENCED_INSTANCE_ID [82], ILLEGAL_GENERATION [22].
    """
    group = groups.find(identity.group_id, ErrorCode.UNKNOWN_MEMBER_ID)
    if group.state is DEAD:
        raise Rejected(HEARS[DEAD].heartbeat, "the group is gone", rule="G6")
    member = group.check_member(identity)
    if identity.generation_id != group.generation_id:
        why = f"generation {identity.generation_id}, the group is at {group.generation_id}"
        raise Rejected(ErrorCode.ILLEGAL_GENERATION, why, rule="G6")
    assert group.state is not EMPTY, "an empty group has no members"
    outcome = Result(response=HEARS[group.state].heartbeat)
    if outcome.response is ErrorCode.REBALANCE_IN_PROGRESS:
        tell(groups.trace, outcome, telling.told_to_rejoin, group.group_id, member.member_id)
    renew_session(groups, group, member, now, outcome)
    return outcome
