"""Our own brokers in this process: `Cluster`, with every lever there is."""

from __future__ import annotations

from minikafka.errors import WaitTimeout
from minikafka.lab.errors import Inconclusive
from minikafka.lab.scenario import Lever, Settings
from minikafka.lab.targets import TIMEOUT_S, Seen
from minikafka.runtime.control.cluster import ClusterView
from minikafka.runtime.control.observed import observe
from minikafka.runtime.control.views import Question
from minikafka.testing.cluster import Cluster
from minikafka.testing.topics import PartitionHandle
from minikafka.types import BrokerId, TopicPartition


class Embedded:
    """`cluster` is running."""

    name = "minikafka"
    levers = frozenset(Lever)
    suffix = ""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    @property
    def servers(self) -> str:
        return self.cluster.bootstrap_servers

    @property
    def brokers(self) -> list[BrokerId]:
        return [one.id for one in self.cluster.brokers]

    def create_topic(
        self, name: str, partitions: int, replicas: int | list[list[BrokerId]], config: Settings
    ) -> None:
        if isinstance(replicas, int):
            self.cluster.topic(name, partitions=partitions, replication_factor=replicas, config=config)
            return
        from minikafka.lab.clients.admin import create_topic

        create_topic(self.servers, name, partitions, replicas, config)

    def look(self, topic: str, partition: int) -> Seen:
        seen = PartitionHandle(self.cluster, TopicPartition(topic, partition)).observe()
        return Seen(seen.leader, tuple(seen.isr), tuple(seen.replicas))

    def kill(self, broker: BrokerId) -> None:
        self.cluster.broker(broker).kill()

    def start(self, broker: BrokerId) -> None:
        self.cluster.broker(broker).start()

    def wait_for_leader(self, topic: str, partition: int, other_than: BrokerId) -> BrokerId:
        name = TopicPartition(topic, partition)

        def is_led(view: ClusterView) -> bool:
            return view.partition(name) is not None and observe(view, name).leader not in (other_than, -1)

        try:
            view = self.cluster.run(
                lambda supervisor: supervisor.until(
                    Question(*name), is_led, TIMEOUT_S, lambda seen: str(observe(seen, name))
                )
            )
        except WaitTimeout as late:
            raise Inconclusive(f"nobody but {other_than} leads {name}: {late}") from None
        return observe(view, name).leader

    def wait_for_all_visible(self, topic: str, partition: int) -> None:
        handle = PartitionHandle(self.cluster, TopicPartition(topic, partition))
        self._wait(topic, partition, high_watermark=handle.log_end_offset)

    def wait_for_end(self, topic: str, partition: int, offset: int) -> None:
        self._wait(topic, partition, high_watermark=offset)

    def wait_for_isr(self, topic: str, partition: int, isr: set[BrokerId]) -> None:
        self._wait(topic, partition, isr=sorted(isr))

    def _wait(self, topic: str, partition: int, **conditions: int | list[int]) -> None:
        try:
            self.cluster.wait(topic=topic, partition=partition, timeout=TIMEOUT_S, **conditions)
        except WaitTimeout as late:
            raise Inconclusive(str(late)) from None
