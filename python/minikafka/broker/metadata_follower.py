"""How a broker learns what the cluster is: it follows the metadata log (ADR 0006).

`__cluster_metadata` is fetched from the controller like any partition by a follower, and replayed into the immutable
`MetadataImage`. A broker starts from the log's beginning at each start, or from where everything was said
anew (`controller/take_back.py`); the log is small. What a client reads in
Metadata therefore lags by one fetch, as in Kafka (R19).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.controller.image import MetadataImage
from minikafka.errors import ErrorCode
from minikafka.log.batch import read_records
from minikafka.types import CONTROLLER_ID, Now, Offset
from minikafka.wire import codec
from minikafka.wire.messages import fetch as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

TOPIC: Final = "__cluster_metadata"
VERSION: Final = 12
MAX_WAIT_MS: Final = 500
MAX_BYTES: Final = 1 << 20
BACKOFF_MS: Final = 50
CHANNEL: Final = "metadata"


class MetadataFollower:
    """The fetch loop on the metadata log."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.next_offset: Offset = broker.image.offset + 1

    def fetch(self, now: Now) -> None:
        request = wire.FetchRequest(
            replica_id=self._broker.broker_id,
            max_wait_ms=MAX_WAIT_MS,
            min_bytes=1,
            max_bytes=MAX_BYTES,
            topics=[
                wire.FetchTopic(
                    topic=TOPIC,
                    partitions=[
                        wire.FetchPartition(
                            partition=0, fetch_offset=self.next_offset, partition_max_bytes=MAX_BYTES
                        )
                    ],
                )
            ],
        )
        self._broker.peers.call(
            CONTROLLER_ID, request, VERSION, self._replied, self._lost, now, channel=CHANNEL
        )

    def _replied(self, response: wire.FetchResponse, now: Now) -> None:
        answers = [answer for topic in response.responses for answer in topic.partitions]
        if len(answers) != 1 or answers[0].error_code != ErrorCode.NONE:
            self._lost("the controller refused the fetch", now)
            return
        records = answers[0].records
        if records is not None and len(records):
            self._replay(bytes(records), now)
        self.fetch(now)

    def _replay(self, data: bytes, now: Now) -> None:
        image: MetadataImage = self._broker.image
        batch = [record for record in read_records(data) if record.offset >= self.next_offset]
        if batch:
            messages = [
                codec.decode_metadata_record(record.value) for record in batch if record.value is not None
            ]
            self.next_offset = batch[-1].offset + 1
            self._broker.metadata_changed(image.apply(messages, self.next_offset - 1), now)

    def _lost(self, why: str, now: Now) -> None:
        self._broker.timers.set(("metadata", "fetch"), now.monotonic_ms + BACKOFF_MS, self.fetch)
