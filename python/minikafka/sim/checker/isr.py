"""What must hold of a partition's state at every moment, as decided and as acted on (R10-R14).

the ISR and the ELR are replicas, and nobody is in both
the leader is in the ISR; without ELR the ISR is never empty
leader epochs and partition epochs do not move back, and every change raises the partition epoch
the leader epoch rises when the leader changes
one broker leads in a leader epoch, and no other ever does
with min.insync.replicas in the ISR nobody is in the ELR
a clean leader was in the ISR or in the ELR before
"""

from __future__ import annotations

from minikafka.partition.state import RECOVERING, PartitionState
from minikafka.types import NO_LEADER, BrokerId, LeaderEpoch, TopicId, TopicPartition


class IsrInvariants:
    """`decided` looks at the controller, `leads` at brokers."""

    def __init__(self, *, elr: bool, min_insync_replicas: int) -> None:
        self._elr = elr
        self._min_insync_replicas = min_insync_replicas
        self._states: dict[tuple[TopicId, TopicPartition], PartitionState] = {}
        self._leaders: dict[tuple[TopicId, TopicPartition, LeaderEpoch], BrokerId] = {}
        self.unclean: list[TopicPartition] = []
        """Partitions that got a leader who may lack committed records."""
        self.violations: list[str] = []

    def decided(self, name: TopicPartition, state: PartitionState) -> None:
        """The controller's state of `name`."""
        key = (state.topic_id, name)
        before = self._states.get(key)
        if before is state or before == state:
            return
        self._states[key] = state
        self._check_members(name, state)
        if before is not None:
            self._check_step(name, before, state)
        if state.leader_recovery_state == RECOVERING:
            self.unclean.append(name)
        elif before is not None and state.leader not in (NO_LEADER, before.leader):
            self._expect(
                state.leader in _electable(before, state),
                name,
                f"{state.leader} leads cleanly, and was in neither {before.isr} nor {before.elr}",
            )

    def _check_members(self, name: TopicPartition, state: PartitionState) -> None:
        isr, elr = set(state.isr), set(state.elr)
        self._expect(
            isr | elr <= set(state.replicas), name, f"ISR {isr} or ELR {elr} is not of {state.replicas}"
        )
        self._expect(not isr & elr, name, f"ISR {isr} and ELR {elr} overlap")
        self._expect(
            state.leader in {NO_LEADER, *isr}, name, f"leader {state.leader} is not in the ISR {isr}"
        )
        self._expect(bool(isr) or self._elr, name, "the ISR is empty, without ELR")
        enough = min(self._min_insync_replicas, len(state.replicas))
        self._expect(not elr or len(isr) < enough, name, f"ELR {elr} with enough in the ISR {isr}")

    def _check_step(self, name: TopicPartition, before: PartitionState, state: PartitionState) -> None:
        self._expect(state.leader_epoch >= before.leader_epoch, name, "the leader epoch moved back")
        self._expect(
            state.partition_epoch > before.partition_epoch, name, "a change kept the partition epoch"
        )
        changed = state.leader != before.leader
        self._expect(
            not changed or state.leader_epoch > before.leader_epoch,
            name,
            "a new leader kept the leader epoch",
        )

    def leads(self, broker: BrokerId, topic_id: TopicId, name: TopicPartition, epoch: LeaderEpoch) -> None:
        """`broker` takes itself for the leader of `epoch`."""
        first = self._leaders.setdefault((topic_id, name, epoch), broker)
        self._expect(first == broker, name, f"{first} and {broker} both led in epoch {epoch}")

    def _expect(self, holds: bool, name: TopicPartition, otherwise: str) -> None:
        if not holds:
            violation = f"isr: {name}: {otherwise}"
            if violation not in self.violations:
                self.violations.append(violation)


def _electable(before: PartitionState, state: PartitionState) -> set[BrokerId]:
    """Who could be elected cleanly.

    A replica that joins the ISR by the change that ends its reassignment may lead by the same change (R17), and between
    two looks there may have been more changes than one.
    """
    electable = {*before.isr, *before.elr}
    if before.adding or before.removing or state.partition_epoch > before.partition_epoch + 1:
        electable |= set(state.isr)
    return electable
