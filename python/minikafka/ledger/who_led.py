"""Who led after a batch was written, and why that one did not have it.

An acknowledged batch outlives its leader because whoever leads next has it: elected from those in sync (R13), who all
had it before the answer, and who keep what they have (R11, F9, R12). An unclean election (R15) is the one permitted way
around that. So the elections since the append are gone through in order, up to the first that explains the loss.
"""

from __future__ import annotations

from minikafka.history import Event
from minikafka.ledger.case import ALL, Case, cuts_off, isr_of, joining
from minikafka.ledger.causes import Cause
from minikafka.ledger.event_facts import number, numbers
from minikafka.types import BrokerId

Found = tuple[Cause, str] | None
"""The cause, and which broker it is about."""


def elected(case: Case, _: bool) -> Found:
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


def _without(case: Case, leader: BrokerId, election: Event) -> Found:
    """Elected cleanly, and never had it."""
    if case.batch.acked_by != ALL:
        return Cause.NOT_YET_REPLICATED, f"broker {leader}"
    if _is_outside(case, leader, election):
        return Cause.ELECTED_OUTSIDE, f"broker {leader}"
    kept = _kept(case, leader, election)
    if kept is not None:
        case.others.append(kept)
        return Cause.KEPT_ITS_OWN, f"broker {leader}"
    joined = [one for one in case.own.isr if one.seq < election.seq and leader in joining(one)]
    if joined:
        case.others.append(joined[-1])
        return Cause.JOINED_BEHIND, f"broker {leader}"
    return None


def _kept(case: Case, broker: BrokerId, election: Event) -> Event | None:
    """What it had appended there itself, in another epoch, and never cut off."""
    for other in case.own.batches.over(case.batch.base_offset, case.batch.last_offset):
        if (
            other.broker == broker
            and other is not case.batch
            and other.append.seq < election.seq
            and not any(
                cut.broker == broker and other.append.seq < cut.seq < election.seq and cuts_off(cut, other)
                for cut in case.own.cuts
            )
        ):
            return other.append
    return None


def _dropped(case: Case, leader: BrokerId, got: Event, election: Event) -> Found:
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


def led_on(case: Case, _: bool) -> Found:
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


def elected_outside(case: Case, _: bool) -> Found:
    """Somebody led who was not to, whatever he had."""
    for election in case.elections:
        leader = number(election, "leader")
        if leader >= 0 and election.get("clean") is True and _is_outside(case, leader, election):
            return Cause.ELECTED_OUTSIDE, f"broker {leader}"
    return None


def _is_outside(case: Case, leader: BrokerId, election: Event) -> bool:
    """Neither in the ISR nor an eligible leader replica, by the controller's word before."""
    before = isr_of(None, case.own, election.seq - 1)
    if before is None or leader in {*numbers(before, "isr"), *numbers(before, "elr")}:
        return False
    case.others.append(before)
    return True


def elected_lame(case: Case, recovered: list[Event]) -> BrokerId | None:
    """Somebody else in sync still had it, and who had lost it was elected."""
    for election in case.elections:
        leader = number(election, "leader")
        lost = [event for event in recovered if event.broker == leader and event.seq < election.seq]
        whole = case.isr - {event.broker for event in recovered}
        if lost and whole and number(election, "before") != leader:
            return leader
    return None
