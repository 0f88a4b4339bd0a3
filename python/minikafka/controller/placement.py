"""Which brokers hold a new partition: leaders in turn, followers spread, racks alternating.

Partition i is led by the (start + i)-th broker; its followers are the next ones, with the gap between first
and second growing by one after each full round, so that the followers of one broker's partitions are not
always the same. The ring of brokers alternates between racks, and followers in racks of their own come
first. Brokers that are fenced, or whose disks all failed, are only used when there are too few others, and never
first. Kafka places with the
same intent (`StripedReplicaPlacer`), starting at random.
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
    ring = _ring(image, [broker for broker in image.unfenced_brokers() if image.has_a_directory(broker)])
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
        _replicas(image, ring, spare, start + first_partition + each, replication_factor)
        for each in range(count)
    ]


def _replicas(
    image: MetadataImage,
    ring: Sequence[BrokerId],
    spare: Sequence[BrokerId],
    position: int,
    replication_factor: int,
) -> tuple[BrokerId, ...]:
    size = len(ring)
    leader = ring[position % size]
    shift = position // size
    others = [ring[(position + 1 + (shift + step) % (size - 1)) % size] for step in range(size - 1)]
    followers = _new_racks_first(image, leader, others)[: replication_factor - 1]
    return (leader, *followers, *spare[: replication_factor - 1 - len(followers)])


def _new_racks_first(image: MetadataImage, leader: BrokerId, others: Sequence[BrokerId]) -> list[BrokerId]:
    """The others in order, those that stand where no earlier one does before the rest."""
    seen = {image.brokers[leader].rack}
    apart = []
    for broker in others:
        rack = image.brokers[broker].rack
        if rack not in seen:
            seen.add(rack)
            apart.append(broker)
    return [*apart, *(broker for broker in others if broker not in apart)]


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


def check_manual_assignment(image: MetadataImage, replicas: Sequence[BrokerId]) -> None:
    """Raises Rejected [39] for replicas that an admin may not ask for: nobody, a stranger, a broker twice."""
    said = "The manual partition assignment includes"
    if not replicas:
        raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, f"{said} an empty replica list.")
    for broker in sorted(replicas):
        if broker not in image.brokers:
            why = f"{said} broker {broker}, but no such broker is registered."
            raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
        if replicas.count(broker) > 1:
            why = f"{said} the broker {broker} more than once."
            raise Rejected(ErrorCode.INVALID_REPLICA_ASSIGNMENT, why)
