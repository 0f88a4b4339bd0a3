"""The broker's own replica, whatever its role: its log, its high watermark, how far it counts.

The high watermark outlives roles: a new leader starts from what it knew as a follower (R18), and a leader's never moves
back. What depends on the role is in `leader.py` and `follower.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.log.replica_log import ReplicaLog
from minikafka.partition.high_watermark import effective_min_insync_replicas
from minikafka.partition.telling_log import tell_flush, tell_roll
from minikafka.partition.values import FSYNC
from minikafka.partition.verification import Verifications
from minikafka.trace import NOBODY, Trace
from minikafka.types import BrokerId, Offset, TopicPartition

if TYPE_CHECKING:
    from minikafka.config import TopicSettings


class LocalReplica:
    """What both roles work on.

    high_watermark: exclusive; log_start_offset <= high_watermark <= log_end_offset.
    min_insync_replicas: the effective one (R5).
    rolled: a segment was rolled and not yet flushed (L9).
    flush_due: `flush.ms` passed over something not yet flushed (L15).
    follower_start_moved: a follower told of another log start, and nobody has looked yet (L12).
    flushed_at_ms: when everything was on disk, as far as was looked; monotonic, -1 before the first look.
    """

    __slots__ = (
        "broker_id",
        "flush_due",
        "flushed_at_ms",
        "follower_start_moved",
        "fsync",
        "high_watermark",
        "log",
        "max_lag_ms",
        "min_insync_replicas",
        "replicas",
        "rolled",
        "settings",
        "topic_partition",
        "trace",
        "verifications",
    )

    def __init__(
        self,
        topic_partition: TopicPartition,
        broker_id: BrokerId,
        log: ReplicaLog,
        settings: TopicSettings,
        *,
        durability: str,
        high_watermark: Offset,
        max_lag_ms: int,
        trace: Trace = NOBODY,
    ) -> None:
        self.topic_partition = topic_partition
        self.trace = trace
        self.broker_id = broker_id
        self.log = log
        self.fsync = durability == FSYNC
        self.max_lag_ms = max_lag_ms
        self.verifications = Verifications()
        self.shape(settings, ())
        self.rolled = False
        self.flush_due = False
        self.flushed_at_ms = -1
        self.follower_start_moved = False
        self.high_watermark: Offset = 0
        self.set_high_watermark(high_watermark)

    @property
    def counted_offset(self) -> Offset:
        """Everything below it counts as held by this replica (design: durability modes)."""
        port = self.log.port
        return port.recovery_point if self.fsync else port.log_end_offset

    @property
    def last_stable_offset(self) -> Offset:
        """T10. Never below the log start, which may have passed an open transaction (L12)."""
        stable = self.log.transactions.last_stable_offset(self.high_watermark)
        return stable if stable == self.high_watermark else max(stable, self.log.port.log_start_offset)

    def shape(self, settings: TopicSettings, replicas: tuple[BrokerId, ...]) -> None:
        """The topic's settings, or who replicates it, changed."""
        self.settings = settings
        self.replicas = replicas
        self.min_insync_replicas = effective_min_insync_replicas(settings.min_insync_replicas, len(replicas))

    def set_high_watermark(self, offset: Offset) -> None:
        """Within the log, whatever is asked for: a checkpointed one may lie outside (D4)."""
        port = self.log.port
        offset = max(min(offset, port.log_end_offset), port.log_start_offset)
        if offset != self.high_watermark:
            self.high_watermark = offset
            self.log.transactions.high_watermark_moved(offset)

    def look_at_flush_ms(self, now_ms: int) -> None:
        """L15: ask for a flush when the last one is `flush.ms` ago. As good as one: nothing to flush."""
        port = self.log.port
        if self.flushed_at_ms < 0 or port.recovery_point == port.log_end_offset:
            self.flushed_at_ms = now_ms
        elif now_ms - self.flushed_at_ms >= self.settings.flush_ms:
            self.flush_due = True

    def note_roll(self, rolled: bool) -> None:
        """L9: whether an append rolled the segment; a flush of the old one is wanted then, and nobody waits for it."""
        if rolled:
            self.rolled = True
            if self.trace.on:
                tell_roll(self)

    def flush_if_asked(self) -> None:
        """L15: `flush.messages` forces the fsync before the answer, as Kafka does, inside the append."""
        port = self.log.port
        before = port.recovery_point
        if port.log_end_offset - before >= self.settings.flush_messages:
            port.flush()
            if self.trace.on:
                tell_flush(self, before, "flush.messages asks for it before the answer")
