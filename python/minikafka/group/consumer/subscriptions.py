"""What an assignor is given: who reads which topics, and what each was to have before (G16)."""

from __future__ import annotations

from typing import NamedTuple

from minikafka.group.consumer.member import Slot
from minikafka.types import TopicId


class Subscriber(NamedTuple):
    """One member. `before`: its part of the last target, which a sticky assignor keeps where it can."""

    instance_id: str | None
    topics: frozenset[TopicId]
    before: frozenset[Slot] = frozenset()
