"""What the trace hears of producers at one partition: how each batch was judged (I1-I7, I12), and markers (T9)."""

from __future__ import annotations

from typing import Any

from minikafka.log.port import BatchHeader
from minikafka.partition.local import LocalReplica
from minikafka.types import (
    NO_OFFSET,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    CoordinatorEpoch,
    Offset,
    ProducerEpoch,
    ProducerId,
)


def accepted(local: LocalReplica, header: BatchHeader, known_epoch: ProducerEpoch | None) -> None:
    """A batch was appended. `known_epoch`: the producer's before it, None when nothing was known."""
    trace, name = local.trace, local.topic_partition
    if header.producer_id == NO_PRODUCER_ID:
        return
    facts: dict[str, Any] = {
        "outcome": "accepted",
        "producer_id": header.producer_id,
        "producer_epoch": header.producer_epoch,
        "first_sequence": header.base_sequence,
        "last_sequence": header.last_sequence,
    }
    if header.base_sequence == NO_SEQUENCE:
        trace.event("sequence", "I1", name, why="a coordinator's write: only its epoch is checked", **facts)
    elif known_epoch is None or known_epoch == NO_PRODUCER_EPOCH:
        why = "nothing is known of the producer here, so any first sequence will do"
        trace.event("sequence", "I5", name, why=why, **facts)
    elif header.producer_epoch != known_epoch:
        why = f"a newer epoch than {known_epoch} begins at 0, and what was remembered is forgotten"
        trace.event("sequence", "I6", name, why=why, **facts)
    else:
        trace.event("sequence", "I4", name, why="it follows the last sequence", **facts)


def marker(
    local: LocalReplica,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    known_epoch: ProducerEpoch | None,
    first_offset: Offset,
    offset: Offset,
    coordinator_epoch: CoordinatorEpoch,
    *,
    commit: bool,
) -> None:
    """A marker was appended. `first_offset`: of the transaction it ended, -1 when none was open here."""
    was_open = first_offset != NO_OFFSET
    why = (
        "it has an offset like any record"
        if was_open
        else "no transaction was open here: written, without effect"
    )
    local.trace.event(
        "marker",
        "T9",
        local.topic_partition,
        what="commit" if commit else "abort",
        offset=offset,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        coordinator_epoch=coordinator_epoch,
        first_offset=first_offset,
        why=why,
    )
    if known_epoch is not None and producer_epoch > known_epoch:
        local.trace.event(
            "sequence",
            "I7",
            local.topic_partition,
            outcome="forgotten",
            producer_id=producer_id,
            producer_epoch=producer_epoch,
            why="the marker's epoch is higher: the remembered batches go, the next sequence is 0",
        )


def expired(local: LocalReplica, producer_ids: list[ProducerId]) -> None:
    """Producers were forgotten for their silence."""
    local.trace.event(
        "sequence",
        "I10",
        local.topic_partition,
        outcome="expired",
        producer_ids=sorted(producer_ids),
        why="not heard of for producer.id.expiration.ms; their next sequence may be any",
    )
