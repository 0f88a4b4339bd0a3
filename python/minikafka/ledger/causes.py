"""Why an anomaly came about, and which setting would have prevented it: one table.

A cause with settings is one that these settings permit. A cause without any is a promise that the broker broke: no
setting helps, and its rule (docs/reference/rules.md) says what should have happened.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Why(NamedTuple):
    """rule: which it follows from, or breaks. prevented_by: each alone is enough."""

    rule: str
    says: str
    prevented_by: tuple[str, ...] = ()


class Cause(Enum):
    """The value says it."""

    # Lost, unseen.
    LEADER_ALONE = Why(
        "L14", "acknowledged by the leader alone, which lost it or lost the leadership", ("acks=all",)
    )
    NOT_YET_REPLICATED = Why(
        "L14", "acknowledged before it was replicated, and the next leader did not have it", ("acks=all",)
    )
    UNCLEAN = Why(
        "R15", "a broker was elected uncleanly, without it", ("unclean.leader.election.enable=false",)
    )
    UNCLEAN_OF_ONE = Why(
        "R15",
        "only its leader was in sync, and a broker was elected uncleanly, without it",
        ("unclean.leader.election.enable=false", "min.insync.replicas=2"),
    )
    NOT_FLUSHED = Why("D4", "lost before it was flushed", ("durability=fsync",))
    ONE_NOT_FLUSHED = Why(
        "D4",
        "only one broker was in sync, and lost it before it was flushed",
        ("min.insync.replicas=2", "durability=fsync"),
    )
    BELOW_MIN_ISR = Why(
        "R6", "with acks=1 it was acknowledged above a high watermark that stands", ("acks=all",)
    )
    ANSWERED_BY_FOLLOWER = Why("R7", "acknowledged by a broker that led no more")
    ANSWERED_TOO_EARLY = Why("R4", "acknowledged before every replica in sync had it")
    COMMITTED_UNCOUNTED = Why("R18", "a new leader took it for committed, and nobody had counted who has it")
    FOLLOWER_BEFORE_FLUSH = Why("R1", "a follower acknowledged it before it had it on disk")
    ANSWERED_BEFORE_FLUSH = Why("D5", "acknowledged before every replica in sync had it on disk")
    ELECTED_OUTSIDE = Why("R13", "who was elected, as if cleanly, was not in sync")
    JOINED_BEHIND = Why("R9", "who was elected had been let into the ISR without it")
    ELECTED_WITHOUT_TAIL = Why("R14", "who was elected had lost it in an unclean shutdown")
    LED_ON = Why("R12", "its leader restarted without it, and led on as if nothing had happened")
    CUT_OFF = Why("R11", "a replica that had it cut it off, or never looked")
    KEPT_ITS_OWN = Why(
        "F9", "who was elected had kept records of its own there, and no leader had told it to cut them"
    )
    FLUSHED_AND_GONE = Why("D2", "it was on disk, and recovery did not find it")
    UNEXPLAINED = Why("", "nothing that was told explains it")
    # Duplicated, reordered.
    RETRIED = Why("I1", "without a producer id, a retry is another record", ("enable.idempotence=true",))
    SENT_AGAIN = Why(
        "I3",
        "its application sent it again, under another sequence, which is another record to a broker",
        ("transactions, with the offsets in them",),
    )
    NOT_RECOGNISED = Why("I3", "the broker did not recognise a retry")
    FORGOTTEN_PRODUCER = Why("I9", "the broker did not know the producer any more")
    RETRIED_BEHIND = Why(
        "I1",
        "refused, and sent again behind what came after it",
        ("enable.idempotence=true", "max.in.flight.requests.per.connection=1"),
    )
    OUT_OF_SEQUENCE = Why("I4", "the broker took a sequence that does not follow")
    # Transactions.
    READ_UNCOMMITTED = Why(
        "F1", "a read_uncommitted consumer read it before its outcome", ("isolation.level=read_committed",)
    )
    NOT_TOLD_ABORTED = Why("T11", "the reader was not told that it was aborted")
    READ_WHILE_OPEN = Why("T10", "a read_committed consumer read it before its outcome was known")
    OPEN_FORGOTTEN = Why("I9", "after a reload, the broker did not know that it was open")
    DECIDED_OTHERWISE = Why("T7", "its producer asked for the opposite of what was decided")
    ENDED_OTHERWISE = Why("T8", "its marker says the opposite of what was decided")
    DECIDED_TWICE = Why("T2", "it was decided twice, and the first decision was lost with its coordinator")
    ID_TWICE = Why("I11", "two transactional ids had one producer id")
    SAME_EPOCH = Why("T7", "its end did not raise the epoch, so its marker was refused")
    NOT_REMEMBERED = Why("T4", "the coordinator did not remember that this partition was part of it")
    NEVER_MARKED = Why("T8", "complete, as the coordinator says, and no marker was written here")
    NOT_CARRIED_OUT = Why("T17", "decided, and nobody carries it out")
    MARKER_LOST = Why(
        "T14",
        "its marker was written, and lost with the log that had it",
        ("unclean.leader.election.enable=false",),
    )
    WRITTEN_LATE = Why("T14", "written when its transaction had ended", ("transaction.version=2",))
    # Offsets.
    SHOWN_UNCOMMITTED = Why("F1", "a consumer was shown it above its bound")
