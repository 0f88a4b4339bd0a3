"""Values every ring speaks: ids, offsets, epochs and the two clocks.

Plain aliases where a number is a number (they document, they cost nothing), a NamedTuple where two things travel
together. All offsets are int64, all epochs int32 but the producer's (int16) and the broker's (int64).
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

BrokerId: TypeAlias = int
Offset: TypeAlias = int
LeaderEpoch: TypeAlias = int
PartitionEpoch: TypeAlias = int
BrokerEpoch: TypeAlias = int
CoordinatorEpoch: TypeAlias = int
ProducerId: TypeAlias = int
ProducerEpoch: TypeAlias = int
Sequence: TypeAlias = int
TopicId: TypeAlias = bytes
"""16 bytes; all zero means none."""
Buffer: TypeAlias = bytes | bytearray | memoryview

NO_OFFSET: Final = -1
NO_LEADER: Final = -1
NO_EPOCH: Final = -1
NO_PRODUCER_ID: Final = -1
NO_PRODUCER_EPOCH: Final = -1
NO_SEQUENCE: Final = -1
NO_TIMESTAMP: Final = -1
NO_TOPIC_ID: Final = bytes(16)

CONTROLLER_ID: Final = 1000
"""The controller is a node of its own; no broker may take its id (ADR 0006)."""

CLIENT_LISTENER: Final = "CLIENT"
"""The listener that every broker has for clients. Further ones go by `CLIENT_` and the name they were given."""


class Now(NamedTuple):
    """One instant, handed to the node with every event. Broker time is fed, never read (ADR 0010).

    monotonic_ms: for deadlines and timers; starts anywhere, never goes back.
    wall_ms: for timestamps in records; may jump.
    stood_still_ms: how long broker time was frozen so far, by the machine's clock.
    """

    monotonic_ms: int
    wall_ms: int
    stood_still_ms: int = 0

    @property
    def waiting_ms(self) -> int:
        """The clock of a client that waits for an answer: broker time, but it goes on while that is frozen. A client's
        wait is measured on it, so it ends by the machine's time or by broker time, whichever comes first."""
        return self.monotonic_ms + self.stood_still_ms


class TopicPartition(NamedTuple):
    """One partition, by topic name."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"
