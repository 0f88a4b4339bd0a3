"""Who becomes leader (R13, R16; KIP-966).

Candidates are asked in this order; the first who qualifies leads:

    election    candidate                             qualifies when                            clean?
    ---------   -----------------------------------   ---------------------------------------   ------
    PREFERRED   the first assigned replica            in sync and alive                         yes
    all         the present leader                    in sync and alive                         yes
    all         each assigned replica, in order       in sync and alive                         yes
    all         the single last known leader          ELR on, ISR and ELR empty, and alive      no
    UNCLEAN     each assigned replica, in order       alive                                     no
    all         nobody: the partition is leaderless

*In sync* means in the ISR or, when the ISR is empty, an eligible leader replica: it left while the ISR was
under min ISR, so the high watermark did not move without it (R6) and it holds all that was ever acknowledged.
*Alive* means registered, unfenced and not shutting down.

After an unclean election the leader's log wins whatever it lacks: the ISR is the new leader alone, and the
partition is RECOVERING until it says otherwise (R15).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

from minikafka.types import NO_LEADER, BrokerId

IsAlive: TypeAlias = Callable[[BrokerId], bool]


class Election(Enum):
    """How far a partition may go to have a leader."""

    PREFERRED = "preferred"
    ONLINE = "online"
    UNCLEAN = "unclean"


class Elected(NamedTuple):
    """The outcome; `leader` -1 when nobody qualifies."""

    leader: BrokerId
    is_clean: bool = True


class Candidates(NamedTuple):
    """What an election looks at: the partition as it will be, and who led it.

    replicas: in order of preference. last_known_elr: the one last known leader, as it stood before this
    change.
    """

    replicas: Sequence[BrokerId]
    isr: Sequence[BrokerId]
    elr: Sequence[BrokerId]
    last_known_elr: Sequence[BrokerId]
    leader: BrokerId


def elect(candidates: Candidates, election: Election, is_alive: IsAlive, *, elr_enabled: bool) -> Elected:
    """The table above, read from the top."""
    in_sync = candidates.isr or (candidates.elr if elr_enabled else ())
    clean = _clean_order(candidates, election)
    for replica in clean:
        if replica in in_sync and is_alive(replica):
            return Elected(replica)
    last_known = candidates.last_known_elr
    is_empty = not candidates.isr and not candidates.elr
    if elr_enabled and is_empty and len(last_known) == 1 and is_alive(last_known[0]):
        return Elected(last_known[0], is_clean=False)
    if election is Election.UNCLEAN:
        for replica in candidates.replicas:
            if is_alive(replica):
                return Elected(replica, is_clean=False)
    return Elected(NO_LEADER)


def _clean_order(candidates: Candidates, election: Election) -> list[BrokerId]:
    preferred = list(candidates.replicas[:1]) if election is Election.PREFERRED else []
    return [*preferred, candidates.leader, *candidates.replicas]
