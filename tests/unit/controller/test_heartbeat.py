"""The heartbeat table, row by row."""

from __future__ import annotations

import pytest
from minikafka.controller.heartbeat import BrokerState, Heartbeat, Surroundings, next_state

FENCED, UNFENCED = BrokerState.FENCED, BrokerState.UNFENCED
LEAVING, GONE = BrokerState.CONTROLLED_SHUTDOWN, BrokerState.SHUTDOWN_NOW
EPOCH = 50
CAUGHT_UP, BEHIND = 50, 49


def beat(offset: int = CAUGHT_UP, *, fence: bool = False, stop: bool = False) -> Heartbeat:
    return Heartbeat(1, EPOCH, offset, fence, stop)


LEADS, IDLE, UNHEARD = Surroundings(True, True), Surroundings(False, True), Surroundings(False, False)

ROWS = [
    (FENCED, beat(stop=True), IDLE, GONE),
    (FENCED, beat(), IDLE, UNFENCED),
    (FENCED, beat(BEHIND), IDLE, FENCED),
    (FENCED, beat(fence=True), IDLE, FENCED),
    (UNFENCED, beat(), LEADS, UNFENCED),
    (UNFENCED, beat(fence=True), LEADS, FENCED),
    (UNFENCED, beat(fence=True, stop=True), LEADS, GONE),
    (UNFENCED, beat(stop=True), IDLE, GONE),
    (UNFENCED, beat(stop=True), LEADS, LEAVING),
    (LEAVING, beat(stop=True), LEADS, LEAVING),
    (LEAVING, beat(stop=True), UNHEARD, LEAVING),
    (LEAVING, beat(stop=True), IDLE, GONE),
]


@pytest.mark.parametrize(("now", "asked", "around", "expected"), ROWS)
def test_r12_next_state(
    now: BrokerState, asked: Heartbeat, around: Surroundings, expected: BrokerState
) -> None:
    """R12: unfenced only when caught up; leaving only when nothing is led and everybody has heard."""
    assert next_state(now, asked, around) is expected
