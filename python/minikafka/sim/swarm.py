"""What a seed decides of a world before it begins: swarm testing.

A configuration that has everything in it hides bugs that need something *absent*: with retention on, logs never grow
long; with every misfortune possible, each is rare. So each seed draws its own few (Groce et al., "Swarm testing",
2012): some misfortunes, some settings, some load. `promise.py` says what such a world still owes its clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Final

from minikafka.config import ConfigValue
from minikafka.errors import ConfigError
from minikafka.sim import nemesis
from minikafka.sim.group import KINDS, TIMERS

PRODUCE: Final = "produce"
TRANSACTIONS: Final = "transactions"
GROUPS: Final = "groups"
WORKLOADS: Final = (PRODUCE, TRANSACTIONS)
"""Drawn by chance; every fifth world is one of groups."""
EVERY_FIFTH: Final = 5
BROKERS: Final = 3
ELR: Final = "eligible.leader.replicas.version"
TRANSACTION_VERSION: Final = "transaction.version"


@dataclass(frozen=True, slots=True)
class Settings:
    """One world. `elr`, `unclean`: 0 or 1. `together`: several misfortunes at once. segment_bytes 0: Kafka's default;
    retention_bytes -1: keep everything.

    late_ends, late_batches: percent of those of transactional producers. With transaction_version 1 nothing is promised
    then (`tests/simulation/test_torn_transactions.py`), so no seed draws it.
    groups: which kinds there are, of `members` each, of whom so many are static; churn: how often one of them comes to
    harm. They are of the workload with groups, and of no other."""

    workload: str = PRODUCE
    partitions: int = 2
    replication_factor: int = 3
    min_insync_replicas: int = 2
    elr: int = 1
    unclean: int = 0
    durability: str = "page-cache"
    acks: int = -1
    producers: int = 3
    records: int = 100
    in_flight: int = 5
    consumers: int = 0
    segment_bytes: int = 0
    retention_bytes: int = -1
    transaction_version: int = 2
    late_ends: int = 0
    late_batches: int = 0
    groups: tuple[str, ...] = KINDS
    members: int = 3
    static_members: int = 1
    churn: int = 6
    offsets_segment_bytes: int = 0
    together: int = 0
    misfortunes: tuple[str, ...] = tuple(one.name for one in nemesis.ONE_AT_A_TIME)

    @property
    def effective_min_insync_replicas(self) -> int:
        """R5."""
        return min(self.min_insync_replicas, self.replication_factor)

    def features(self) -> Mapping[str, int]:
        return {ELR: self.elr, TRANSACTION_VERSION: self.transaction_version}

    def broker_config(self) -> Mapping[str, ConfigValue]:
        """What holds for the whole cluster."""
        keeps_all = self.retention_bytes < 0
        return {
            "min.insync.replicas": self.min_insync_replicas,
            "unclean.leader.election.enable": bool(self.unclean),
            **({} if keeps_all else {"log.retention.check.interval.ms": 500}),
            **(self._group_config() if self.workload == GROUPS else {}),
        }

    def _group_config(self) -> dict[str, ConfigValue]:
        """Timers that end within a run; offsets are compacted, if their segments are small."""
        timers: dict[str, ConfigValue] = {
            "group.min.session.timeout.ms": TIMERS.session_ms,
            "group.consumer.session.timeout.ms": TIMERS.session_ms,
            "offsets.retention.check.interval.ms": 1_500,
        }
        if not self.offsets_segment_bytes:
            return timers
        return {
            **timers,
            "offsets.topic.segment.bytes": self.offsets_segment_bytes,
            "log.cleaner.backoff.ms": 500,
        }

    def topic_config(self) -> Mapping[str, str]:
        """What holds for the topic under load."""
        config = {"min.insync.replicas": str(self.min_insync_replicas)}
        if self.segment_bytes:
            config["segment.bytes"] = str(self.segment_bytes)
        if self.retention_bytes >= 0:
            config["retention.bytes"] = str(self.retention_bytes)
        return config

    def with_changes(self, words: Mapping[str, str]) -> Settings:
        """Some of them replaced, as `--set NAME=VALUE` says. Raises ConfigError."""
        changes: dict[str, object] = {}
        for name, value in words.items():
            default = getattr(Settings(), name, None)
            if default is None or name not in {field.name for field in fields(self)}:
                raise ConfigError(f"a simulated world has no setting {name!r}")
            try:
                changes[name] = (
                    tuple(value.split("+")) if isinstance(default, tuple) else type(default)(value)
                )
            except ValueError:
                raise ConfigError(f"{name}={value!r} is not a number") from None
        settings = replace(self, **changes)  # type: ignore[arg-type]
        unknown = [name for name in settings.misfortunes if name not in nemesis.BY_NAME]
        if unknown:
            raise ConfigError(f"unknown misfortunes {unknown}: they are {', '.join(nemesis.BY_NAME)}")
        strangers = [kind for kind in settings.groups if kind not in KINDS]
        if strangers:
            raise ConfigError(f"unknown kinds of groups {strangers}: they are {', '.join(KINDS)}")
        return settings


def draw(seed: int) -> Settings:
    """The world of this seed."""
    settings = _draw(seed)
    return _with_groups(settings, Random(f"{seed}/groups")) if seed % EVERY_FIFTH == 4 else settings


def _with_groups(settings: Settings, random: Random) -> Settings:
    """The same cluster and misfortunes, for groups."""
    misfortunes = tuple(name for name in settings.misfortunes if name != nemesis.DELETE_RECORDS.name)
    return replace(
        settings,
        workload=GROUPS,
        acks=-1,
        unclean=0,
        retention_bytes=-1,
        misfortunes=misfortunes,
        partitions=random.randint(1, 5),
        records=random.choice((40, 160, 240)),
        groups=tuple(sorted(random.sample(KINDS, random.randint(1, 2)))),
        members=random.randint(1, 4),
        static_members=random.choice((0, 1, 2)),
        churn=random.randint(2, 14),
        offsets_segment_bytes=random.choice((0, 2048)),
    )


def _draw(seed: int) -> Settings:
    random = Random(f"{seed}/swarm")
    workload = random.choices(WORKLOADS, (70, 30))[0]
    settings = Settings(
        workload=workload,
        partitions=random.randint(1, 3),
        replication_factor=random.choice((1, 2, 3, 3, 3, 3)),
        min_insync_replicas=random.choice((1, 2, 2, 2)),
        elr=int(random.random() < 0.7),
        unclean=int(random.random() < 0.1),
        durability="fsync" if random.random() < 0.3 else "page-cache",
        acks=1 if random.random() < 0.15 else -1,
        producers=random.randint(1, 4),
        records=random.choice((20, 40, 60)),
        in_flight=random.choice((1, 5, 5)),
        consumers=random.randint(0, 1),
        segment_bytes=random.choice((0, 0, 1024, 8192)),
        retention_bytes=random.choice((-1, -1, -1, 4096)),
        transaction_version=2,
        together=int(random.random() < 0.35),
        misfortunes=_some_misfortunes(random),
    )
    if settings.replication_factor == BROKERS and not settings.together and random.random() < 0.2:
        settings = replace(settings, misfortunes=(*settings.misfortunes, random.choice(nemesis.MOVES).name))
    if workload == PRODUCE:
        return settings
    harmless = tuple(name for name in settings.misfortunes if name != nemesis.DELETE_RECORDS.name)
    return replace(settings, acks=-1, unclean=0, retention_bytes=-1, misfortunes=harmless)


def _some_misfortunes(random: Random) -> tuple[str, ...]:
    chosen = random.sample(nemesis.PROCESSES_AND_LINKS, random.randint(1, 4))
    if random.random() < 0.4:
        losing = [one for one in nemesis.ALL if one.loses_unsynced]
        chosen += random.sample(losing, random.randint(1, 2))
    if random.random() < 0.3:
        chosen.append(nemesis.KILL_ALL)
    if random.random() < 0.3:
        chosen.append(random.choice(nemesis.ADMINISTRATORS))
    return tuple(one.name for one in chosen)
