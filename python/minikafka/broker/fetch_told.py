"""What the trace hears of fetches: which rule decided what each partition's reader got."""

from __future__ import annotations

from minikafka.broker.fetch_answer import Found
from minikafka.broker.fetch_session import CachedPartition, Reader
from minikafka.broker.request import Request
from minikafka.errors import Rejected
from minikafka.partition.values import Isolation, Read
from minikafka.trace import Trace
from minikafka.wire.messages.fetch import FetchRequest


def tell_answer(trace: Trace, reader: Reader, found: Found, request: Request[FetchRequest]) -> None:
    """Each partition of an answer."""
    for partition, outcome in found:
        if isinstance(outcome, Rejected):
            trace.event(
                "refused",
                outcome.rule or "F2",
                partition.name,
                api="Fetch",
                code=outcome.code.name,
                why=outcome.why,
                offset=partition.wanted.fetch_offset,
                replica_id=reader.replica_id,
            )
        else:
            _tell_read(trace, reader, partition, outcome, request)


def _tell_read(
    trace: Trace, reader: Reader, partition: CachedPartition, read: Read, request: Request[FetchRequest]
) -> None:
    name, offset = partition.name, partition.wanted.fetch_offset
    if read.diverging is not None:
        epoch, end_offset = read.diverging
        trace.event(
            "fetch",
            "F9",
            name,
            what="diverges",
            replica_id=reader.replica_id,
            offset=offset,
            last_fetched_epoch=partition.wanted.last_fetched_epoch,
            epoch=epoch,
            end_offset=end_offset,
        )
    elif read.preferred_replica is not None:
        trace.event(
            "fetch",
            "F11",
            name,
            what="sent elsewhere",
            rack=reader.rack,
            offset=offset,
            to=read.preferred_replica,
        )
    elif len(read.records) and reader.isolation is Isolation.REPLICA:
        # What came of it the follower tells itself (R11); every batch comes by here.
        size = len(read.records)
        trace.event(
            "fetch",
            "F3" if size > partition.wanted.partition_max_bytes else "F1",
            name,
            what="read",
            replica_id=reader.replica_id,
            offset=offset,
            size_bytes=size,
        )
    elif len(read.records):
        size = len(read.records)
        # More than was asked for: the one batch that an answer always has, or nobody would get past it.
        trace.event(
            "fetch",
            "F3" if size > partition.wanted.partition_max_bytes else "F1",
            name,
            what="read",
            replica_id=reader.replica_id,
            client_id=request.client_id,
            offset=offset,
            next_offset=read.next_offset,
            size_bytes=size,
            bound=reader.isolation.value,
            high_watermark=read.high_watermark,
            last_stable_offset=read.last_stable_offset,
            aborted=[producer_id for producer_id, _ in read.aborted],
            by="topic id" if request.api_version >= 13 else "name",
        )
    elif read.at_end and reader.isolation is not Isolation.REPLICA:
        trace.event(
            "fetch",
            "F2",
            name,
            what="nothing below the bound",
            offset=offset,
            bound=reader.isolation.value,
            high_watermark=read.high_watermark,
            last_stable_offset=read.last_stable_offset,
            log_start_offset=read.log_start_offset,
        )
