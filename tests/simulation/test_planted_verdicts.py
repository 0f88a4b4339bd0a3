"""Planted mistakes as the ledger and the clients' checker see them: with the right cause, and never without the
mistake.

A few in `make test`; all of them where MINIKAFKA_PLANTED=all (`make nightly`).
"""

from __future__ import annotations

import os

import pytest
from minikafka.lab.containment import compare
from minikafka.lab.planted import HARMLESS, QUICK, WORLDS
from minikafka.lab.simulated import Seen, look
from minikafka.sim.planted import BUGS
from minikafka.sim.planted.groups import GROUPS

WANTED = tuple(WORLDS) if os.environ.get("MINIKAFKA_PLANTED") == "all" else QUICK


def both(seen: Seen) -> str:
    return f"{seen.ledger}\n{seen.clients}"


@pytest.mark.parametrize("name", WANTED)
def test_both_verdicts_name_a_planted_bug(name: str) -> None:
    """The ledger with the rule that it breaks; the clients without knowing why. And each contains the other."""
    world = WORLDS[name]
    seen = look(world.case(name))
    for anomaly in world.shows:
        findings = seen.ledger.of(anomaly)
        assert findings, f"no {anomaly.label}: {both(seen)}"
        assert any(BUGS[name].rule in one.rules for one in findings), both(seen)
    assert seen.clients.bad, both(seen)
    fits = compare(seen.ledger, seen.clients, seen.history)
    assert fits.holds, str(fits)


@pytest.mark.parametrize("name", WANTED)
def test_the_same_world_without_the_bug_is_clean(name: str) -> None:
    """Neither side finds anything."""
    seen = look(WORLDS[name].case(None))
    assert seen.ledger.findings == (), both(seen)
    assert seen.clients.is_clean, both(seen)


def test_every_planted_bug_has_its_place() -> None:
    """A world in which it does harm, or the reason why there is none; what befalls groups befalls no record."""
    assert set(WORLDS) | set(HARMLESS) == set(BUGS) - set(GROUPS)
    assert not set(WORLDS) & set(HARMLESS)
