"""minikafka: a small Kafka broker for tests of what happens to messages.

    from minikafka import Cluster

    with Cluster(brokers=3, topics=["orders:3:3"]) as kafka:
        kafka.bootstrap_servers

Names are loaded when they are first used (PEP 562): importing the package costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikafka.config import BrokerConfig, TopicConfig
    from minikafka.errors import BrokerHalted, ConfigError, MinikafkaError, VerdictError, WaitTimeout
    from minikafka.testing.cluster import Cluster

__version__ = "0.1.0"

__all__ = [
    "BrokerConfig",
    "BrokerHalted",
    "Cluster",
    "ConfigError",
    "MinikafkaError",
    "TopicConfig",
    "VerdictError",
    "WaitTimeout",
    "__version__",
]

_HOMES = {
    "BrokerConfig": "minikafka.config",
    "BrokerHalted": "minikafka.errors",
    "Cluster": "minikafka.testing.cluster",
    "ConfigError": "minikafka.errors",
    "MinikafkaError": "minikafka.errors",
    "TopicConfig": "minikafka.config",
    "VerdictError": "minikafka.errors",
    "WaitTimeout": "minikafka.errors",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
