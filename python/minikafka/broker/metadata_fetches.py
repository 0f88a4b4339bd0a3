"""Brokers follow the metadata log with long-polling fetches; these wait here for it to grow.

A fetch at the high watermark is parked until something is flushed or its wait is over, so a broker hears of a
change one fsync and one round trip after it was decided (ADR 0006).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.broker.metadata_log import LEADER_EPOCH, PARTITION, MetadataLog
from minikafka.broker.request import Request
from minikafka.broker.timers import Timers
from minikafka.errors import ErrorCode
from minikafka.types import CONTROLLER_ID, BrokerId, Now, Offset
from minikafka.wire.messages.fetch import (
    FetchableTopicResponse,
    FetchRequest,
    FetchResponse,
    LeaderIdAndEpoch,
    PartitionData,
)

STATE_VERSION: Final = 15
"""From here on a fetch names its replica in `replica_state` (KIP-903)."""
MAX_OBSERVERS: Final = 1000

METADATA_TOPIC_ID = bytes(15) + b"\x01"
"""Kafka's fixed id of `__cluster_metadata`, for fetches that name topics by id."""


class Observer(NamedTuple):
    """How far a broker has replayed the log: the offset it fetched last. Both times are wall time, -1 for never."""

    offset: Offset
    fetched_at_ms: int
    caught_up_at_ms: int


class MetadataFetches:
    """Fetches of the metadata log, those that wait included."""

    def __init__(self, log: MetadataLog, timers: Timers) -> None:
        self._log = log
        self._timers = timers
        self._waiting: dict[int, tuple[Request[FetchRequest], Offset]] = {}
        self._next = 1
        self.observers: dict[BrokerId, Observer] = {}
        """Who follows the log, as far as was heard in this life (DescribeQuorum)."""

    @property
    def log_end_offset(self) -> Offset:
        return self._log.end_offset

    @property
    def high_watermark(self) -> Offset:
        return self._log.high_watermark()

    def fetch(self, request: Request[FetchRequest], now: Now) -> None:
        """Answer with what there is above the offset asked for, now or when there is something."""
        offset = _offset_asked(request)
        if offset is None:
            request.reply(FetchResponse(error_code=int(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)))
            return
        is_caught_up = self._log.high_watermark() <= offset <= self._log.end_offset
        self._observe(request, offset, is_caught_up, now)
        if not is_caught_up or request.body.max_wait_ms <= 0:
            self._answer(request, offset)
            return
        waiter = self._next
        self._next += 1
        self._waiting[waiter] = (request, offset)
        deadline_ms = now.monotonic_ms + request.body.max_wait_ms
        self._timers.set(("metadata-fetch", waiter), deadline_ms, lambda _: self._release(waiter))

    def _observe(self, request: Request[FetchRequest], offset: Offset, is_caught_up: bool, now: Now) -> None:
        body = request.body
        broker_id = body.replica_state.replica_id if request.api_version >= STATE_VERSION else body.replica_id
        if broker_id < 0:
            return
        if broker_id not in self.observers and len(self.observers) >= MAX_OBSERVERS:
            return
        known = self.observers.get(broker_id)
        caught_up_at_ms = now.wall_ms if is_caught_up else -1 if known is None else known.caught_up_at_ms
        self.observers[broker_id] = Observer(offset, now.wall_ms, caught_up_at_ms)

    def log_grew(self) -> None:
        """The high watermark moved."""
        for waiter, (_, offset) in list(self._waiting.items()):
            if offset < self._log.high_watermark():
                self._release(waiter)

    def _release(self, waiter: int) -> None:
        entry = self._waiting.pop(waiter, None)
        if entry is not None:
            self._timers.cancel(("metadata-fetch", waiter))
            self._answer(*entry)

    def _answer(self, request: Request[FetchRequest], offset: Offset) -> None:
        log = self._log
        data = PartitionData(
            partition_index=PARTITION.partition,
            high_watermark=log.high_watermark(),
            last_stable_offset=log.high_watermark(),
            log_start_offset=0,
            records=b"",
        )
        if not 0 <= offset <= log.end_offset:
            data.error_code = int(ErrorCode.OFFSET_OUT_OF_RANGE)
        elif offset < log.high_watermark():
            data.records = log.read(offset, request.body.max_bytes)
        if request.api_version >= 12:
            data.current_leader = LeaderIdAndEpoch(leader_id=CONTROLLER_ID, leader_epoch=LEADER_EPOCH)
        by_id = request.api_version >= 13
        topic = FetchableTopicResponse(
            topic="" if by_id else PARTITION.topic,
            topic_id=METADATA_TOPIC_ID if by_id else bytes(16),
            partitions=[data],
        )
        request.reply(FetchResponse(responses=[topic]))


def _offset_asked(request: Request[FetchRequest]) -> Offset | None:
    """The offset, if the metadata log's one partition is all the request asks for."""
    topics = request.body.topics
    if len(topics) != 1 or len(topics[0].partitions) != 1:
        return None
    by_id = request.api_version >= 13
    is_ours = topics[0].topic_id == METADATA_TOPIC_ID if by_id else topics[0].topic == PARTITION.topic
    asked = topics[0].partitions[0]
    return asked.fetch_offset if is_ours and asked.partition == PARTITION.partition else None
