"""OffsetCommit (API 8), versions 2 to 10.

v2-v4 may set a retention time for its offsets (G10). v6 leader epochs. v7 static members. v8 flexible. v9 tells a
member of an unknown group GROUP_ID_NOT_FOUND [69], older ones hear ILLEGAL_GENERATION [22] (G7).
v10 names topics by id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from minikafka.broker import groups
from minikafka.broker.offset_commits import OffsetCommits
from minikafka.broker.request import Request
from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.requests import Identity
from minikafka.group.commit import CommitRequest
from minikafka.types import Now
from minikafka.wire.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

UNKNOWN_GROUP_VERSION: Final = 9
TOPIC_ID_VERSION: Final = 10


def handle(broker: Broker, request: Request[OffsetCommitRequest], now: Now) -> None:
    """Hand what exists to the group's coordinator."""
    body = request.body
    commits = OffsetCommits(broker.image, body.topics, by_id=request.api_version >= TOPIC_ID_VERSION)
    if not commits.offsets:
        _reply(request, commits)
        return
    asked = CommitRequest(
        Identity(body.group_id, body.member_id, body.group_instance_id, body.generation_id_or_member_epoch),
        commits.offsets,
        _unknown_group(request.api_version),
        body.retention_time_ms,
    )

    def answer(errors: list[ErrorCode], _: Now) -> None:
        commits.answered(errors)
        _reply(request, commits)

    def reject(refusal: Rejected, _: Now) -> None:
        commits.refused(refusal.code)
        _reply(request, commits)

    groups.write(broker, body.group_id, lambda shard, at: shard.commit(asked, at), answer, reject, now)


def _unknown_group(api_version: int) -> ErrorCode:
    is_told = api_version >= UNKNOWN_GROUP_VERSION
    return ErrorCode.GROUP_ID_NOT_FOUND if is_told else ErrorCode.ILLEGAL_GENERATION


def _reply(request: Request[OffsetCommitRequest], commits: OffsetCommits) -> None:
    request.reply(
        OffsetCommitResponse(
            topics=[
                OffsetCommitResponseTopic(
                    name=name,
                    topic_id=topic_id,
                    partitions=[
                        OffsetCommitResponsePartition(partition_index=index, error_code=code)
                        for index, code in codes
                    ],
                )
                for name, topic_id, codes in commits.rows()
            ]
        )
    )
