"""Unseen: acknowledged, in the leader's log, and above the high watermark, so visible to nobody (R6).

It is not lost, and may yet be: whoever leads next need not have it. acks=1 under min.insync.replicas is how that comes
about.
"""

from __future__ import annotations

from collections.abc import Iterator

from minikafka.checker.anomaly import Anomaly
from minikafka.ledger.case import ALL
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import PartitionFacts, in_order
from minikafka.ledger.finding import Finding
from minikafka.ledger.logs import LoggedPartition
from minikafka.ledger.why_lost import Explained, explain


def find(facts: PartitionFacts, log: LoggedPartition, *, fsync: bool) -> Iterator[Finding]:
    """The newest append of each offset between the high watermark and the log end, if it was acknowledged."""
    newest = {batch.base_offset: batch for batch in facts.batches}
    for offset in sorted(newest):
        batch = newest[offset]
        if log.high_watermark <= offset < log.log_end_offset and batch.is_acknowledged:
            why = f"the high watermark stands at {log.high_watermark}"
            # With acks=all it was below the high watermark once: whoever leads now does not know that.
            explained: Explained = (Cause.BELOW_MIN_ISR, Cause.BELOW_MIN_ISR.value.says, ())
            cause, says, evidence = explain(batch, facts, fsync=fsync) if batch.acked_by == ALL else explained
            chain = in_order(batch.story, evidence)
            yield Finding(Anomaly.UNSEEN, log.name, offset, batch.last_offset, f"{why}: {says}", cause, chain)
