"""`/v1/snapshot`, `/v1/restore`, `/v1/reset`: going back, on the same ports."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute, Nothing, Route, body
from minikafka.admin.scope import Scope
from minikafka.runtime.snapshots import Snapshot
from minikafka.types import BrokerId


class SnapshotAnswer(NamedTuple):
    """snapshot: its number, for `/v1/restore`. brokers: those that lived then, and will again."""

    snapshot: int
    brokers: list[BrokerId]


class Back(NamedTuple):
    """snapshot: the one that was restored; null: the beginning."""

    snapshot: int | None
    bootstrap_servers: str


@dataclass(frozen=True, slots=True)
class Restore:
    snapshot: Annotated[int, body("its number", least=1)]


async def snapshots(scope: Scope, asked: Nothing) -> list[SnapshotAnswer]:
    return [_answer(one) for one in scope.whole.supervisor.snapshots.taken.values()]


async def take(scope: Scope, asked: Nothing) -> SnapshotAnswer:
    return _answer(await scope.whole.supervisor.snapshots.take())


async def restore(scope: Scope, asked: Restore) -> Back:
    taken = scope.whole.supervisor.snapshots.taken
    if asked.snapshot not in taken:
        there_are = f"there are {', '.join(map(str, taken))}" if taken else "none was taken"
        raise Problem(404, f"there is no snapshot {asked.snapshot}; {there_are}")
    await scope.whole.supervisor.snapshots.restore(taken[asked.snapshot])
    return Back(asked.snapshot, scope.bootstrap_servers)


async def reset(scope: Scope, asked: Nothing) -> Back:
    await scope.whole.supervisor.snapshots.reset()
    return Back(None, scope.bootstrap_servers)


def _answer(snapshot: Snapshot) -> SnapshotAnswer:
    return SnapshotAnswer(snapshot.number, list(snapshot.brokers))


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route("GET", "/v1/snapshot", "The snapshots taken.", Nothing, list[SnapshotAnswer], snapshots, whole=True),
    Route(
        "POST", "/v1/snapshot", "Set the state of this moment aside.", Nothing, SnapshotAnswer, take,
        HTTPStatus.CREATED, whole=True,
    ),
    Route(
        "POST", "/v1/restore",
        "Go back to a snapshot: every connection is closed, epochs go on above all that were handed out, cuts, delays "
        "and faults are taken away, broker time runs.",
        Restore, Back, restore, whole=True, example='{"snapshot": 1}',
    ),
    Route(
        "POST", "/v1/reset",
        "Go back to how the cluster was when it started: no records, no groups, the topics it was asked for. 409 where "
        "its data directory held data then.",
        Nothing, Back, reset, whole=True,
    ),
)  # fmt: skip
