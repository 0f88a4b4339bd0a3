"""Log directories, as the controller knows them (D7, KIP-858).

A broker registers the ids of its directories, and every replica is assigned to one of them. A broker with one
directory has no choice, so the controller assigns it at once; of several the broker would choose, and tell. When a disk
fails, the broker says in its next heartbeat which directory is offline, and from then on

    every ISR       loses that broker's replicas in the directory
    leadership      moves away from them, and does not come back while the directory is offline
    the others      of the same broker are not concerned

A replica's directory is *online* when its broker has not said otherwise, and always when it is not known yet. The
broker keeps its session: clients still hear of it, and it answers KAFKA_STORAGE_ERROR [56] for what it cannot serve.

Kafka's record of a changed registration cannot say "no directory left", because there its broker ends itself. Here such
a broker is left with `LOST`, the id that Kafka keeps for directories that are gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.controller.image import LOST
from minikafka.controller.leadership import directories_fail
from minikafka.types import BrokerId
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import BrokerRegistrationChangeRecord

if TYPE_CHECKING:
    from minikafka.controller.view import ClusterView


def report_offline(view: ClusterView, broker_id: BrokerId, offline: Sequence[bytes]) -> list[Message]:
    """What follows when a broker names these directories as offline; nothing when it had said so before."""
    registration = view.image.brokers[broker_id]
    failed = frozenset(registration.log_dirs) & frozenset(offline)
    if not failed:
        return []
    left = [directory for directory in registration.log_dirs if directory not in failed]
    change = BrokerRegistrationChangeRecord(
        broker_id=broker_id, broker_epoch=registration.epoch, log_dirs=left or [LOST]
    )
    return [*directories_fail(view, broker_id, failed), change]
