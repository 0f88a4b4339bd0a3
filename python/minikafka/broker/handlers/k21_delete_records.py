"""DeleteRecords (API 21), versions 0 to 2: raise the log start offset of partitions led here (L12, KIP-107).

v2 flexible. Only the log start moves; the segments below it go at the next retention sweep (L13), and a batch that
contains the new start is still read whole. Offset -1 stands for the high watermark. The answer tells the low watermark,
the lowest log start of all live replicas, once that has reached the offset asked for: after that no election can bring
the records back. -1 goes with most errors.

Only the wait is cut short by `timeout_ms`: then REQUEST_TIMED_OUT [7], while followers go on to follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.delete_records_call import DeleteRecordsCall
from minikafka.broker.request import Request
from minikafka.types import Now
from minikafka.wire.messages.delete_records import DeleteRecordsRequest

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[DeleteRecordsRequest], now: Now) -> None:
    """Each partition on its own; the answer waits for the slowest."""
    DeleteRecordsCall(broker, request).begin(now)
