"""Unseen: acknowledged, in the leader's log, and above the high watermark, so visible to nobody (R6).

It is not lost, and may yet be: whoever leads next need not have it. acks=1 under min.insync.replicas is how that comes
about.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from minikafka.checker.anomaly import Anomaly
from minikafka.ledger.case import ALL
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import in_order
from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition
from minikafka.ledger.outline import Outline
from minikafka.ledger.suspect import Suspect
from minikafka.ledger.wanted import Wanted
from minikafka.ledger.why_lost import Explained, explain


def find(own: Outline, log: LoggedPartition, *, fsync: bool) -> Iterator[Suspect]:
    """The newest append of each offset between the high watermark and the log end, if it was acknowledged."""
    if log.high_watermark >= log.log_end_offset:
        return
    newest = {
        row.base_offset: (row, was_left)
        for row, was_left in zip(own.rows, own.was_left, strict=True)
        if log.high_watermark <= row.base_offset < log.log_end_offset
    }
    for _, (row, was_left) in sorted(newest.items()):
        if was_left:
            wanted = Wanted(((row.base_offset, row.last_offset),))
            yield Suspect(log.name, wanted, partial(_tell, log._replace(batches=()), row.seq, fsync))


def _tell(log: LoggedPartition, append: int, fsync: bool, evidence: Evidence) -> Finding:
    own = evidence.of(log.name)
    batch = own.batch(append)
    why = f"the high watermark stands at {log.high_watermark}"
    # With acks=all it was below the high watermark once: whoever leads now does not know that.
    explained: Explained = (Cause.BELOW_MIN_ISR, Cause.BELOW_MIN_ISR.value.says, ())
    cause, says, events = explain(batch, own, fsync=fsync) if batch.acked_by == ALL else explained
    chain = in_order(batch.story, events)
    return Finding(
        Anomaly.UNSEEN, log.name, batch.base_offset, batch.last_offset, f"{why}: {says}", cause, chain
    )
