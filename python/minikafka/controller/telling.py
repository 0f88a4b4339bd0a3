"""What the controller decided, told: one event for each thing that its records change (R10, R12-R17, D7).

Records say what is new; an event also says what was before, and why. So the events are read off the records, against
the image that they were decided on, at the one place through which every decision goes (`Controller.decided`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, cast

from minikafka.controller.image import LOST, MetadataImage
from minikafka.controller.replay import FENCE, UNFENCE, merged
from minikafka.errors import Rejected
from minikafka.partition.state import RECOVERED, RECOVERING, PartitionState
from minikafka.trace import Trace
from minikafka.types import NO_LEADER, TopicId, TopicPartition
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import (
    BrokerRegistrationChangeRecord,
    ClearElrRecord,
    ConfigRecord,
    FeatureLevelRecord,
    PartitionChangeRecord,
    PartitionRecord,
    ProducerIdsRecord,
    RegisterBrokerRecord,
    RemoveTopicRecord,
    TopicRecord,
    UnregisterBrokerRecord,
)


def tell(trace: Trace, image: MetadataImage, records: Sequence[Message], why: str) -> None:
    """Call it only while the trace is on. `image`: as of before the records."""
    teller = Teller(trace, image, why)
    for record in records:
        step = TELL.get(type(record))
        if step is not None:
            step(teller, record)


def tell_refusal(trace: Trace, name: TopicPartition | None, refusal: Rejected, *, api: str) -> None:
    """Somebody asked for what may not be. Call it only while the trace is on."""
    trace.event("refused", refusal.rule or "", name, api=api, code=refusal.code.name, why=refusal.why)


class Teller:
    """One decision. Records of one decision may change the same partition more than once."""

    def __init__(self, trace: Trace, image: MetadataImage, why: str) -> None:
        self.trace = trace
        self.image = image
        self.why = why
        self._names: dict[TopicId, str] = {}
        self._states: dict[TopicPartition, PartitionState] = {}

    def name(self, topic_id: TopicId) -> str:
        return self._names.get(topic_id) or self.image.topic_name(topic_id) or ""

    def topic(self, record: TopicRecord) -> None:
        self._names[record.topic_id] = record.name
        self.trace.event("topic", "F12", what="created", name=record.name, topic_id=record.topic_id.hex())

    def topic_removed(self, record: RemoveTopicRecord) -> None:
        name = self.name(record.topic_id)
        self.trace.event("topic", "F12", what="deleted", name=name, topic_id=record.topic_id.hex())

    def partition(self, record: PartitionRecord) -> None:
        self.trace.event(
            "election",
            "R13",
            TopicPartition(self.name(record.topic_id), record.partition_id),
            leader=record.leader,
            before=NO_LEADER,
            leader_epoch=record.leader_epoch,
            isr=sorted(record.isr),
            replicas=record.replicas,
            clean=True,
            why="a new partition is led by its first replica alive",
        )

    def partition_change(self, record: PartitionChangeRecord) -> None:
        name = TopicPartition(self.name(record.topic_id), record.partition_id)
        before = self._states.get(name) or self.image.partition(name)
        assert before is not None, "a change names a partition"
        after = self._states[name] = merged(before, record)
        if after.leader != before.leader:
            self._election(name, before, after)
        if (after.isr, after.elr) != (before.isr, before.elr) or _has_recovered(before, after):
            self._isr(name, before, after)
        if (after.replicas, after.adding, after.removing) != (
            before.replicas,
            before.adding,
            before.removing,
        ):
            self._reassignment(name, before, after)

    def _election(self, name: TopicPartition, before: PartitionState, after: PartitionState) -> None:
        unclean = after.leader_recovery_state == RECOVERING and after.leader not in (*before.isr, *before.elr)
        by_preference = after.leader != NO_LEADER and before.leader in after.isr
        self.trace.event(
            "election",
            "R15" if unclean else "R16" if by_preference else "R13",
            name,
            leader=after.leader,
            before=before.leader,
            leader_epoch=after.leader_epoch,
            isr=after.isr,
            elr=after.elr,
            replicas=after.replicas,
            clean=not unclean,
            why=self.why,
        )

    def _isr(self, name: TopicPartition, before: PartitionState, after: PartitionState) -> None:
        self.trace.event(
            "isr",
            "R14" if after.elr != before.elr else "R10",
            name,
            what="decided",
            isr=after.isr,
            before=before.isr,
            elr=after.elr,
            elr_before=before.elr,
            leader=after.leader,
            partition_epoch=after.partition_epoch,
            recovering=after.leader_recovery_state == RECOVERING,
            why=self.why,
        )

    def _reassignment(self, name: TopicPartition, before: PartitionState, after: PartitionState) -> None:
        self.trace.event(
            "reassignment",
            "R17",
            name,
            replicas=after.replicas,
            before=before.replicas,
            adding=after.adding,
            removing=after.removing,
            done=not after.adding and not after.removing,
            leader_epoch=after.leader_epoch,
            why=self.why,
        )

    def broker(self, record: RegisterBrokerRecord) -> None:
        self.trace.event(
            "broker",
            "R12",
            what="registered",
            id=record.broker_id,
            broker_epoch=record.broker_epoch,
            fenced=record.fenced,
            why=self.why,
        )

    def broker_change(self, record: BrokerRegistrationChangeRecord) -> None:
        if record.log_dirs:
            left = 0 if record.log_dirs == [LOST] else len(record.log_dirs)
            why = "it said that a disk of it failed"
            self.trace.event(
                "broker", "D7", what="directory offline", id=record.broker_id, directories_left=left, why=why
            )
            return
        moved = {FENCE: "fenced", UNFENCE: "unfenced"}.get(record.fenced, "leaving")
        epoch = record.broker_epoch
        self.trace.event("broker", "R12", what=moved, id=record.broker_id, broker_epoch=epoch, why=self.why)

    def broker_gone(self, record: UnregisterBrokerRecord) -> None:
        self.trace.event("broker", "R12", what="unregistered", id=record.broker_id, why=self.why)

    def elr_cleared(self, record: ClearElrRecord) -> None:
        why = "min.insync.replicas was written, so who left earlier may lack what counts now"
        self.trace.event("isr", "R14", what="ELR emptied", topics=record.topic_name or "all", why=why)

    def config(self, record: ConfigRecord) -> None:
        self.trace.event(
            "config",
            "",
            resource_type=record.resource_type,
            resource=record.resource_name,
            name=record.name,
            value=record.value,
        )

    def feature(self, record: FeatureLevelRecord) -> None:
        self.trace.event("feature", "C2", name=record.name, level=record.feature_level)

    def producer_ids(self, record: ProducerIdsRecord) -> None:
        self.trace.event("producer_id", "I11", id=record.broker_id, next_producer_id=record.next_producer_id)


def _has_recovered(before: PartitionState, after: PartitionState) -> bool:
    return before.leader_recovery_state == RECOVERING and after.leader_recovery_state == RECOVERED


Step = Callable[[Teller, Message], None]

TELL: Final = cast(
    "dict[type[Message], Step]",
    {
        TopicRecord: Teller.topic,
        RemoveTopicRecord: Teller.topic_removed,
        PartitionRecord: Teller.partition,
        PartitionChangeRecord: Teller.partition_change,
        RegisterBrokerRecord: Teller.broker,
        BrokerRegistrationChangeRecord: Teller.broker_change,
        UnregisterBrokerRecord: Teller.broker_gone,
        ClearElrRecord: Teller.elr_cleared,
        ConfigRecord: Teller.config,
        FeatureLevelRecord: Teller.feature,
        ProducerIdsRecord: Teller.producer_ids,
    },
)
"""Record -> how it is told."""
