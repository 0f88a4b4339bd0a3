"""Who may be in an ISR, as the metadata image knows it (R9)."""

from __future__ import annotations

from typing import Protocol

from minikafka.types import NO_EPOCH, BrokerEpoch, BrokerId


class ReplicaEligibility(Protocol):
    """What is known of brokers; the metadata image is one."""

    def is_fenced(self, broker_id: BrokerId) -> bool:
        """Also true of a broker nobody registered."""

    def is_shutting_down(self, broker_id: BrokerId) -> bool:
        """On its way out (R12)."""

    def broker_epoch(self, broker_id: BrokerId) -> BrokerEpoch | None:
        """Of its present life; None when it is not registered."""


def may_join(eligible: ReplicaEligibility, broker_id: BrokerId, fetch_broker_epoch: BrokerEpoch) -> bool:
    """R9: alive, staying, and the life that fetched is the one registered. The last part keeps a rebooted broker from
    being let in on the strength of what an earlier life had fetched and its power cut then lost (KIP-903)."""
    if eligible.is_fenced(broker_id) or eligible.is_shutting_down(broker_id):
        return False
    return fetch_broker_epoch in (NO_EPOCH, eligible.broker_epoch(broker_id))
