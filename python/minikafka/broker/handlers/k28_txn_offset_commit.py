"""TxnOffsetCommit (API 28), versions 0 to 6: offsets that count when the transaction commits (T12).

v2 leader epochs. v3 flexible, and says which member of which generation commits (KIP-447). v4 may hear
TRANSACTION_ABORTABLE [120]. v5 adds the offsets partition to the transaction itself (TV2), instead of a call to
AddOffsetsToTxn before. v6 names topics by id; its unknown group is GROUP_ID_NOT_FOUND [69] (KIP-1319).

It is a transactional write to `__consumer_offsets`, so the transaction coordinator is asked about it first, exactly as
for a Produce (T6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.offset_commits import OffsetCommits
from minikafka.broker.request import Request
from minikafka.broker.verification import for_old_clients
from minikafka.config import CONSUMER_OFFSETS
from minikafka.coordinator.writer import told_to_clients
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.requests import Identity
from minikafka.group.commit import CommitRequest
from minikafka.types import Now, TopicPartition
from minikafka.wire.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitResponse,
    TxnOffsetCommitResponsePartition,
    TxnOffsetCommitResponseTopic,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

KNOWS_LOADING_VERSION: Final = 2
ABORTABLE_VERSION: Final = 4
ADDS_PARTITION_VERSION: Final = 5
TOPIC_ID_VERSION: Final = 6


def handle(broker: Broker, request: Request[TxnOffsetCommitRequest], now: Now) -> None:
    """Verify the transaction, then hand what exists to the group's coordinator."""
    body = request.body
    commits = OffsetCommits(broker.image, body.topics, by_id=request.api_version >= TOPIC_ID_VERSION)
    if not body.group_id:
        _refuse(request, commits, ErrorCode.INVALID_GROUP_ID)
        return
    if not commits.offsets:
        _reply(request, commits)
        return
    try:
        name = TopicPartition(CONSUMER_OFFSETS, broker.groups.partition_for(body.group_id))
        partition = broker.replicas.leader(name)
    except Rejected as refusal:
        _refuse(request, commits, told_to_clients(refusal).code)
        return
    adds = request.api_version >= ADDS_PARTITION_VERSION
    is_asked = adds or broker.settings.transaction_partition_verification_enable
    if partition.has_transaction(body.producer_id, body.producer_epoch) or not is_asked:
        _commit(broker, request, commits, now)
        return

    def verified(errors: dict[TopicPartition, ErrorCode], at: Now) -> None:
        if request.api_version < ABORTABLE_VERSION:
            errors = for_old_clients(errors)
        code = errors.get(name, ErrorCode.NONE)
        if code is ErrorCode.NONE:
            _commit(broker, request, commits, at)
        else:
            _refuse(request, commits, told_to_clients(Rejected(code)).code)

    broker.verifier.verify(
        broker, body.transactional_id, body.producer_id, body.producer_epoch, [name], adds, verified, now
    )


def _commit(
    broker: Broker, request: Request[TxnOffsetCommitRequest], commits: OffsetCommits, now: Now
) -> None:
    body = request.body
    is_told = request.api_version >= TOPIC_ID_VERSION
    asked = CommitRequest(
        Identity(body.group_id, body.member_id, body.group_instance_id, body.generation_id_or_member_epoch),
        commits.offsets,
        ErrorCode.GROUP_ID_NOT_FOUND if is_told else ErrorCode.ILLEGAL_GENERATION,
    )

    def answer(errors: list[ErrorCode], _: Now) -> None:
        commits.answered(errors)
        _reply(request, commits)

    groups.write(
        broker,
        body.group_id,
        lambda shard, at: shard.commit_in_transaction(asked, body.producer_id, body.producer_epoch, at),
        answer,
        lambda refusal, _: _refuse(request, commits, refusal.code),
        now,
    )


def _refuse(request: Request[TxnOffsetCommitRequest], commits: OffsetCommits, code: ErrorCode) -> None:
    if code is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS and request.api_version < KNOWS_LOADING_VERSION:
        # Producers of that age crash on [14] (KAFKA-7296).
        code = ErrorCode.COORDINATOR_NOT_AVAILABLE
    commits.refused(code)
    _reply(request, commits)


def _reply(request: Request[TxnOffsetCommitRequest], commits: OffsetCommits) -> None:
    request.reply(
        TxnOffsetCommitResponse(
            topics=[
                TxnOffsetCommitResponseTopic(
                    name=name,
                    topic_id=topic_id,
                    partitions=[
                        TxnOffsetCommitResponsePartition(partition_index=index, error_code=code)
                        for index, code in codes
                    ],
                )
                for name, topic_id, codes in commits.rows()
            ]
        )
    )
