"""A leader proposes, the controller decides: AlterPartition (R8-R10).

While a proposal is under way the partition counts by its *maximal ISR*, so it does not matter how long this takes. An
unknown outcome (no answer) stays pending and is asked again: the controller may have applied it. Only an explicit
answer ends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.errors import ErrorCode
from minikafka.partition.isr import Committed, IsrProposal, Refused
from minikafka.partition.partition import Partition
from minikafka.types import CONTROLLER_ID, Now
from minikafka.wire.messages import alter_partition as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

VERSION: Final = 3
RETRY_MS: Final = 50
TRANSIENT: Final = (ErrorCode.NOT_CONTROLLER, ErrorCode.STALE_BROKER_EPOCH, ErrorCode.UNKNOWN_SERVER_ERROR)


class IsrChanges:
    """Proposals to send, and those under way."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._proposed: list[tuple[Partition, IsrProposal]] = []
        self._retries = 0

    def propose(self, partition: Partition, proposal: IsrProposal) -> None:
        """Send with the others of this turn."""
        self._proposed.append((partition, proposal))

    def send(self, now: Now) -> None:
        """One AlterPartition for everything proposed since the last."""
        if not self._proposed:
            return
        proposed, self._proposed = self._proposed, []
        topics: dict[bytes, wire.AlterPartitionRequestTopicData] = {}
        for partition, proposal in proposed:
            topic = topics.setdefault(
                partition.topic_id,
                wire.AlterPartitionRequestTopicData(topic_id=partition.topic_id, partitions=[]),
            )
            topic.partitions.append(
                wire.AlterPartitionRequestPartitionData(
                    partition_index=partition.topic_partition.partition,
                    leader_epoch=proposal.leader_epoch,
                    new_isr_with_epochs=[
                        wire.BrokerState(broker_id=broker, broker_epoch=epoch)
                        for broker, epoch in proposal.isr
                    ],
                    leader_recovery_state=0,
                    partition_epoch=proposal.partition_epoch,
                )
            )
        request = wire.AlterPartitionRequest(
            broker_id=self._broker.broker_id,
            broker_epoch=self._broker.broker_epoch,
            topics=list(topics.values()),
        )

        def replied(response: wire.AlterPartitionResponse, at: Now) -> None:
            self._answered(proposed, response, at)

        def lost(why: str, at: Now) -> None:
            self._retry(proposed, at)

        self._broker.peers.call(CONTROLLER_ID, request, VERSION, replied, lost, now, channel="isr")

    def _answered(
        self, proposed: list[tuple[Partition, IsrProposal]], response: wire.AlterPartitionResponse, now: Now
    ) -> None:
        if response.error_code != ErrorCode.NONE:
            self._retry(proposed, now)
            return
        answers = {
            (topic.topic_id, answer.partition_index): answer
            for topic in response.topics
            for answer in topic.partitions
        }
        retry = []
        for partition, proposal in proposed:
            answer = answers.get((partition.topic_id, partition.topic_partition.partition))
            if answer is None or answer.error_code in TRANSIENT:
                retry.append((partition, proposal))
                continue
            if answer.error_code == ErrorCode.NONE:
                outcome: Committed | Refused = Committed(
                    tuple(sorted(answer.isr)), answer.partition_epoch, answer.leader_epoch
                )
            else:
                outcome = Refused(ErrorCode(answer.error_code))
            partition.isr_answered(proposal, outcome, now)
            self._broker.replicas.changed(partition)
        self._retry(retry, now)

    def _retry(self, proposed: list[tuple[Partition, IsrProposal]], now: Now) -> None:
        """Ask again, as long as the proposal still stands: a newer leader epoch from the log ends it."""
        standing = [one for one in proposed if one[0].is_pending(one[1])]
        if not standing:
            return

        def again(at: Now) -> None:
            self._proposed += [one for one in standing if one[0].is_pending(one[1])]
            self.send(at)

        self._retries += 1
        self._broker.timers.set(("isr-retry", self._retries), now.monotonic_ms + RETRY_MS, again)
