"""Producer ids are handed to brokers in blocks of 1000 (I11, KIP-730).

A block is never handed out twice, not even after a crash: the next free id is in the metadata log before the
answer leaves. What a broker did not use of its block when it stopped is lost; ids jump.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from minikafka.controller.view import ClusterView
from minikafka.types import BrokerEpoch, BrokerId, ProducerId
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import ProducerIdsRecord

BLOCK_SIZE: Final = 1000


class ProducerIdBlock(NamedTuple):
    """`size` ids from `first` on."""

    first: ProducerId
    size: int


def allocate(
    view: ClusterView, broker_id: BrokerId, broker_epoch: BrokerEpoch
) -> tuple[list[Message], ProducerIdBlock]:
    """The next block for a broker in its present life. Raises Rejected [77]."""
    view.check_broker_epoch(broker_id, broker_epoch)
    block = ProducerIdBlock(view.image.next_producer_id, BLOCK_SIZE)
    record = ProducerIdsRecord(
        broker_id=broker_id, broker_epoch=broker_epoch, next_producer_id=block.first + BLOCK_SIZE
    )
    return [record], block
