"""Why an acknowledged batch is gone: who had it, who was to have it, who led then, and where it went.

    nobody else had it           acks=1: the answer did not wait for anybody; or the ISR was the leader alone, and
                                 min.insync.replicas allowed that
    who had it did not lead      an unclean election
    who had it lost it too       a power cut before the flush: recovery ended the log lower

Those are permitted by settings. What is not is a broken rule, and the events tell which: every replica in sync was to
have the batch before the answer (R4), on disk in fsync mode (D5), whoever led next was to be one of them (R13), and to
have kept it (R11, D2).
"""

from __future__ import annotations

from minikafka.history import Event
from minikafka.ledger.batch import Batch
from minikafka.ledger.case import ALL, Case
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import number
from minikafka.ledger.partition_evidence import PartitionEvidence
from minikafka.ledger.who_led import Found, elected, elected_lame, elected_outside, led_on

Explained = tuple[Cause, str, tuple[Event, ...]]


def explain(batch: Batch, own: PartitionEvidence, *, fsync: bool) -> Explained:
    """Cause, the same in words, and the events that show it."""
    case = Case.of(batch, own)
    for look in (_answered, _leader_alone, led_on, elected, _recovered, elected_outside):
        found = look(case, fsync)
        if found is not None:
            cause, detail = found
            says = cause.value.says
            return cause, f"{says}: {detail}" if detail else says, case.evidence
    cause = Cause.NOT_YET_REPLICATED if batch.acked_by != ALL else Cause.UNEXPLAINED
    return cause, cause.value.says, case.evidence


def _answered(case: Case, fsync: bool) -> Found:
    """What was wrong with the answer itself: only acks=all promises more than the leader's log."""
    batch = case.batch
    if batch.acked_by != ALL:
        return None
    deposed = [
        role
        for role in case.own.roles
        if role.broker == batch.broker
        and batch.append.seq < role.seq < case.answered
        and role.get("role") == "follower"
        and number(role, "leader_epoch") > batch.leader_epoch
    ]
    if deposed:
        case.others.append(deposed[0])
        return Cause.ANSWERED_BY_FOLLOWER, f"broker {batch.broker}"
    without = sorted(broker for broker in case.isr if case.had(broker, case.answered) is None)
    if without:
        cause = Cause.ANSWERED_TOO_EARLY if case.was_counted else Cause.COMMITTED_UNCOUNTED
        return cause, f"broker {without[0]}, in sync, did not have it"
    unflushed = sorted(case.isr) if fsync else []
    unflushed = [broker for broker in unflushed if case.flushed(broker, case.answered) is None]
    if batch.broker in unflushed:
        return Cause.ANSWERED_BEFORE_FLUSH, f"broker {batch.broker}, its leader, did not"
    return (Cause.FOLLOWER_BEFORE_FLUSH, f"broker {unflushed[0]}") if unflushed else None


def _leader_alone(case: Case, _: bool) -> Found:
    """Nobody else ever had it, and with acks=1 nobody had to."""
    if case.batch.acked_by != ALL and not case.holders:
        return Cause.LEADER_ALONE, ""
    return None


def _recovered(case: Case, fsync: bool) -> Found:
    """Recovery ended a log lower: fine for what was in a page cache only, if that was allowed to count."""
    recovered = [event for event in case.cuts if event.kind == "recovery"]
    if not recovered:
        return None
    for event in recovered:
        flushed = case.flushed(event.broker, event.seq)
        if flushed is not None:
            case.others.append(flushed)
            return Cause.FLUSHED_AND_GONE, f"broker {event.broker}"
    who = ", ".join(str(broker) for broker in sorted({event.broker for event in recovered}))
    if len(case.isr) == 1:
        return Cause.ONE_NOT_FLUSHED, f"broker {case.batch.broker}"
    lame = elected_lame(case, recovered)
    if lame is not None:
        return Cause.ELECTED_WITHOUT_TAIL, f"broker {lame}"
    return Cause.NOT_FLUSHED, f"broker {who}"
