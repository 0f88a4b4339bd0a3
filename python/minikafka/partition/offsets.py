"""Which offset belongs to a timestamp: ListOffsets (F5, F6).

    -1  latest                 the reader's bound: high watermark, or LSO under read_committed
    -2  earliest               log start offset
    -3  largest timestamp      the first record that has it
    -4  earliest local         log start offset: nothing is tiered here
    -5, -6  tiered             none: -1
    >= 0                       first record with that timestamp or a later one, below the bound; none: -1

Right after an election the new leader's high watermark may lie below what the old one served. Until it reaches the
start of the new epoch, the latest offset, and "no such record", could be taken back, so they are refused:
OFFSET_NOT_AVAILABLE [78].
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.errors import ErrorCode, Rejected
from minikafka.types import NO_EPOCH, NO_OFFSET, NO_TIMESTAMP, LeaderEpoch, Offset

if TYPE_CHECKING:
    from minikafka.log.replica_log import ReplicaLog

LATEST: Final = -1
EARLIEST: Final = -2
MAX_TIMESTAMP: Final = -3
EARLIEST_LOCAL: Final = -4
TIERED: Final = (-5, -6)

OffsetFound = tuple[Offset, int, LeaderEpoch]
"""(offset, timestamp in ms, leader epoch), each -1 for none."""

NOTHING: Final[OffsetFound] = (NO_OFFSET, NO_TIMESTAMP, NO_EPOCH)


def look_up(
    log: ReplicaLog, timestamp: int, bound: Offset, leader_epoch: LeaderEpoch, *, is_settled: bool
) -> OffsetFound:
    """F5. `bound`: exclusive, what this reader may see. `is_settled`: the high watermark reached the start of
    `leader_epoch` (F6). Raises Rejected [78], and [42] for a timestamp that means nothing."""
    if timestamp in (EARLIEST, EARLIEST_LOCAL):
        start = log.log_start_offset
        return start, NO_TIMESTAMP, log.epochs.epoch_at(start)
    if timestamp in TIERED:
        return NOTHING
    if timestamp == LATEST:
        if not is_settled:
            raise _not_settled()
        return bound, NO_TIMESTAMP, leader_epoch
    if timestamp == MAX_TIMESTAMP:
        found = log.port.max_timestamp_offset(upper_bound=bound)
    elif timestamp >= 0:
        found = log.port.offset_for_timestamp(timestamp, upper_bound=bound)
    else:
        raise Rejected(ErrorCode.INVALID_REQUEST, f"timestamp {timestamp} means nothing", rule="F5")
    if found is None:
        if not is_settled:
            raise _not_settled()
        return NOTHING
    return found[0], found[1], log.epochs.epoch_at(found[0])


def _not_settled() -> Rejected:
    why = "the new leader's high watermark has not caught up yet"
    return Rejected(ErrorCode.OFFSET_NOT_AVAILABLE, why, rule="F6")
