"""What a cluster is to be, as its user said it; and the settings that follow from it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from minikafka.config import BrokerSettings, ConfigValue, Layer, Resolved, resolve
from minikafka.errors import ConfigError
from minikafka.runtime.listener import ListenerSpec
from minikafka.types import BrokerId

DURABILITIES = ("page-cache", "fsync")
MODES = ("thread", "process")


class TopicSpec(NamedTuple):
    """A topic asked for. -1: the broker's default."""

    name: str
    partitions: int = -1
    replication_factor: int = -1

    @classmethod
    def parse(cls, text: str) -> TopicSpec:
        """`NAME[:PARTITIONS[:RF]]`. Raises ConfigError."""
        name, *numbers = text.split(":")
        try:
            partitions, replicas = ([int(number) for number in numbers] + [-1, -1])[:2]
        except ValueError:
            raise ConfigError(
                f"topic {text!r}: NAME[:PARTITIONS[:RF]] wants numbers after the name"
            ) from None
        if not name or len(numbers) > 2 or 0 in (partitions, replicas):
            raise ConfigError(f"topic {text!r} is not NAME[:PARTITIONS[:RF]]")
        return cls(name, partitions, replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSpec:
    """One cluster. `layers`: settings by source, strongest first. `ports`: one per broker, 0 or None for any."""

    brokers: int = 1
    host: str = "127.0.0.1"
    ports: Sequence[int] | None = None
    advertised: tuple[str, int | None] | None = None
    """(host, port of broker 1 or None for the port it listens on), when clients must use another address."""
    listeners: tuple[ListenerSpec, ...] = ()
    """Further ones for clients."""
    layers: tuple[Layer, ...] = ()
    broker_layers: Mapping[BrokerId, Layer] = field(default_factory=dict)
    features: Mapping[str, int] = field(default_factory=dict)
    topics: tuple[TopicSpec, ...] = ()
    data_dir: str | os.PathLike[str] | None = None
    durability: str = "page-cache"
    profile: str = "fast"
    seed: int | None = None
    mode: str = "thread"
    """Where brokers run: `thread`, all on one loop, or `process`, each in a child process of its own."""
    faults: bool = True
    """Whether power may be cut, which needs a disk that remembers what was synced."""
    models_sync: bool = False
    """Whether, in a temporary directory, such a disk only remembers, and leaves the machine's alone."""
    trace: bool = False
    """Whether events are recorded from the start."""

    def check(self) -> None:
        """Raises ConfigError for what contradicts itself."""
        if self.brokers < 1:
            raise ConfigError(f"a cluster has at least one broker, not {self.brokers}")
        if self.durability not in DURABILITIES:
            raise ConfigError(f"durability is one of {', '.join(DURABILITIES)}, not {self.durability!r}")
        if self.mode not in MODES:
            raise ConfigError(f"mode is one of {', '.join(MODES)}, not {self.mode!r}")
        if self.ports is not None and len(self.ports) != self.brokers:
            raise ConfigError(f"{len(self.ports)} ports were given for {self.brokers} brokers")
        names = [one.name for one in self.listeners]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"there are two listeners {name}")
        for broker in self.broker_layers:
            if not 1 <= broker <= self.brokers:
                raise ConfigError(
                    f"broker_config names broker {broker}; there are brokers 1 to {self.brokers}"
                )

    @property
    def broker_ids(self) -> range:
        return range(1, self.brokers + 1)

    @property
    def separate_processes(self) -> bool:
        return self.mode == "process"

    def port(self, broker: BrokerId) -> int:
        return 0 if self.ports is None else self.ports[broker - 1]

    def advertised_address(self, broker: BrokerId, port: int) -> tuple[str, int]:
        """What clients are told for the broker that listens on `port`."""
        if self.advertised is None:
            return self.host, port
        host, first = self.advertised
        return host, port if first is None else first + broker - 1

    def resolved(self, broker: BrokerId | None = None) -> Resolved:
        """Settings in force for one broker, or for the cluster."""
        return resolve(
            self.layers_of(broker),
            profile=self.profile,
            brokers=self.brokers,
            separate_processes=self.separate_processes,
        )

    def layers_of(self, broker: BrokerId | None) -> tuple[Layer, ...]:
        """Strongest first: what was set for this broker alone, then for all."""
        own = tuple(layer for number, layer in self.broker_layers.items() if number == broker)
        return (*own, *self.layers)

    def settings(self, broker: BrokerId | None = None) -> BrokerSettings:
        return self.resolved(broker).broker


def layer(source: str, values: Mapping[str, ConfigValue] | None) -> tuple[Layer, ...]:
    """The layer of what a caller gave, if anything."""
    return (Layer(source, dict(values)),) if values else ()
