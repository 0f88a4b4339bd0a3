"""`make demo`: what happens to messages, one line per claim, on an embedded cluster with a real client.

Exit status 0 when every claim was seen, 1 otherwise.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from minikafka import Cluster
from minikafka.checker.anomaly import Anomaly

from conformance.clients.programs import PROGRAMS
from conformance.scenarios import leader_lost, leaders_killed, power_lost, response_lost, transactions
from conformance.targets import running
from conformance.targets.embedded import EmbeddedMiniKafka


@dataclass(frozen=True, slots=True)
class Seen:
    """What a scenario showed, and whether that is what the claim says."""

    as_claimed: bool
    what: str


def main() -> int:
    started = time.monotonic()
    results = [show(claim, scenario) for claim, scenario in CLAIMS]
    kept = sum(results)
    print(f"\n{kept} of {len(results)} claims seen in {time.monotonic() - started:.1f} s")
    return 0 if all(results) else 1


def show(claim: str, scenario: Callable[[], Seen]) -> bool:
    if sys.stdout.isatty():
        print(f"....  {claim}", end="\r", flush=True)
    started = time.monotonic()
    try:
        seen = scenario()
    except Exception as failure:  # noqa: BLE001 - one claim that could not be tried must not hide the others
        seen = Seen(False, f"could not be tried: {type(failure).__name__}: {failure}")
    mark = "PASS" if seen.as_claimed else "FAIL"
    print(f"{mark}  {claim}  ({time.monotonic() - started:.1f} s)\n      {seen.what}", flush=True)
    return seen.as_claimed


def two_leaders_killed() -> Seen:
    with running(EmbeddedMiniKafka(3)) as target:
        verdict = leaders_killed.run(target)
    return Seen(verdict.is_clean and verdict.acknowledged == 2 * leaders_killed.LOAD, str(verdict))


def unclean_election() -> Seen:
    with Cluster(brokers=3, config={"unclean.leader.election.enable": "true"}) as cluster:
        result = leader_lost.run(cluster, "unclean", wait_for_shrink=True)
    return Seen(len(result.verdict.ids(Anomaly.LOST)) == leader_lost.AFTER, str(result))


def clean_election() -> Seen:
    with Cluster(brokers=3, config={"replica.lag.time.max.ms": "30000"}) as cluster:
        result = leader_lost.run(cluster, "lagging", wait_for_shrink=False)
    return Seen(len(result.verdict.ids(Anomaly.LOST)) == leader_lost.AFTER, str(result))


def retry(*, idempotence: bool, copies: int) -> Seen:
    with Cluster(brokers=1) as cluster:
        result = response_lost.run(cluster, "retried", idempotence=idempotence)
    return Seen(len(result.copies) == copies, str(result))


def power_loss(durability: str, *, loses: bool) -> Seen:
    verdict = power_lost.run(durability)
    return Seen(bool(verdict.of(Anomaly.LOST)) == loses and not verdict.of(Anomaly.DUPLICATED), str(verdict))


def atomic_transactions() -> Seen:
    with running(EmbeddedMiniKafka(3)) as target:
        result = transactions.run(target, PROGRAMS["confluent-kafka"])
    return Seen(result.is_atomic and result.is_fenced, str(result))


CLAIMS: tuple[tuple[str, Callable[[], Seen]], ...] = (
    ("acks=all, min.insync.replicas=2, idempotence: two leaders killed, nothing lost", two_leaders_killed),
    ("acks=1, ISR shrunk to the leader, unclean election: acknowledged records lost", unclean_election),
    ("acks=1, lagging ISR member elected cleanly: acknowledged records lost", clean_election),
    ("lost response, retry with idempotence: one copy", partial(retry, idempotence=True, copies=1)),
    ("lost response, retry without idempotence: two copies", partial(retry, idempotence=False, copies=2)),
    (
        "power loss, page-cache durability: the unflushed tail is lost",
        partial(power_loss, "page-cache", loses=True),
    ),
    ("power loss, fsync durability: nothing acknowledged is lost", partial(power_loss, "fsync", loses=False)),
    ("transactions over three partitions: atomic for read_committed, zombie fenced", atomic_transactions),
)


if __name__ == "__main__":
    sys.exit(main())
