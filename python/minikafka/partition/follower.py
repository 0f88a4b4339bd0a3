"""The follower's side: what to ask the leader for, and what to do with the answer (R3, R11).

A follower fetches from its own log end, naming the epoch of its last record. The leader compares (F9), and either sends
what comes next or says where the two logs part. Then:

    the leader names (epoch e, its end E)      we
    e is known here, ended at O                truncate to min(E, O, log end)
    e is unknown here, next smaller ended O    truncate to min(O, log end), and ask again
    nothing of ours is as old as e             truncate to min(E, log end)

It may truncate below its own high watermark; the leader's log is the truth. The high watermark trails the leader's by
one fetch, and may go down.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from minikafka.log.batch import split
from minikafka.types import NO_EPOCH, BrokerId, Buffer, LeaderEpoch, Offset

if TYPE_CHECKING:
    from minikafka.log.replica_log import ReplicaLog


class FetchPosition(NamedTuple):
    """What a follower asks for; epochs are -1 when unknown."""

    offset: Offset
    last_fetched_epoch: LeaderEpoch
    leader_epoch: LeaderEpoch
    log_start_offset: Offset


class FollowerRole:
    """Following `leader` in `epoch`."""

    __slots__ = ("epoch", "leader")

    def __init__(self, leader: BrokerId, epoch: LeaderEpoch) -> None:
        self.leader = leader
        self.epoch = epoch

    def position(self, log: ReplicaLog) -> FetchPosition:
        """Where our log ends."""
        return FetchPosition(log.log_end_offset, log.epochs.latest, self.epoch, log.log_start_offset)

    def truncate(self, log: ReplicaLog, epoch: LeaderEpoch, end_offset: Offset) -> None:
        """The leader's log parts from ours: `epoch` ended at `end_offset` there."""
        found, own_end = log.epochs.end_of(epoch, log.log_end_offset)
        if found == NO_EPOCH:
            log.truncate_to(end_offset)
        elif found == epoch:
            log.truncate_to(min(end_offset, own_end))
        else:
            log.truncate_to(own_end)

    def append(self, log: ReplicaLog, records: Buffer) -> None:
        """Append what the leader sent, up to the first batch of an epoch newer than the one we follow: that one came
        from a leader we have not been told about, and what it follows may have to be truncated first (KAFKA-18723)."""
        headers = []
        size = 0
        for header, data in split(records):
            if header.partition_leader_epoch > self.epoch:
                break
            headers.append(header)
            size += len(data)
        log.append_as_follower(memoryview(records)[:size], headers)
