"""Heartbeats keep a broker's session, and ask for its next state (R12).

    state now            it wants        and                        next state
    ------------------   -------------   ------------------------   -------------------
    FENCED               to shut down                               SHUTDOWN_NOW
    FENCED               to serve        metadata caught up         UNFENCED
    FENCED               otherwise                                  FENCED
    UNFENCED             to be fenced                               FENCED
    UNFENCED             to shut down    leads nothing              SHUTDOWN_NOW
    UNFENCED             to shut down    leads something            CONTROLLED_SHUTDOWN
    CONTROLLED_SHUTDOWN                  still leads something      CONTROLLED_SHUTDOWN
    CONTROLLED_SHUTDOWN                  others have not heard      CONTROLLED_SHUTDOWN
    CONTROLLED_SHUTDOWN                  all others have            SHUTDOWN_NOW

A broker is unfenced only once it has replayed its own registration: it knows then everything decided before
its life. One that leaves is let go once every other broker has replayed its departure, so that nobody still
sends it clients.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from minikafka.controller.image import BrokerRegistration
from minikafka.controller.leadership import broker_leaves, broker_returns
from minikafka.controller.replay import FENCE, IN_CONTROLLED_SHUTDOWN, UNFENCE
from minikafka.controller.view import ClusterView
from minikafka.types import BrokerEpoch, BrokerId, Offset
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import BrokerRegistrationChangeRecord


class BrokerState(Enum):
    """What a registered broker may do."""

    FENCED = "fenced"
    UNFENCED = "unfenced"
    CONTROLLED_SHUTDOWN = "controlled shutdown"
    SHUTDOWN_NOW = "shut down now"


class Heartbeat(NamedTuple):
    """One beat. metadata_offset: the last record the broker has replayed (inclusive). offline_log_dirs: ids of the
    directories whose disks failed in this life (D7)."""

    broker_id: BrokerId
    broker_epoch: BrokerEpoch
    metadata_offset: Offset
    want_fence: bool = False
    want_shut_down: bool = False
    offline_log_dirs: tuple[bytes, ...] = ()


class HeartbeatReply(NamedTuple):
    """What the broker is told."""

    is_caught_up: bool
    is_fenced: bool
    should_shut_down: bool


class Surroundings(NamedTuple):
    """What the table asks about the cluster."""

    leads_any: bool
    others_heard: bool


def state_of(registration: BrokerRegistration) -> BrokerState:
    if registration.fenced:
        return BrokerState.FENCED
    return BrokerState.CONTROLLED_SHUTDOWN if registration.in_controlled_shutdown else BrokerState.UNFENCED


def next_state(now: BrokerState, beat: Heartbeat, around: Surroundings) -> BrokerState:
    """The table above."""
    if now is BrokerState.FENCED:
        if beat.want_shut_down:
            return BrokerState.SHUTDOWN_NOW
        caught_up = beat.metadata_offset >= beat.broker_epoch
        return BrokerState.UNFENCED if caught_up and not beat.want_fence else BrokerState.FENCED
    if now is BrokerState.UNFENCED:
        return _next_of_unfenced(beat, around)
    waits = around.leads_any or not around.others_heard
    return BrokerState.CONTROLLED_SHUTDOWN if waits else BrokerState.SHUTDOWN_NOW


def _next_of_unfenced(beat: Heartbeat, around: Surroundings) -> BrokerState:
    if beat.want_fence:
        return BrokerState.SHUTDOWN_NOW if beat.want_shut_down else BrokerState.FENCED
    if beat.want_shut_down:
        return BrokerState.CONTROLLED_SHUTDOWN if around.leads_any else BrokerState.SHUTDOWN_NOW
    return BrokerState.UNFENCED


def transition(view: ClusterView, broker_id: BrokerId, now: BrokerState, then: BrokerState) -> list[Message]:
    """The records that take a broker from one state to another."""
    return [] if now is then else _RECORDS[then](view, broker_id)


def fence(view: ClusterView, broker_id: BrokerId) -> list[Message]:
    """Out of every ISR, leaderships moved, and invisible to clients."""
    return [*broker_leaves(view, broker_id), _change(view, broker_id, fenced=FENCE)]


def _unfence(view: ClusterView, broker_id: BrokerId) -> list[Message]:
    return [_change(view, broker_id, fenced=UNFENCE), *broker_returns(view, broker_id)]


def _begin_controlled_shutdown(view: ClusterView, broker_id: BrokerId) -> list[Message]:
    change = _change(view, broker_id, in_controlled_shutdown=IN_CONTROLLED_SHUTDOWN)
    return [change, *broker_leaves(view, broker_id)]


_RECORDS: Final = {
    BrokerState.FENCED: fence,
    BrokerState.SHUTDOWN_NOW: fence,
    BrokerState.UNFENCED: _unfence,
    BrokerState.CONTROLLED_SHUTDOWN: _begin_controlled_shutdown,
}


WHY_NOW: Final = {
    BrokerState.FENCED: "asked to be fenced",
    BrokerState.UNFENCED: "has caught up with the metadata log",
    BrokerState.CONTROLLED_SHUTDOWN: "is shutting down, and still leads",
    BrokerState.SHUTDOWN_NOW: "is shutting down, and leads nothing",
}
"""How it is told that a broker came into this state."""


def _change(
    view: ClusterView, broker_id: BrokerId, *, fenced: int = 0, in_controlled_shutdown: int = 0
) -> BrokerRegistrationChangeRecord:
    return BrokerRegistrationChangeRecord(
        broker_id=broker_id,
        broker_epoch=view.image.brokers[broker_id].epoch,
        fenced=fenced,
        in_controlled_shutdown=in_controlled_shutdown,
    )
