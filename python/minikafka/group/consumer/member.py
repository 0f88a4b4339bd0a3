"""One member of a KIP-848 consumer group, as the log remembers it (G12-G14).

Values, never changed in place: a heartbeat works out the member that *would* be, and the records that say so; replay
puts it into the group. A partition counts as owned from the record that assigns it until the record that follows the
owner's report without it, so also while it is pending revocation (G14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from minikafka.group.classic.requests import Protocol
from minikafka.types import TopicId

JOIN_EPOCH: Final = 0
LEAVE_EPOCH: Final = -1
STATIC_LEAVE_EPOCH: Final = -2
"""Member epochs that are words, not numbers (G12). -2: a static member is away and means to come back."""


class MemberState(IntEnum):
    """Where a member is on its way to its target (G14). The numbers are those in the log.

    | state | the member | its epoch |
    |---|---|---|
    | STABLE | has its whole target | the target's |
    | UNREVOKED | was told to give partitions up and still reports them | held |
    | UNRELEASED | waits for partitions that others still own | the target's |
    """

    STABLE = 0
    UNREVOKED = 1
    UNRELEASED = 2
    UNKNOWN = 127


class Slot(NamedTuple):
    """One partition, by topic id: a re-created topic is another topic."""

    topic_id: TopicId
    partition: int


class ClassicSide(NamedTuple):
    """What a member that speaks the classic protocol inside of this group said in its JoinGroup (G17)."""

    session_timeout_ms: int
    protocols: tuple[Protocol, ...]


@dataclass(frozen=True, slots=True)
class ConsumerMember:
    """See the module. Timeouts in milliseconds.

    classic: None for a member that sends ConsumerGroupHeartbeat.
    regex: the pattern it subscribes with, "" for none. assignor: the server-side assignor it asks for, if any.
    assigned, revoking: each with the member epoch at which the partition was assigned (G16).
    """

    member_id: str
    instance_id: str | None = None
    rack_id: str | None = None
    client_id: str = ""
    client_host: str = ""
    rebalance_timeout_ms: int = -1
    topics: tuple[str, ...] = ()
    regex: str = ""
    assignor: str | None = None
    epoch: int = 0
    previous_epoch: int = -1
    state: MemberState = MemberState.STABLE
    assigned: Mapping[Slot, int] = field(default_factory=dict)
    revoking: Mapping[Slot, int] = field(default_factory=dict)
    classic: ClassicSide | None = None

    @property
    def is_away(self) -> bool:
        """A static member that left for now."""
        return self.epoch == STATIC_LEAVE_EPOCH

    def subscription(self) -> tuple[object, ...]:
        """Everything the log says of the member except its assignment."""
        return (
            self.instance_id, self.rack_id, self.client_id, self.client_host, self.rebalance_timeout_ms,
            self.topics, self.regex, self.assignor, self.classic,
        )  # fmt: skip
