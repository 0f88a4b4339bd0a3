"""minikafka inside this process, where every broker can be killed on its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from minikafka import Cluster


class EmbeddedMiniKafka:
    """`minikafka.Cluster` as a target; `cluster` has all the levers that other targets lack."""

    name = "minikafka"

    def __init__(
        self,
        brokers: int = 1,
        *,
        config: Mapping[str, str] | None = None,
        durability: str = "page-cache",
        data_dir: Path | None = None,
    ) -> None:
        self.cluster = Cluster(
            brokers=brokers, config=dict(config or {}), durability=durability, data_dir=data_dir
        )

    @property
    def bootstrap_servers(self) -> str:
        return self.cluster.bootstrap_servers

    @property
    def pids(self) -> list[int]:
        return []

    def open(self) -> None:
        self.cluster.__enter__()

    def kill(self, broker: int) -> None:
        self.cluster.broker(broker).kill()

    def start(self, broker: int) -> None:
        self.cluster.broker(broker).start()

    def stop(self) -> None:
        self.cluster.__exit__(None, None, None)
