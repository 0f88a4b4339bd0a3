"""What the clients of groups did and heard: the side of the story that is held against the log of the coordinator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from minikafka.types import Offset, TopicPartition


class Identity(NamedTuple):
    """Who a client says it is. epoch: its generation, in the classic protocol."""

    group: str
    member_id: str
    epoch: int


@dataclass(slots=True)
class Commit:
    """One offset of an OffsetCommit. tag: its metadata, which no other commit has. accepted: None when the client was
    told nothing definite."""

    who: Identity
    partition: TopicPartition
    offset: Offset
    tag: str
    accepted: bool | None = None
    answered_us: int = -1


class Fetched(NamedTuple):
    """One answer of OffsetFetch. tag: the metadata that came with the offset; offset -1: nothing was committed."""

    group: str
    partition: TopicPartition
    offset: Offset
    tag: str
    asked_us: int


class Given(NamedTuple):
    """A coordinator's answer said that this is what the member is to have."""

    who: Identity
    partitions: frozenset[TopicPartition]
    at_us: int


class Overlap(NamedTuple):
    """`newcomer` began to read what `owner`, who is alive, has not given up."""

    partition: TopicPartition
    owner: Identity
    newcomer: Identity
    at_us: int


class Seen(NamedTuple):
    """A record that some member of the group got."""

    group: str
    partition: TopicPartition
    offset: Offset


@dataclass(slots=True)
class GroupHistory:
    """Everything, in the order in which it happened."""

    commits: list[Commit] = field(default_factory=list)
    fetched: list[Fetched] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    seen: set[Seen] = field(default_factory=set)
    owners: dict[tuple[str, TopicPartition], list[Owner]] = field(default_factory=dict)
    """Who reads what now; more than one when an owner does not know yet that it is none any more."""

    def take(self, owner: Owner, partition: TopicPartition, at_us: int) -> None:
        """`owner` begins to read."""
        group = owner.identity.group
        others = self.owners.setdefault((group, partition), [])
        self.overlaps += [Overlap(partition, other.identity, owner.identity, at_us) for other in others]
        others.append(owner)

    def give_up(self, owner: Owner, partition: TopicPartition) -> None:
        """It reads no more."""
        self.owners[owner.identity.group, partition].remove(owner)


class Owner:
    """A client that may read; `identity` moves on with it."""

    identity: Identity
