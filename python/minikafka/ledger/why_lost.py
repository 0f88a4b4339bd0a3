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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from minikafka.history import Event
from minikafka.ledger.causes import Cause
from minikafka.ledger.facts import Batch, PartitionFacts, number, numbers
from minikafka.types import BrokerId

ALL = -1
Explained = tuple[Cause, str, tuple[Event, ...]]


def explain(batch: Batch, own: PartitionFacts, *, fsync: bool) -> Explained:
    """Cause, the same in words, and the events that show it."""
    case = Case.of(batch, own)
    for look in (_answered, _leader_alone, _led_on, _elected, _recovered, _outside):
        found = look(case, fsync)
        if found is not None:
            cause, detail = found
            says = cause.value.says
            return cause, f"{says}: {detail}" if detail else says, case.evidence
    cause = Cause.NOT_YET_REPLICATED if batch.acked_by != ALL else Cause.UNEXPLAINED
    return cause, cause.value.says, case.evidence


@dataclass(slots=True)
class Case:
    """What bears on one batch. isr: who was to have it when it was acknowledged, as its leader knew. cuts: logs that
    ended at or below it from then on. elections: after it was appended. was_counted: the high watermark of who
    answered passed it by counting."""

    batch: Batch
    own: PartitionFacts
    answered: int
    isr: frozenset[BrokerId]
    holders: list[Event]
    elections: list[Event]
    cuts: list[Event]
    others: list[Event]
    was_counted: bool

    @classmethod
    def of(cls, batch: Batch, own: PartitionFacts) -> Case:
        answer = batch.answer
        appended = batch.append.seq
        until = appended if answer is None else answer.seq
        answering = batch.broker if answer is None else answer.broker
        isr = _isr_of(answering, own, until) or _isr_of(None, own, until)
        others = [] if isr is None else [isr]
        steps = [one for one in own.high_watermarks if one.broker == answering and _committed(one, batch)]
        steps = [one for one in steps if appended <= one.seq <= until]
        others += steps
        return cls(
            batch,
            own,
            until,
            frozenset() if isr is None else frozenset((*numbers(isr, "isr"), *numbers(isr, "joining"))),
            [event for event in own.replicated if _covers(event, batch)],
            [event for event in own.elections if event.seq > appended],
            [event for event in own.cuts if event.seq > appended and _cuts(event, batch)],
            others,
            bool(steps) or answering == batch.broker,
        )

    @property
    def evidence(self) -> tuple[Event, ...]:
        return (*self.holders, *self.elections, *self.cuts, *self.others)

    def had(self, broker: BrokerId, until: int) -> Event | None:
        """When this broker got it, if that was before `until`; the leader had it from the start."""
        if broker == self.batch.broker:
            return self.batch.append
        return next((one for one in self.holders if one.broker == broker and one.seq < until), None)

    def flushed(self, broker: BrokerId, until: int) -> Event | None:
        return next(
            (
                one
                for one in self.own.flushes
                if one.broker == broker
                and self.batch.append.seq < one.seq < until
                and number(one, "recovery_point") > self.batch.last_offset
            ),
            None,
        )


def _answered(case: Case, fsync: bool) -> tuple[Cause, str] | None:
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


def _leader_alone(case: Case, _: bool) -> tuple[Cause, str] | None:
    """Nobody else ever had it, and with acks=1 nobody had to."""
    if case.batch.acked_by != ALL and not case.holders:
        return Cause.LEADER_ALONE, ""
    return None


def _elected(case: Case, _: bool) -> tuple[Cause, str] | None:
    """The first leader after it, other than its own, that did not have it."""
    for election in case.elections:
        leader = number(election, "leader")
        if leader < 0:
            continue
        if election.get("clean") is False and not _holds(case, leader, election.seq):
            if _is_gone_everywhere(case, election.seq):
                return None  # whoever had been elected: `_recovered` says why
            cause = Cause.UNCLEAN_OF_ONE if len(case.isr) == 1 else Cause.UNCLEAN
            return cause, f"broker {leader}"
        got = case.had(leader, election.seq)
        if got is None:
            return _without(case, leader, election)
        found = _dropped(case, leader, got, election)
        if found is not None:
            return found
    return None


def _is_gone_everywhere(case: Case, until: int) -> bool:
    """Every replica that had it came back without it before the election."""
    had = {case.batch.broker, *(one.broker for one in case.holders if one.seq < until)}
    came_back = {one.broker for one in case.cuts if one.kind == "recovery" and one.seq < until}
    return had <= came_back


def _holds(case: Case, broker: BrokerId, until: int) -> bool:
    got = case.had(broker, until)
    return got is not None and not any(
        cut.broker == broker and got.seq < cut.seq < until for cut in case.cuts
    )


def _without(case: Case, leader: BrokerId, election: Event) -> tuple[Cause, str] | None:
    """Elected cleanly, and never had it."""
    if case.batch.acked_by != ALL:
        return Cause.NOT_YET_REPLICATED, f"broker {leader}"
    if _is_outside(case, leader, election):
        return Cause.ELECTED_OUTSIDE, f"broker {leader}"
    kept = _kept(case, leader, election)
    if kept is not None:
        case.others.append(kept)
        return Cause.KEPT_ITS_OWN, f"broker {leader}"
    joined = [one for one in case.own.isr if one.seq < election.seq and leader in _joining(one)]
    if joined:
        case.others.append(joined[-1])
        return Cause.JOINED_BEHIND, f"broker {leader}"
    return None


