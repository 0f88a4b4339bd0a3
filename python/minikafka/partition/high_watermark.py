"""The high watermark: how far everybody who counts has come (R4-R6).

    high watermark = the lowest log end offset among
        the leader,
        every member of the *maximal* ISR,
        every follower that is caught up and may join the ISR

Consumers see only what is below it. The leader's never moves back. While the ISR is smaller than the effective
`min.insync.replicas` it does not move at all, whatever the acks: otherwise a record acknowledged with acks=1 would be
shown to consumers while a single failure could still take it away (KIP-966).

A caught-up follower outside the ISR holds it back too: it is about to be let in, and a member must never lack what is
below the high watermark.
"""

from __future__ import annotations

from collections.abc import Iterable

from minikafka.types import Offset


def effective_min_insync_replicas(min_insync_replicas: int, replica_count: int) -> int:
    """R5: a partition of one replica cannot have two in sync."""
    return min(min_insync_replicas, replica_count)


def next_high_watermark(
    current: Offset, end_offsets: Iterable[Offset], *, isr_size: int, min_insync_replicas: int
) -> Offset:
    """R4, R6: the high watermark after `end_offsets` (of all who count, the leader first) are known.

    isr_size: of the ISR in force, without who is only about to join: the controller counts the same way when it decides
    who may lead after a failure (R14). min_insync_replicas: the effective one (R5). Never below `current`.
    """
    if isr_size < min_insync_replicas:
        return current
    return max(current, min(end_offsets))
