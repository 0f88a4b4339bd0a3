"""ListTransactions (API 66), versions 0 to 2: the transactional ids this broker coordinates (T15).

v1 filters by how long a transaction has been open. v2 by a pattern of the transactional id. A tool asks every broker
and puts the answers together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.errors import Rejected
from minikafka.transaction.listing import filters
from minikafka.transaction.transaction import Transaction
from minikafka.types import Now
from minikafka.wire.messages import list_transactions as wire

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


def handle(broker: Broker, request: Request[wire.ListTransactionsRequest], now: Now) -> None:
    """What passes the filters; [14] while any partition is still being loaded, because the list would be short."""
    body = request.body

    def refused(refusal: Rejected, _: Now) -> None:
        request.reply(wire.ListTransactionsResponse(error_code=int(refusal.code)))

    try:
        wanted, unknown = filters(
            body.state_filters, body.producer_id_filters, body.duration_filter, body.transactional_id_pattern
        )
    except Rejected as refusal:
        refused(refusal, now)
        return

    def answer(found: list[list[Transaction]], _: Now) -> None:
        states = [
            wire.TransactionState(
                transactional_id=each.transactional_id,
                producer_id=each.producer_id,
                transaction_state=each.state.display_name,
            )
            for shard in found
            for each in shard
        ]
        request.reply(wire.ListTransactionsResponse(unknown_state_filters=unknown, transaction_states=states))

    broker.transactions.read_all(lambda shard, at: shard.list_transactions(wanted, at), answer, refused, now)
