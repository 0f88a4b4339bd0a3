"""What members of KIP-848 groups ask and hear, as plain values. Handlers translate them from and to the wire."""

from __future__ import annotations

from typing import NamedTuple

from minikafka.group.consumer.member import Slot


class HeartbeatRequest(NamedTuple):
    """ConsumerGroupHeartbeat (G12). None, and -1 for the timeout (milliseconds): as it was.

    makes_its_own_id: from v1 on a member names itself.
    owned: what it says it has.
    """

    group_id: str
    member_id: str
    member_epoch: int
    client_id: str = ""
    client_host: str = ""
    instance_id: str | None = None
    rack_id: str | None = None
    rebalance_timeout_ms: int = -1
    topics: tuple[str, ...] | None = None
    regex: str | None = None
    assignor: str | None = None
    owned: frozenset[Slot] | None = None
    makes_its_own_id: bool = True

    @property
    def is_full(self) -> bool:
        """It says everything about itself, so it wants to hear everything."""
        has_subscription = self.topics is not None or self.regex is not None
        return self.rebalance_timeout_ms != -1 and has_subscription and self.owned is not None


class HeartbeatAnswer(NamedTuple):
    """`assignment` None: as it was. The interval until the next heartbeat is the broker's to say (G16)."""

    member_id: str
    member_epoch: int
    heartbeat_interval_ms: int = 0
    assignment: frozenset[Slot] | None = None
