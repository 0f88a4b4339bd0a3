"""When a produce may be answered (L14, R5-R7).

    acks=0    never: there is no answer
    acks=1    once the leader has appended
    acks=-1   refused with NOT_ENOUGH_REPLICAS [19] *before* the append while the ISR is under min ISR; then once the
              high watermark has passed the batch: success, or NOT_ENOUGH_REPLICAS_AFTER_APPEND [20] if the maximal ISR
              is under min ISR by then

In [6], [7] and [20] the record is in the log and may survive: the client must retry, and only idempotence makes that
safe. In fsync mode the leader's own copy counts only once it is on disk, so acks=1 waits for its recovery point too.
"""

from __future__ import annotations

from typing import Final

from minikafka.errors import ErrorCode
from minikafka.types import Offset

NONE: Final = 0
LEADER: Final = 1
ALL: Final = -1
VALID_ACKS: Final = frozenset({NONE, LEADER, ALL})


def completion(
    acks: int,
    required_offset: Offset,
    *,
    high_watermark: Offset,
    durable_offset: Offset,
    maximal_isr_size: int,
    min_insync_replicas: int,
) -> ErrorCode | None:
    """What a produce is answered now, or None to wait on.

    required_offset: one past its last record. durable_offset: the leader's recovery point in fsync mode, its log end
    offset in page-cache mode. min_insync_replicas: the effective one (R5).
    """
    if acks == NONE:
        return ErrorCode.NONE
    if durable_offset < required_offset:
        return None
    if acks == LEADER:
        return ErrorCode.NONE
    if high_watermark < required_offset:
        return None
    if maximal_isr_size < min_insync_replicas:
        return ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND
    return ErrorCode.NONE
