"""Asking every node of a cluster at once: now, or until the answers are as wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from minikafka.errors import BrokerHalted
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.port import HostedNode, Hosting
from minikafka.runtime.control.until import until
from minikafka.runtime.control.views import Question


class Asking:
    """Runs on the loop."""

    def __init__(self, hosting: Hosting) -> None:
        self._hosting = hosting

    async def look(self, question: Question) -> ClusterView:
        """The answers of all living nodes, now."""
        await self._watch(question)
        try:
            return self._seen(question)
        finally:
            self._unwatch(question)

    async def until(
        self,
        question: Question,
        predicate: Callable[[ClusterView], bool],
        timeout_s: float,
        say: Callable[[ClusterView], str],
    ) -> ClusterView:
        """Wait until `predicate` holds of the answers to `question`, looked at after whatever changed one; no polling.

        Raises WaitTimeout with what `say` makes of the last answers, or BrokerHalted if a node breaks meanwhile.
        """

        def seen() -> ClusterView:
            self._check_halted()
            return self._seen(question)

        await self._watch(question)
        try:
            return await until(seen, predicate, self._hosting.watchers, timeout_s, say)
        finally:
            self._unwatch(question)

    @property
    def _nodes(self) -> list[HostedNode]:
        return [*self._hosting.brokers.values(), self._hosting.controller]

    async def _watch(self, question: Question) -> None:
        await asyncio.gather(*(node.watch(question) for node in self._nodes))

    def _seen(self, question: Question) -> ClusterView:
        views = {node.node_id: node.seen(question) for node in self._nodes}
        return ClusterView({node: view for node, view in views.items() if view is not None})

    def _unwatch(self, question: Question) -> None:
        for node in self._nodes:
            node.unwatch(question)

    def _check_halted(self) -> None:
        for node in self._hosting.halted:
            why = node.halted.why if node.halted else ""
            raise BrokerHalted(f"node {node.node_id} halted: {why}") from node.error