def _kept(case: Case, broker: BrokerId, election: Event) -> Event | None:
    """What it had appended there itself, in another epoch, and never cut off."""
    for other in case.own.batches:
        if (
            other.broker == broker
            and other is not case.batch
            and other.base_offset <= case.batch.last_offset
            and case.batch.base_offset <= other.last_offset
            and other.append.seq < election.seq
            and not any(
                cut.broker == broker and other.append.seq < cut.seq < election.seq and _cuts(cut, other)
                for cut in case.own.cuts
            )
        ):
            return other.append
    return None


def _led_on(case: Case, _: bool) -> tuple[Cause, str] | None:
    """A leader lost it in a restart, and took up the epoch that it had before: no election since."""
    for cut in case.cuts:
        if cut.kind != "recovery":
            continue
        for role in case.own.roles:
            if role.broker != cut.broker or role.get("role") != "leader" or role.seq < cut.seq:
                continue
            epoch = number(role, "leader_epoch")
            chosen = [one for one in case.own.elections if number(one, "leader_epoch") == epoch]
            if chosen and chosen[-1].seq < cut.seq and number(chosen[-1], "leader") == cut.broker:
                case.others.append(role)
                return Cause.LED_ON, f"broker {cut.broker}, in epoch {epoch}"
    return None


def _dropped(case: Case, leader: BrokerId, got: Event, election: Event) -> tuple[Cause, str] | None:
    """Had it, and had it no more when it led."""
    for cut in case.cuts:
        if cut.broker == leader and got.seq < cut.seq < election.seq and cut.kind == "truncate":
            return Cause.CUT_OFF, f"broker {leader}"
    led = next(
        (
            role
            for role in case.own.roles
            if role.broker == leader
            and role.get("role") == "leader"
            and number(role, "leader_epoch") == number(election, "leader_epoch")
        ),
        None,
    )
    is_cut = any(cut.broker == leader and cut.seq > got.seq for cut in case.cuts)
    if led is not None and number(led, "start_offset") <= case.batch.last_offset and not is_cut:
        case.others.append(led)
        return Cause.CUT_OFF, f"broker {leader} began to lead at offset {number(led, 'start_offset')}"
    return None


def _recovered(case: Case, fsync: bool) -> tuple[Cause, str] | None:
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
    lame = _elected_lame(case, recovered)
    if lame is not None:
        return Cause.ELECTED_WITHOUT_TAIL, f"broker {lame}"
    return Cause.NOT_FLUSHED, f"broker {who}"


def _outside(case: Case, _: bool) -> tuple[Cause, str] | None:
    """Somebody led who was not to, whatever he had."""
    for election in case.elections:
        leader = number(election, "leader")
        if leader >= 0 and election.get("clean") is True and _is_outside(case, leader, election):
            return Cause.ELECTED_OUTSIDE, f"broker {leader}"
    return None


def _is_outside(case: Case, leader: BrokerId, election: Event) -> bool:
    """Neither in the ISR nor an eligible leader replica, by the controller's word before."""
    before = _isr_of(None, case.own, election.seq - 1)
    if before is None or leader in {*numbers(before, "isr"), *numbers(before, "elr")}:
        return False
    case.others.append(before)
    return True


def _elected_lame(case: Case, recovered: list[Event]) -> BrokerId | None:
    """Somebody else in sync still had it, and who had lost it was elected."""
    for election in case.elections:
        leader = number(election, "leader")
        lost = [event for event in recovered if event.broker == leader and event.seq < election.seq]
        whole = case.isr - {event.broker for event in recovered}
        if lost and whole and number(election, "before") != leader:
            return leader
    return None


def _isr_of(broker: BrokerId | None, own: PartitionFacts, until: int) -> Event | None:
    """The newest word on the ISR before `until`: of this broker as leader, or of the controller."""
    kinds: Iterable[Event] = (*own.isr, *own.roles) if broker is not None else (*own.isr, *own.elections)
    told = [
        event
        for event in kinds
        if event.seq <= until
        and event.get("isr") is not None
        and (event.broker == broker if broker is not None else event.get("what") in {None, "decided"})
    ]
    return max(told, key=lambda event: event.seq, default=None)


def _joining(event: Event) -> Iterator[BrokerId]:
    before = numbers(event, "before")
    return (one for one in numbers(event, "isr") if one not in before)


def _committed(event: Event, batch: Batch) -> bool:
    """The high watermark passed the batch with this step."""
    return number(event, "before") <= batch.last_offset < number(event, "offset")


def _covers(event: Event, batch: Batch) -> bool:
    return number(event, "base_offset", 1 << 62) <= batch.base_offset <= number(event, "last_offset")


def _cuts(event: Event, batch: Batch) -> bool:
    """A log that ended at or below the batch from then on."""
    end = number(event, "offset" if event.kind == "truncate" else "log_end_offset", 1 << 62)
    return end <= batch.last_offset
