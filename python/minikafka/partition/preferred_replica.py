"""Which replica a consumer should read from: one in its own rack (F11, KIP-392).

The leader tells, if `replica.selector.class` is the rack-aware one and the consumer says where it stands. It names a
follower only when it does not stand in that rack itself, and only one that can serve: in the ISR, or it might lag for
ever, and with the offset asked for in its log. Of several the one with the most, then the one that was level with the
leader last. A follower serves up to *its* high watermark, which trails the leader's by one fetch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from minikafka.types import BrokerId, Offset


class Candidate(NamedTuple):
    """One follower as its leader sees it. last_caught_up_time_ms: monotonic."""

    broker_id: BrokerId
    rack: str | None
    in_isr: bool
    log_start_offset: Offset
    log_end_offset: Offset
    last_caught_up_time_ms: int


def preferred_replica(
    followers: Iterable[Candidate], *, offset: Offset, client_rack: str, leader_rack: str | None
) -> BrokerId | None:
    """The follower to send a reader at `offset` to; None: the leader serves it."""
    if not client_rack or client_rack == leader_rack:
        return None
    near = [
        follower
        for follower in followers
        if follower.rack == client_rack
        and follower.in_isr
        and follower.log_start_offset <= offset <= follower.log_end_offset
    ]
    best = max(near, key=_preference, default=None)
    return None if best is None else best.broker_id


def _preference(follower: Candidate) -> tuple[Offset, int, BrokerId]:
    return follower.log_end_offset, follower.last_caught_up_time_ms, follower.broker_id
