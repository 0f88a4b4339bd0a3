"""The transaction coordinator's place in a broker: its log, its peers, the controller it gets producer ids from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from minikafka.broker.coordinators import TRANSACTIONS_TOPIC, InternalTopicWriter
from minikafka.broker.marker_sender import PeerMarkerSender
from minikafka.coordinator.runtime import CoordinatorRuntime
from minikafka.errors import ErrorCode
from minikafka.transaction.coordinator import Node, transaction_runtime
from minikafka.transaction.producer_ids import ProducerIdBlock, ProducerIds
from minikafka.transaction.shard import TransactionShard
from minikafka.transaction.telling import Telling
from minikafka.transaction.timeouts import TransactionSettings
from minikafka.types import CONTROLLER_ID, Now
from minikafka.wire.messages.allocate_producer_ids import (
    AllocateProducerIdsRequest,
    AllocateProducerIdsResponse,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

FEATURE: Final = "transaction.version"
ALLOCATE_VERSION: Final = 0


def new_producer_ids(broker: Broker) -> ProducerIds:
    """The broker's producer ids, in blocks from the controller (I11)."""
    return ProducerIds(_ControllerBlocks(broker), Telling(broker.trace))


def new_transactions(broker: Broker) -> CoordinatorRuntime[TransactionShard]:
    """The coordinators of the `__transaction_state` partitions that this broker leads (T1)."""
    settings = broker.settings
    return transaction_runtime(
        Node(
            InternalTopicWriter(broker, TRANSACTIONS_TOPIC),
            broker.timers,
            PeerMarkerSender(broker),
            broker.producer_ids,
            lambda: broker.image.features.get(FEATURE, 0),
            broker.trace,
        ),
        TransactionSettings(
            settings.transaction_max_timeout_ms,
            settings.transaction_abort_timed_out_transaction_cleanup_interval_ms,
            settings.transactional_id_expiration_ms,
            settings.transaction_remove_expired_transaction_cleanup_interval_ms,
        ),
        settings.offsets_commit_timeout_ms,
    )


class _ControllerBlocks:
    """AllocateProducerIds (API 67)."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def allocate(
        self, granted: Callable[[ProducerIdBlock, Now], None], failed: Callable[[str, Now], None], now: Now
    ) -> None:
        def replied(response: AllocateProducerIdsResponse, at: Now) -> None:
            if response.error_code == ErrorCode.NONE:
                granted(ProducerIdBlock(response.producer_id_start, response.producer_id_len), at)
            else:
                failed(ErrorCode(response.error_code).name, at)

        request = AllocateProducerIdsRequest(
            broker_id=self._broker.broker_id, broker_epoch=self._broker.broker_epoch
        )
        self._broker.peers.call(
            CONTROLLER_ID, request, ALLOCATE_VERSION, replied, failed, now, channel="producer-ids"
        )

    def retry_later(self, run: Callable[[Now], None], deadline_ms: int) -> None:
        self._broker.timers.set(("producer-ids", "retry"), deadline_ms, run)
