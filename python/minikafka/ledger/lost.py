"""Lost: a producer was told that its record is there, and it is not.

    acknowledged     an `ack` without an error whose bytes left (`left`): the producer may know
    not there        the leader's log has, at its offset, nothing or a batch of another epoch or with other bytes
    on purpose       below the log start: retention, DeleteRecords. A compacted topic keeps one record of a key only.
                     These are not losses

Why it is gone is one of three things, and each has its setting:

    nobody else had it           acks=1: the answer did not wait for anybody; or the ISR was the leader alone, and
                                 min.insync.replicas allowed that
    who had it did not lead      an unclean election
    who had it lost it too       a power cut before the flush: recovery ended the log lower
"""

from __future__ import annotations

from collections.abc import Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.history import Event
from minikafka.ledger.facts import Batch, PartitionFacts
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedBatch, LoggedPartition

ALL = -1


def find(facts: PartitionFacts, log: LoggedPartition) -> Iterator[Finding]:
    """Every acknowledged batch that cannot be read any more."""
    if log.is_compacted:
        return
    by_offset = {batch.base_offset: batch for batch in log.batches}
    for batch in facts.batches:
        if (
            batch.is_acknowledged
            and batch.last_offset >= log.log_start_offset
            and _is_gone(batch, by_offset, log)
        ):
            yield _finding(batch, facts)


def _is_gone(batch: Batch, by_offset: dict[int, LoggedBatch], log: LoggedPartition) -> bool:
    if batch.base_offset >= log.log_end_offset:
        return True
    if batch.base_offset >= log.high_watermark:
        return False  # in the log or not, nobody can read so far: `unseen.py`
    found = by_offset.get(batch.base_offset)
    return found is None or (found.leader_epoch, found.crc) != (batch.leader_epoch, batch.crc)


def _finding(batch: Batch, facts: PartitionFacts) -> Finding:
    chain = [batch.append, *batch.acks, *batch.left]
    holders = [event for event in facts.replicated if _covers(event, batch)]
    elections = [event for event in facts.elections if event.seq > batch.append.seq]
    cuts = [event for event in facts.cuts if event.seq > batch.append.seq and _cuts(event, batch)]
    chain += [*holders, *elections, *cuts]
    why, settings = _reason(batch, holders, elections, cuts, _isr_at(facts, batch))
    return Finding(
        Anomaly.LOST,
        batch.name,
        batch.base_offset,
        batch.last_offset,
        why,
        tuple(sorted({event.seq: event for event in chain}.values(), key=lambda event: event.seq)),
        settings,
    )


def _covers(event: Event, batch: Batch) -> bool:
    first, last = event.get("base_offset"), event.get("last_offset")
    return isinstance(first, int) and isinstance(last, int) and first <= batch.base_offset <= last


def _cuts(event: Event, batch: Batch) -> bool:
    """A log that ended at or below the batch from then on."""
    end = event.get("offset") if event.kind == "truncate" else event.get("log_end_offset")
    return isinstance(end, int) and end <= batch.last_offset


def _isr_at(facts: PartitionFacts, batch: Batch) -> list[int]:
    """The ISR when it was acknowledged, as last told before."""
    until = batch.acks[0].seq if batch.acks else batch.append.seq
    told = [
        event
        for event in (*facts.elections, *facts.isr)
        if event.seq <= until and event.get("isr") is not None
    ]
    newest = max(told, key=lambda event: event.seq, default=None)
    members = None if newest is None else newest.get("isr")
    return [one for one in members if isinstance(one, int)] if isinstance(members, list | tuple) else []


def _reason(
    batch: Batch, holders: list[Event], elections: list[Event], cuts: list[Event], isr: list[int]
) -> tuple[str, tuple[str, ...]]:
    recovered = [event for event in cuts if event.kind == "recovery"]
    unclean = [event for event in elections if event.get("clean") is False]
    if batch.acked_by != ALL and not holders:
        return "acknowledged by the leader alone, which lost it or lost the leadership", ("acks=all",)
    if unclean:
        settings = ["unclean.leader.election.enable=false"]
        if len(isr) == 1:
            settings.append("min.insync.replicas=2")
        return f"broker {unclean[-1].get('leader')} was elected uncleanly, without it", tuple(settings)
    if recovered:
        who = ", ".join(str(broker) for broker in sorted({event.broker for event in recovered}))
        if len(isr) == 1:
            return (
                f"only broker {batch.broker} was in sync, and lost it before it was flushed",
                ("min.insync.replicas=2", "durability=fsync"),
            )
        return f"lost before it was flushed, on broker {who}", ("durability=fsync",)
    if batch.acked_by != ALL:
        return "acknowledged before it was replicated, and the next leader did not have it", ("acks=all",)
    return "its offset holds nothing, or something else, and nothing that was told explains it", ()
