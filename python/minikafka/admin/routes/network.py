"""`/v1/network`: what is cut, what is slow, and healing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, NamedTuple

from minikafka.admin.problem import Problem
from minikafka.admin.route import Nothing, Route, body
from minikafka.admin.scope import Scope, node_of
from minikafka.runtime.links import CLIENTS, node_named
from minikafka.types import CONTROLLER_ID, BrokerId

NAMES = 'a broker by its number, "controller", or "clients"'


class NetworkAnswer(NamedTuple):
    """cut: pairs of nodes that cannot reach each other."""

    cut: list[list[int | str]]


@dataclass(frozen=True, slots=True)
class Cut:
    one: Annotated[int | str, body(NAMES)]
    other: Annotated[int | str, body(NAMES)]


@dataclass(frozen=True, slots=True)
class Delay:
    one: Annotated[int | str, body(NAMES)]
    other: Annotated[int | str, body(NAMES)]
    ms: Annotated[
        int, body("how much later each byte arrives, each way, in broker time; 0: no delay", least=0)
    ]


async def network(scope: Scope, asked: Nothing) -> NetworkAnswer:
    hosting = scope.whole.supervisor.hosting
    everyone = [*hosting.brokers, CONTROLLER_ID, CLIENTS]
    pairs = [pair for pair in combinations(everyone, 2) if hosting.is_cut(*pair)]
    return NetworkAnswer([[_name(one), _name(other)] for one, other in pairs])


async def cut(scope: Scope, asked: Cut) -> NetworkAnswer:
    await scope.whole.supervisor.hosting.cut([_pair(scope, asked.one, asked.other)])
    return await network(scope, Nothing())


async def delay(scope: Scope, asked: Delay) -> NetworkAnswer:
    await scope.whole.supervisor.hosting.delay([_pair(scope, asked.one, asked.other)], asked.ms)
    return await network(scope, Nothing())


async def heal(scope: Scope, asked: Nothing) -> NetworkAnswer:
    await scope.whole.supervisor.hosting.heal()
    return await network(scope, Nothing())


def _pair(scope: Scope, one: int | str, other: int | str) -> tuple[BrokerId, BrokerId]:
    pair = (node_named(one), node_named(other))
    for node in pair:
        if node != CLIENTS:
            node_of(scope, node)
    if pair[0] == pair[1]:
        raise Problem(422, "fields 'one' and 'other' are two nodes, not the same one twice")
    return pair


def _name(node: BrokerId) -> int | str:
    return {CONTROLLER_ID: "controller", CLIENTS: "clients"}.get(node, node)


ROUTES = (
    Route("GET", "/v1/network", "What is cut.", Nothing, NetworkAnswer, network, whole=True),
    Route(
        "POST", "/v1/network/cut", "Let nothing pass between two nodes.", Cut, NetworkAnswer, cut, whole=True,
        example='{"one": 1, "other": "controller"}',
    ),
    Route(
        "POST", "/v1/network/delay", "Let every byte between two nodes arrive later.", Delay, NetworkAnswer, delay,
        whole=True, example='{"one": 1, "other": 2, "ms": 200}',
    ),
    Route(
        "POST", "/v1/network/heal", "Let every node reach every other again, without delay.",
        Nothing, NetworkAnswer, heal, whole=True,
    ),
)  # fmt: skip
