"""The five states of a classic group, how they follow one another, and what each request hears in them.

    Empty ──join──▶ PreparingRebalance ──all joined, or time is up──▶ CompletingRebalance ──leader's sync──▶ Stable
      ▲                    │   ▲                                            │                                  │
      └── nobody is left ──┘   └──────────── join, leave, lost session ─────┴──────────────────────────────────┘

- *Empty*: no members; may still hold committed offsets.
- *PreparingRebalance*: members are asked to rejoin; their JoinGroups are parked (G2-G4).
- *CompletingRebalance*: the new generation exists; everyone waits for the leader's assignment (G5).
- *Stable*: the assignment is in the log and handed out.
- *Dead*: this broker no longer coordinates the group, or the group is deleted.

Only Empty and Stable are ever written to the log. The two in between are a conversation, not a fact: a coordinator
that takes over finds the last resting state, its members' heartbeats and rejoins do the rest (G1).
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from minikafka.errors import ErrorCode


class ClassicGroupState(Enum):
    """The value is the name clients see in DescribeGroups and ListGroups."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


EMPTY: Final = ClassicGroupState.EMPTY
PREPARING_REBALANCE: Final = ClassicGroupState.PREPARING_REBALANCE
COMPLETING_REBALANCE: Final = ClassicGroupState.COMPLETING_REBALANCE
STABLE: Final = ClassicGroupState.STABLE
DEAD: Final = ClassicGroupState.DEAD

VALID_PREVIOUS_STATES: Final[dict[ClassicGroupState, tuple[ClassicGroupState, ...]]] = {
    EMPTY: (PREPARING_REBALANCE,),
    PREPARING_REBALANCE: (EMPTY, COMPLETING_REBALANCE, STABLE),
    COMPLETING_REBALANCE: (PREPARING_REBALANCE,),
    STABLE: (COMPLETING_REBALANCE,),
    DEAD: (EMPTY, PREPARING_REBALANCE, COMPLETING_REBALANCE, STABLE, DEAD),
}


class Hears(NamedTuple):
    """What a request of a *valid* member hears. `sync` None: the request is parked until the leader's assignment."""

    heartbeat: ErrorCode
    sync: ErrorCode | None
    commit: ErrorCode
    delete_group: ErrorCode


HEARS: Final[dict[ClassicGroupState, Hears]] = {
    # heartbeat, sync, commit, delete_group. A commit during PreparingRebalance is accepted: consumers revoke by
    # committing first, so it is the last moment to save their progress (G7).
    EMPTY: Hears(ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.NONE, ErrorCode.NONE),
    PREPARING_REBALANCE: Hears(
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.REBALANCE_IN_PROGRESS,
        ErrorCode.NONE,
        ErrorCode.NON_EMPTY_GROUP,
    ),
    COMPLETING_REBALANCE: Hears(
        ErrorCode.NONE, None, ErrorCode.REBALANCE_IN_PROGRESS, ErrorCode.NON_EMPTY_GROUP
    ),
    STABLE: Hears(ErrorCode.NONE, ErrorCode.NONE, ErrorCode.NONE, ErrorCode.NON_EMPTY_GROUP),
    DEAD: Hears(
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
        ErrorCode.GROUP_ID_NOT_FOUND,
    ),
}
