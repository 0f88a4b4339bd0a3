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

from minikafka.log.batch import inspect_batches
from minikafka.partition.telling import tell_followed_high_watermark, tell_replicated, tell_truncated
from minikafka.partition.telling_log import tell_epoch, tell_log_start
from minikafka.types import NO_EPOCH, NO_LEADER, NO_OFFSET, BrokerId, Buffer, LeaderEpoch, Offset

if TYPE_CHECKING:
    from minikafka.log.replica_log import ReplicaLog
    from minikafka.partition.local import LocalReplica


class FetchPosition(NamedTuple):
    """What a follower asks for; epochs are -1 when unknown."""

    offset: Offset
    last_fetched_epoch: LeaderEpoch
    leader_epoch: LeaderEpoch
    log_start_offset: Offset


class FollowerRole:
    """Following `leader` in `epoch`.

    _asked: the fetch offset under way; -1 when none is, or when what it brings is no longer wanted.
    """

    __slots__ = ("_asked", "epoch", "leader")

    def __init__(self, leader: BrokerId, epoch: LeaderEpoch) -> None:
        self.leader = leader
        self.epoch = epoch
        self._asked = NO_OFFSET

    def position(self, local: LocalReplica) -> FetchPosition | None:
        """Where our log ends. None while nothing may be fetched: nobody leads, or (fsync mode) what was fetched is not
        on disk yet, and asking for more would claim that it is."""
        log = local.log
        if self.leader == NO_LEADER or local.counted_offset < log.log_end_offset:
            return None
        self._asked = log.log_end_offset
        return FetchPosition(self._asked, log.epochs.latest, self.epoch, log.log_start_offset)

    def fetched(
        self,
        local: LocalReplica,
        records: Buffer,
        leader_high_watermark: Offset,
        leader_log_start_offset: Offset,
        diverging: tuple[LeaderEpoch, Offset] | None,
    ) -> bool:
        """R3, R11: append or truncate; then the high watermark, which never exceeds our log end. An answer to a fetch
        from elsewhere than our log's end, or to none, is not for us any more. False when nothing moved."""
        log = local.log
        asked, self._asked = self._asked, NO_OFFSET
        if asked != log.log_end_offset:
            return False
        if diverging is not None:
            self._truncate(log, *diverging)
            local.set_high_watermark(local.high_watermark)
            if local.trace.on:
                epoch, end = diverging
                tell_truncated(local, asked, f"the leader's epoch {epoch} ended at {end}")
            return True
        before = local.high_watermark
        if len(records):
            local.note_roll(self._append(local, records))
            local.flush_if_asked()
        local.set_high_watermark(leader_high_watermark)
        if local.trace.on and local.high_watermark != before:
            tell_followed_high_watermark(local, before, leader_high_watermark)
        start, own_start = min(leader_log_start_offset, local.high_watermark), log.log_start_offset
        if start > own_start:
            log.advance_log_start_offset(start)
            if local.trace.on:
                tell_log_start(local, own_start, "the leader's log starts there")
            return True
        return len(records) > 0 or local.high_watermark != before

    def out_of_range(
        self, local: LocalReplica, leader_log_start_offset: Offset, leader_log_end_offset: Offset
    ) -> None:
        """R11: our fetch offset does not exist at the leader, whose log has these ends."""
        self._asked = NO_OFFSET
        log = local.log
        before = log.log_end_offset
        if leader_log_end_offset < before:
            log.truncate_to(leader_log_end_offset)
        elif leader_log_start_offset > before:
            log.start_over_at(leader_log_start_offset)
        local.set_high_watermark(local.high_watermark)
        if local.trace.on and log.log_end_offset != before:
            ends = f"{leader_log_start_offset} to {leader_log_end_offset}"
            tell_truncated(local, before, f"our end is not in the leader's log, which reaches from {ends}")

    def _truncate(self, log: ReplicaLog, epoch: LeaderEpoch, end_offset: Offset) -> None:
        """The leader's log parts from ours: `epoch` ended at `end_offset` there."""
        found, own_end = log.epochs.end_of(epoch, log.log_end_offset)
        if found == NO_EPOCH:
            log.truncate_to(end_offset)
        elif found == epoch:
            log.truncate_to(min(end_offset, own_end))
        else:
            log.truncate_to(own_end)

    def _append(self, local: LocalReplica, records: Buffer) -> bool:
        """Append what the leader sent, up to the first batch of an epoch newer than the one we follow: that one came
        from a leader we have not been told about, and what it follows may have to be truncated first (KAFKA-18723).
        Whether a segment was rolled."""
        headers = inspect_batches(records, verify_crc=False)
        ours = [header for header in headers if header.partition_leader_epoch <= self.epoch]
        if len(ours) < len(headers):
            # Epochs only rise within a log, so what is left is its beginning.
            records = memoryview(records)[: sum(header.size_bytes for header in ours)]
        before = local.log.epochs.latest
        rolled = local.log.append_as_follower(records, ours)
        if local.trace.on:
            tell_replicated(local, ours, self.leader, self.epoch)
            tell_epoch(local, before)
        return rolled
