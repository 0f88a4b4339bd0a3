"""Fetch (API 1) of `__cluster_metadata`, versions 4 to 18; no other topic is here.

v12 by topic name, v13 by topic id (the metadata topic's is fixed). Sessions are not kept: every answer is
full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.broker.request import Request
from minikafka.types import Now
from minikafka.wire.messages.fetch import FetchRequest

if TYPE_CHECKING:
    from minikafka.broker.controller_node import ControllerNode


def handle(node: ControllerNode, request: Request[FetchRequest], now: Now) -> None:
    """Long-polling; see broker/metadata_fetches.py."""
    node.fetches.fetch(request, now)
