"""Who becomes leader: the election table, row by row."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from minikafka.controller.election import Candidates, Elected, Election, elect

NOBODY = Elected(-1)


class Case(NamedTuple):
    """Replicas are 1, 2, 3 throughout."""

    says: str
    expected: Elected
    alive: frozenset[int]
    isr: tuple[int, ...] = ()
    elr: tuple[int, ...] = ()
    last_known_elr: tuple[int, ...] = ()
    leader: int = 1
    election: Election = Election.ONLINE
    elr_enabled: bool = True


def alive(*brokers: int) -> frozenset[int]:
    return frozenset(brokers)


UNCLEAN, PREFERRED = Election.UNCLEAN, Election.PREFERRED

CASES = [
    Case(
        "the leader stays while it is in the ISR and alive",
        Elected(2),
        alive(1, 2, 3),
        isr=(1, 2, 3),
        leader=2,
    ),
    Case("the first assigned replica of the ISR follows", Elected(2), alive(2, 3), isr=(1, 2, 3)),
    Case("assignment order decides, not the ISR's", Elected(2), alive(2, 3), isr=(3, 2)),
    Case("a live replica outside the ISR is no candidate", NOBODY, alive(2, 3), isr=(1,)),
    Case("an empty ISR lets an eligible leader replica lead", Elected(3), alive(3), elr=(2, 3), leader=-1),
    Case("the ELR does not count while the ISR has members", NOBODY, alive(3), isr=(1,), elr=(3,)),
    Case("the ELR does not count when ELR is off", NOBODY, alive(3), elr=(3,), leader=-1, elr_enabled=False),
    Case(
        "the last known leader is an unclean choice",
        Elected(2, False),
        alive(2, 3),
        last_known_elr=(2,),
        leader=-1,
    ),
    Case("a dead last known leader is none", NOBODY, alive(1, 3), last_known_elr=(2,), leader=-1),
    Case("not while somebody is eligible", NOBODY, alive(2), elr=(3,), last_known_elr=(2,), leader=-1),
    Case("not when ELR is off", NOBODY, alive(2), last_known_elr=(2,), leader=-1, elr_enabled=False),
    Case("unclean takes the first live replica", Elected(2, False), alive(2, 3), isr=(1,), election=UNCLEAN),
    Case("unclean is clean where it can be", Elected(3), alive(2, 3), isr=(1, 3), election=UNCLEAN),
    Case("unclean with nobody alive elects nobody", NOBODY, alive(), isr=(1,), election=UNCLEAN),
]


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_r13_election(case: Case) -> None:
    """R13: present leader, then ISR (or ELR) in order of assignment, then the last known leader, then anyone alive."""
    candidates = Candidates((1, 2, 3), case.isr, case.elr, case.last_known_elr, case.leader)
    elected = elect(candidates, case.election, case.alive.__contains__, elr_enabled=case.elr_enabled)
    assert elected == case.expected


def test_r16_preferred_takes_leadership_from_a_healthy_leader() -> None:
    """R16: asked for the preferred leader, the first replica wins over the present one."""
    candidates = Candidates((1, 2, 3), (1, 2, 3), (), (), 2)
    assert elect(candidates, PREFERRED, lambda _: True, elr_enabled=True) == Elected(1)


def test_r16_a_preferred_replica_outside_the_isr_changes_nothing() -> None:
    """R16: the preferred replica must be in the ISR, else the leader stays."""
    candidates = Candidates((1, 2, 3), (2, 3), (), (), 2)
    assert elect(candidates, PREFERRED, lambda _: True, elr_enabled=True) == Elected(2)
