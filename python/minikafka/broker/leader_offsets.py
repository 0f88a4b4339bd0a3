"""Where does the leader's log start and end? A follower asks when its fetch offset is out of range (R11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from minikafka.errors import ErrorCode
from minikafka.partition.partition import Partition
from minikafka.types import BrokerId, Now, Offset
from minikafka.wire.messages import list_offsets as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

VERSION: Final = 7
LATEST: Final = -1
EARLIEST: Final = -2


def ask_leader_offsets(
    broker: Broker, leader: BrokerId, partition: Partition, done: Callable[[Now], None], now: Now
) -> None:
    """Ask for log end, then log start; let the partition truncate or start over; `done` runs either way. The answers
    are about the log as it was when asked: if it follows another epoch by then, or grew, they mean nothing to it."""
    leader_epoch, log_end_offset = partition.leader_epoch, partition.log.log_end_offset

    def lost(why: str, at: Now) -> None:
        done(at)

    def end_known(end: Offset, at: Now) -> None:
        def start_known(start: Offset, then: Now) -> None:
            if (partition.leader_epoch, partition.log.log_end_offset) == (leader_epoch, log_end_offset):
                partition.out_of_range(start, end, then)
            done(then)

        _ask(broker, leader, partition, EARLIEST, start_known, lost, at)

    _ask(broker, leader, partition, LATEST, end_known, lost, now)


def _ask(
    broker: Broker,
    leader: BrokerId,
    partition: Partition,
    timestamp: int,
    known: Callable[[Offset, Now], None],
    lost: Callable[[str, Now], None],
    now: Now,
) -> None:
    name = partition.topic_partition
    request = wire.ListOffsetsRequest(
        replica_id=broker.broker_id,
        topics=[
            wire.ListOffsetsTopic(
                name=name.topic,
                partitions=[
                    wire.ListOffsetsPartition(
                        partition_index=name.partition,
                        current_leader_epoch=partition.leader_epoch,
                        timestamp=timestamp,
                    )
                ],
            )
        ],
    )

    def replied(response: wire.ListOffsetsResponse, at: Now) -> None:
        answers = [answer for topic in response.topics for answer in topic.partitions]
        if len(answers) == 1 and answers[0].error_code == ErrorCode.NONE:
            known(answers[0].offset, at)
        else:
            lost("the leader refused", at)

    broker.peers.call(leader, request, VERSION, replied, lost, now)
