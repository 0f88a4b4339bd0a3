"""What stands out: seen in the numbers and the logs alone, before anybody looked at the events.

Each says which offsets' events bear on it, and tells its story when they are there. Most of the ledger is never looked
at a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from minikafka.ledger.evidence import Evidence
from minikafka.ledger.finding import Finding
from minikafka.ledger.wanted import Wanted
from minikafka.types import TopicPartition

Tell = Callable[[Evidence], Finding | None]


class Suspect(NamedTuple):
    """wanted: what its story is made of. tell: the finding, or None if the events clear it."""

    name: TopicPartition
    wanted: Wanted
    tell: Tell
