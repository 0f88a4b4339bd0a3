"""Which anomaly a configuration permits, after what happened, and what would have prevented it: one table.

A row says: with these settings, and after one of these things, this may happen, because. What no row permits is a
broken promise, whatever the settings. So the table is the article's claims and their limits in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from minikafka.checker.anomaly import Anomaly
from minikafka.checker.operation import READ_COMMITTED, READ_UNCOMMITTED
from minikafka.checker.verdict import Stage


class Death(StrEnum):
    """What went wrong in a run."""

    ANSWER = "an answer, or a connection"
    BROKER = "a broker process"
    REPLICA_BEHIND = "a leader whose followers lagged"
    UNCLEAN = "leadership, to a replica out of sync"
    POWER = "one broker's power"
    POWER_OF_ALL = "every broker's power"
    PRODUCER = "the producing application"
    CONSUMER = "the consuming application"


ALL: Final = -1


class Configuration(NamedTuple):
    """What a run was made with. acks: -1 is all. min_insync_replicas: at most the replication factor (R5).

    checks_delivery: the application waits for, and looks at, what became of each record. commits: consumers commit
    "before" or "after" processing, or "in the transaction". sends_again: the application itself sends again what it
    heard no answer for. died: what went wrong.
    """

    acks: int = ALL
    idempotent: bool = True
    transactional: bool = False
    isolation: str = READ_COMMITTED
    in_flight: int = 5
    retries: bool = True
    checks_delivery: bool = True
    sends_again: bool = False
    commits: str = "after"
    replication_factor: int = 3
    min_insync_replicas: int = 2
    fsync: bool = False
    compacted: bool = False
    transaction_version: int = 2
    died: frozenset[Death] = frozenset()

    def any_of(self, *deaths: Death) -> bool:
        return not self.died.isdisjoint(deaths)


GONE: Final = frozenset({Anomaly.LOST, Anomaly.UNSEEN, Anomaly.OFFSET_REUSED, Anomaly.TORN})
"""What follows from a record that is no longer there."""
LOST_LEADER: Final = (Death.BROKER, Death.REPLICA_BEHIND, Death.UNCLEAN, Death.POWER, Death.POWER_OF_ALL)
CUTS: Final = (Death.ANSWER, *LOST_LEADER)


class Row(NamedTuple):
    """`anomalies`, at these stages, are permitted `when`. prevented_by: each alone is enough."""

    anomalies: frozenset[Anomaly]
    stages: frozenset[Stage]
    when: Callable[[Configuration], bool]
    why: str
    prevented_by: tuple[str, ...]


def _row(
    anomalies: frozenset[Anomaly] | Anomaly,
    stage: Stage,
    when: Callable[[Configuration], bool],
    why: str,
    *prevented_by: str,
) -> Row:
    named = anomalies if isinstance(anomalies, frozenset) else frozenset({anomalies})
    return Row(named, frozenset({stage}), when, why, prevented_by)


TABLE: Final[tuple[Row, ...]] = (
    _row(
        GONE,
        Stage.CLIENT,
        lambda run: run.acks == 0 and run.any_of(*CUTS, Death.PRODUCER),
        "with acks=0 nobody answers, so nobody notices",
        "acks=all",
    ),
    _row(
        GONE,
        Stage.CLIENT,
        lambda run: not run.checks_delivery,
        "nobody looked at what became of it",
        "a delivery callback, and flush() before the end",
    ),
    _row(
        GONE,
        Stage.BROKER,
        lambda run: run.acks == 1 and run.any_of(*LOST_LEADER),
        "acks=1 promises what one broker has",
        "acks=all",
    ),
    _row(
        GONE,
        Stage.BROKER,
        lambda run: run.acks == 1 and run.min_insync_replicas > 1,
        "with acks=1 below min.insync.replicas, acknowledged is not yet visible (R6)",
        "acks=all",
    ),
    _row(
        GONE,
        Stage.BROKER,
        lambda run: run.any_of(Death.UNCLEAN),
        "a replica that did not have it was elected",
        "unclean.leader.election.enable=false",
    ),
    _row(
        GONE,
        Stage.BROKER,
        lambda run: not run.fsync and run.any_of(Death.POWER_OF_ALL),
        "every replica had it in its page cache only",
        "durability=fsync",
        "flush.messages=1",
    ),
    _row(
        GONE,
        Stage.BROKER,
        lambda run: not run.fsync and run.min_insync_replicas < 2 and run.any_of(Death.POWER),
        "the only replica that had to have it lost its page cache",
        "min.insync.replicas=2",
        "durability=fsync",
    ),
    _row(
        Anomaly.LOST,
        Stage.DELIVERY,
        lambda run: run.commits == "before" and run.any_of(Death.CONSUMER),
        "its offset was committed before it was processed",
        "commit after processing",
        "enable.auto.commit=false",
    ),
    _row(
        Anomaly.DUPLICATED,
        Stage.DELIVERY,
        lambda run: run.commits == "after" and run.any_of(Death.CONSUMER, *CUTS),
        "processed, and the commit did not follow",
        "sendOffsetsToTransaction",
        "an idempotent consumer",
    ),
    _row(
        Anomaly.DUPLICATED,
        Stage.BROKER,
        lambda run: not run.idempotent and run.retries and run.any_of(*CUTS),
        "a retry cannot be told from a new record",
        "enable.idempotence=true",
    ),
    _row(
        Anomaly.DUPLICATED,
        Stage.BROKER,
        lambda run: not run.transactional and run.any_of(Death.UNCLEAN, Death.POWER_OF_ALL),
        "who leads now has lost what it knew of the producer (I5, I9)",
        "unclean.leader.election.enable=false",
        "durability=fsync",
    ),
    _row(
        Anomaly.DUPLICATED,
        Stage.CLIENT,
        lambda run: run.sends_again,
        "the application sent it again, which is another record to a broker",
        "transactions",
        "an id that the reader knows",
    ),
    _row(
        Anomaly.REORDERED,
        Stage.BROKER,
        lambda run: not run.idempotent and run.retries and run.in_flight > 1,
        "a batch that failed is sent again behind the next",
        "enable.idempotence=true",
        "max.in.flight.requests.per.connection=1",
    ),
    _row(
        frozenset({Anomaly.ABORTED_READ, Anomaly.TORN}),
        Stage.BROKER,
        lambda run: not run.transactional,
        "several sends are one only in a transaction",
        "transactional.id",
    ),
    _row(
        frozenset({Anomaly.ABORTED_READ, Anomaly.TORN}),
        Stage.BROKER,
        lambda run: run.isolation == READ_UNCOMMITTED,
        "read_uncommitted reads whatever is below the high watermark",
        "isolation.level=read_committed",
    ),
    _row(
        frozenset({Anomaly.TORN, Anomaly.HANGING, Anomaly.ABORTED_READ}),
        Stage.BROKER,
        lambda run: run.transaction_version < 2 and run.any_of(*CUTS),
        "before KIP-890 a late request could meet the next transaction (T6, T7)",
        "transaction.version=2",
    ),
    _row(
        frozenset({Anomaly.HANGING, Anomaly.ABORTED_READ}),
        Stage.BROKER,
        lambda run: run.any_of(Death.UNCLEAN),
        "the marker went with the log that had it (T14)",
        "unclean.leader.election.enable=false",
    ),
    _row(
        frozenset({Anomaly.HANGING, Anomaly.ABORTED_READ}),
        Stage.BROKER,
        lambda run: not run.fsync and run.any_of(Death.POWER_OF_ALL),
        "the marker, or the decision, was in page caches only",
        "durability=fsync",
    ),
)


def permitted(anomaly: Anomaly, stage: Stage, configuration: Configuration) -> Row | None:
    """The row that permits it; None: a broken promise."""
    for row in TABLE:
        if anomaly in row.anomalies and stage in row.stages and row.when(configuration):
            return row
    return None
