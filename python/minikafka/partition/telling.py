"""What a replica tells of replication: who acknowledged what, who is in sync, where logs part (R1-R11, R18).

Each function is called where the thing happens, only while the trace is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikafka.partition.isr import Committed, IsrProposal, Outcome, Refused
from minikafka.types import BrokerId, LeaderEpoch, Offset

if TYPE_CHECKING:
    from minikafka.log.port import BatchHeader
    from minikafka.partition.leader import LeaderRole
    from minikafka.partition.local import LocalReplica
    from minikafka.partition.replica import Replica

NOT_COUNTED = "fewer are in sync than min.insync.replicas asks for"


def tell_leading(local: LocalReplica, role: LeaderRole, before: LeaderEpoch) -> None:
    """R18: a leadership begins. R5: and min.insync.replicas means less than it says."""
    name = local.topic_partition
    local.trace.event(
        "leader_epoch",
        "R18",
        name,
        role="leader",
        leader_epoch=role.epoch,
        before=before,
        start_offset=role.epoch_start_offset,
        high_watermark=local.high_watermark,
        isr=role.isr.members,
        why="the metadata log says so; the ISR counts as caught up until it is late",
    )
    configured = local.settings.min_insync_replicas
    if local.min_insync_replicas != configured:
        count = len(local.replicas)
        local.trace.event(
            "isr",
            "R5",
            name,
            what="min ISR capped",
            min_insync_replicas=local.min_insync_replicas,
            configured=configured,
            replicas=local.replicas,
            why=f"a partition of {count} replicas cannot have {configured} in sync",
        )


def tell_following(local: LocalReplica, leader: BrokerId, epoch: LeaderEpoch, before: LeaderEpoch) -> None:
    """R11: a follower of somebody, or (-1) of nobody yet."""
    local.trace.event(
        "leader_epoch",
        "R11",
        local.topic_partition,
        role="follower",
        leader=leader,
        leader_epoch=epoch,
        before=before,
        log_end_offset=local.log.log_end_offset,
        why="the metadata log says so",
    )


def tell_fetch(local: LocalReplica, follower: Replica, before: Offset, leader_end_before: Offset) -> None:
    """R1: what a follower's fetch acknowledged. R2: and whether it is level with us, when that changed."""
    end = local.log.log_end_offset
    offset = follower.log_end_offset
    if offset != before:
        local.trace.event(
            "caught_up",
            "R1",
            local.topic_partition,
            follower=follower.broker_id,
            offset=offset,
            before=before,
            log_end_offset=end,
            why="a fetch at an offset acknowledges everything below it",
        )
    is_level, was_level = offset >= end, before >= max(0, leader_end_before)
    if is_level != was_level:
        local.trace.event(
            "caught_up",
            "R2",
            local.topic_partition,
            follower=follower.broker_id,
            level=is_level,
            offset=offset,
            log_end_offset=end,
            caught_up_time_ms=follower.last_caught_up_time_ms,
            why="it has all the leader has" if is_level else "it lacks what the leader has appended since",
        )


def tell_frozen(local: LocalReplica, role: LeaderRole, would_be: Offset) -> None:
    """R6: what everybody holds would be committed, were enough in sync."""
    local.trace.event(
        "high_watermark",
        "R6",
        local.topic_partition,
        offset=local.high_watermark,
        before=local.high_watermark,
        would_be=would_be,
        isr=role.isr.members,
        min_insync_replicas=local.min_insync_replicas,
        why=NOT_COUNTED,
    )


def tell_proposal(local: LocalReplica, role: LeaderRole, proposal: IsrProposal) -> None:
    """R8, R9: the leader asks the controller for another ISR."""
    proposed = [member for member, _ in proposal.isr]
    dropped = [member for member in role.isr.members if member not in proposed]
    local.trace.event(
        "isr",
        "R8" if dropped else "R9",
        local.topic_partition,
        what="proposed",
        isr=proposed,
        before=role.isr.members,
        dropped=dropped,
        joining=role.isr.joining,
        maximal=role.isr.maximal,
        leader_epoch=role.epoch,
        why=(
            f"not caught up for {local.max_lag_ms} ms"
            if dropped
            else "its end has reached the high watermark and the start of this leader epoch"
        ),
    )


def tell_answer(local: LocalReplica, role: LeaderRole, before: Sequence[BrokerId], outcome: Outcome) -> None:
    """R10: what the controller said."""
    refused = isinstance(outcome, Refused)
    local.trace.event(
        "isr",
        "R10",
        local.topic_partition,
        what="refused" if refused else "committed",
        isr=role.isr.members,
        before=before,
        code=outcome.code.name if isinstance(outcome, Refused) else "NONE",
        partition_epoch=outcome.partition_epoch if isinstance(outcome, Committed) else role.partition_epoch,
        pending=role.isr.pending is not None,
        why="the controller answered",
    )


def tell_learned(local: LocalReplica, role: LeaderRole, before: Sequence[BrokerId]) -> None:
    """R10: the metadata log was quicker than an answer, or somebody else changed the ISR."""
    local.trace.event(
        "isr",
        "R10",
        local.topic_partition,
        what="learned",
        isr=role.isr.members,
        before=before,
        partition_epoch=role.partition_epoch,
        why="the metadata log says so",
    )


def tell_replicated(
    local: LocalReplica, headers: Sequence[BatchHeader], leader: BrokerId, epoch: LeaderEpoch
) -> None:
    """R11: a follower appended what its leader sent."""
    if headers:
        local.trace.event(
            "append",
            "R11",
            local.topic_partition,
            base_offset=headers[0].base_offset,
            last_offset=headers[-1].last_offset,
            leader_epoch=epoch,
            leader=leader,
            batches=len(headers),
            replicated=True,
        )


def tell_followed_high_watermark(local: LocalReplica, before: Offset, leaders: Offset) -> None:
    """R3."""
    local.trace.event(
        "high_watermark",
        "R3",
        local.topic_partition,
        offset=local.high_watermark,
        before=before,
        leader_high_watermark=leaders,
        log_end_offset=local.log.log_end_offset,
        why="the lower of the leader's and the own log end",
    )


def tell_truncated(local: LocalReplica, before: Offset, why: str) -> None:
    """R11: a follower's log parts from its leader's, whose log is the truth."""
    local.trace.event(
        "truncate",
        "R11",
        local.topic_partition,
        offset=local.log.log_end_offset,
        before=before,
        high_watermark=local.high_watermark,
        why=why,
    )
