"""Fencing: making sure that a producer thought dead can do no more harm, whatever it still sends.

Its epoch is bumped past it. From then on the coordinator answers it PRODUCER_FENCED [90] and, once the
abort's markers carried the new epoch to the partitions, they answer INVALID_PRODUCER_EPOCH [47] (T5). The
bump and the abort of what the zombie left open are *one* record: were they two, a crash between them could
leave either half alone.

Nobody is told the fencing epoch; the producer that caused it (InitProducerId) gets a later one on its retry
(T3).
"""

from __future__ import annotations

from collections.abc import Callable

from minikafka.transaction.states import PREPARE_ABORT, PREPARE_EPOCH_FENCE, can_move
from minikafka.transaction.transaction import LAST_EPOCH, TV0, TV2, Transaction
from minikafka.types import NO_PRODUCER_EPOCH, NO_PRODUCER_ID, ProducerId


def fenced(
    ongoing: Transaction, server_version: int, take_producer_id: Callable[[], ProducerId], wall_ms: int
) -> Transaction:
    """`ongoing`, fenced and aborting. `server_version`: the finalized `transaction.version`, because no
    request of the fenced producer decides here (C2). Under TV2 the producer may come back with its old epoch
    (KIP-360) and be given the new one; under TV1 it is out for good. Raises Rejected [14] if a new producer
    id is needed and none at hand.
    """
    assert can_move(ongoing.state, PREPARE_EPOCH_FENCE), "only an open transaction needs fencing"
    assert can_move(PREPARE_EPOCH_FENCE, PREPARE_ABORT), "the fence and the abort are one step"
    is_tv2 = server_version >= TV2
    rotates = is_tv2 and ongoing.is_epoch_exhausted
    return ongoing._replace(
        state=PREPARE_ABORT,
        producer_epoch=min(ongoing.producer_epoch + 1, LAST_EPOCH + 1),
        last_producer_epoch=ongoing.producer_epoch if is_tv2 else NO_PRODUCER_EPOCH,
        next_producer_id=take_producer_id() if rotates else NO_PRODUCER_ID,
        update_timestamp_ms=wall_ms,
        client_transaction_version=TV2 if is_tv2 else TV0,
    )
