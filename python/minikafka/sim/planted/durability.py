"""Mistakes with disks: what is counted, what is recovered, what is remembered of it (D, L9-L13)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from minikafka.broker.broker import Broker
from minikafka.partition.follower import FetchPosition, FollowerRole
from minikafka.partition.local import LocalReplica
from minikafka.sim.planted.bug import Bug, bug
from minikafka.types import Now, Offset

_become = Broker.become


def _in_memory(self: LocalReplica) -> Offset:
    return self.log.port.log_end_offset


def _asks_for_more(self: FollowerRole, local: LocalReplica) -> FetchPosition | None:
    log = local.log
    if self.leader < 0:
        return None
    self._asked = log.log_end_offset
    return FetchPosition(self._asked, log.epochs.latest, self.epoch, log.log_start_offset)


def _leads_on(self: Broker, now: Now) -> None:
    self._joined = True
    _become(self, now)


DURABILITY: Final[Mapping[str, Bug]] = MappingProxyType(
    {
        "counts-before-fsync": bug(
            "D5",
            "in fsync mode, what is in memory counts as written",
            (LocalReplica, "counted_offset", property(_in_memory)),
        ),
        "follower-acknowledges-before-fsync": bug(
            "R1",
            "in fsync mode, a follower's next fetch goes out before its last is on disk",
            (FollowerRole, "position", _asks_for_more),
        ),
        "acts-on-an-earlier-life": bug(
            "R12",
            "a broker leads on from what the metadata said of its earlier life",
            (Broker, "become", _leads_on),
        ),
    }
)
