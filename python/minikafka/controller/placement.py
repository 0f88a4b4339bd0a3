"""Which brokers hold a new partition: leaders in turn, followers spread, racks alternating.

Partition i is led by the (start + i)-th broker; its followers are the next ones, with the gap between first
and second growing by one after each full round, so that the followers of one broker's partitions are not
always the same. With racks, the ring of brokers alternates between them, so neighbours stand apart. Fenced
brokers are only used when there are too few others, and never first. Kafka places with the same intent
(`StripedReplicaPlacer`), starting at random.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikafka.controller.image import MetadataImage
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import BrokerId


def place(
    image: MetadataImage, *, first_partition: int, count: int, replication_factor: int
) -> list[tuple[BrokerId, ...]]:
    """Replicas of `count` partitions from index `first_partition` on.

    Raises Rejected [38] when the cluster has too few brokers, or all of them are fenced.
    """
    ring = _ring(image, image.unfenced_brokers())
    spare = _ring(image, [broker for broker in sorted(image.brokers) if broker not in ring])
    if not ring:
        why = "All brokers are currently fenced."
        raise _unreachable(replication_factor, why)
    if replication_factor > len(ring) + len(spare):
        why = (
            f"The target replication factor of {replication_factor} cannot be reached because only "
            f"{len(image.brokers)} broker(s) are registered."
        )
        raise _unreachable(replication_factor, why)
    start = len(image.topics)
    return [
        _replicas(ring, spare, start + first_partition + each, replication_factor) for each in range(count)
    ]


def _replicas(
    ring: Sequence[BrokerId], spare: Sequence[BrokerId], position: int, replication_factor: int
) -> tuple[BrokerId, ...]:
    size = len(ring)
    first = position % size
    shift = position // size
    followers = [
        ring[(first + 1 + (shift + follower) % (size - 1)) % size]
        for follower in range(min(replication_factor, size) - 1)
    ]
    return (ring[first], *followers, *spare[: replication_factor - 1 - len(followers)])


def _ring(image: MetadataImage, brokers: Sequence[BrokerId]) -> list[BrokerId]:
    """The brokers, by id, taken from each rack in turn."""
    racks: dict[str, list[BrokerId]] = {}
    for broker in brokers:
        racks.setdefault(image.brokers[broker].rack or "", []).append(broker)
    queues = [racks[rack] for rack in sorted(racks)]
    longest = max((len(queue) for queue in queues), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues if turn < len(queue)]


def _unreachable(replication_factor: int, why: str) -> Rejected:
    said = f"Unable to replicate the partition {replication_factor} time(s): {why}"
    return Rejected(ErrorCode.INVALID_REPLICATION_FACTOR, said)
