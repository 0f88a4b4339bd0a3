"""What the metadata log says about one partition: who holds it, who leads it, who is in sync.

The controller decides it, every broker reads it; a partition's own machine compares it with what it is doing. Replica
sets are tuples of broker ids: `replicas` in order of preference (the first is the preferred leader), the others
sorted.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.types import NO_LEADER, NO_TOPIC_ID, BrokerId, LeaderEpoch, PartitionEpoch, TopicId

UNASSIGNED: Final = bytes(16)
"""The directory of a replica whose broker has not said which (Kafka's `DirectoryId.UNASSIGNED`)."""

RECOVERED: Final = 0
RECOVERING: Final = 1
"""The leader was elected uncleanly and has not yet said that it is past it (R13)."""


class PartitionState(NamedTuple):
    """One partition, as of one metadata offset.

    leader_epoch rises whenever the leader field is written; partition_epoch on every change (R10).
    elr: eligible leader replicas, which left the ISR while it was under min ISR (R14).
    last_known_elr: while leaderless, the one last known leader (R13); else empty.
    adding, removing: the reassignment under way (R17); empty when none is.
    directories: for each of `replicas` the id of its log directory (KIP-858); empty when none is known.
    """

    topic_id: TopicId = NO_TOPIC_ID
    partition: int = 0
    replicas: tuple[BrokerId, ...] = ()
    isr: tuple[BrokerId, ...] = ()
    leader: BrokerId = NO_LEADER
    leader_epoch: LeaderEpoch = 0
    partition_epoch: PartitionEpoch = 0
    leader_recovery_state: int = RECOVERED
    elr: tuple[BrokerId, ...] = ()
    adding: tuple[BrokerId, ...] = ()
    removing: tuple[BrokerId, ...] = ()
    last_known_elr: tuple[BrokerId, ...] = ()
    directories: tuple[bytes, ...] = ()

    def directory_of(self, replica: BrokerId) -> bytes:
        """Where `replica` keeps its log; UNASSIGNED when that is not known."""
        return dict(zip(self.replicas, self.directories, strict=False)).get(replica, UNASSIGNED)
