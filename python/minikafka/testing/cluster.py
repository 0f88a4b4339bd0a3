"""`Cluster`: real brokers inside a test, and the levers to make things go wrong.

Everything a handle shows was seen at a node between two of its turns, and every wait is a condition looked at after
each turn that changed what it is about: nothing polls, nothing sleeps. Where the brokers run, and how this reaches
them, is in `running.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from minikafka.config import BrokerConfig, ConfigValue
from minikafka.errors import ConfigError, MinikafkaError
from minikafka.history import Event
from minikafka.ledger.logs import NOBODY_KNOWS, IdOf
from minikafka.ledger.verdict import Verdict
from minikafka.runtime.control.condition import Condition
from minikafka.runtime.control.observed import observe
from minikafka.runtime.control.views import ProducerView, Question, TransactionView
from minikafka.runtime.listener import ListenerSpec
from minikafka.runtime.snapshots import Snapshot
from minikafka.runtime.spec import ClusterSpec, TopicSpec, layer
from minikafka.testing.aio import Aio
from minikafka.testing.client_config import client_config
from minikafka.testing.clock import Clock
from minikafka.testing.faults import Faults
from minikafka.testing.groups import GroupHandle
from minikafka.testing.nodes import BrokerHandle, NodeHandle
from minikafka.testing.running import NOT_RUNNING, Running
from minikafka.testing.topics import TopicHandle
from minikafka.testing.verdicts import verdict
from minikafka.types import CONTROLLER_ID, BrokerId, TopicPartition


class Cluster(Running):
    """A controller and `brokers` brokers, from `with` (or `start`) to its end.

    mode: `thread` runs them on an event loop in a daemon thread, `process` as child processes, which can be killed and
    stopped for real. config: settings of all brokers, by Kafka's names; broker_config: of one, by id. features: levels
    a new cluster starts with. topics: `NAME[:PARTITIONS[:RF]]`, created before `with` returns. data_dir: None is a
    temporary one. durability: `page-cache` or `fsync`. profile: `fast` or `faithful`. ports: one per broker; None lets
    the system choose, and they are kept. listeners: further ones for clients, `NAME://HOST:PORT[,HOST[:PORT]]`: where
    to listen (port 0: the system chooses), and what those who come there are told if not that; see `listener`. admin:
    serve the HTTP admin on a port of its own (`admin_url`). seed: makes ids reproducible. Raises
    ConfigError for what contradicts itself.
    """

    def __init__(
        self,
        brokers: int = 1,
        *,
        config: BrokerConfig | Mapping[str, ConfigValue] | None = None,
        broker_config: Mapping[BrokerId, BrokerConfig | Mapping[str, ConfigValue]] | None = None,
        features: Mapping[str, int] | None = None,
        topics: Iterable[str] = (),
        mode: str = "thread",
        data_dir: str | os.PathLike[str] | None = None,
        durability: str = "page-cache",
        profile: str = "fast",
        host: str = "127.0.0.1",
        ports: Sequence[int] | None = None,
        listeners: Iterable[str] = (),
        admin: bool = False,
        seed: int | None = None,
    ) -> None:
        spec = ClusterSpec(
            brokers=brokers,
            host=host,
            ports=ports,
            listeners=tuple(map(ListenerSpec.parse, listeners)),
            layers=layer("Cluster(config=...)", _values(config)),
            broker_layers={
                broker: one
                for broker, values in (broker_config or {}).items()
                for one in layer(f"Cluster(broker_config={{{broker}: ...}})", _values(values))
            },
            features=dict(features or {}),
            topics=tuple(TopicSpec.parse(topic) for topic in topics),
            data_dir=data_dir,
            durability=durability,
            profile=profile,
            seed=seed,
            trace=True,
            models_sync=True,
            mode=mode,
        )
        super().__init__(spec, has_admin=admin)
        self.faults = Faults(self)
        self.aio = Aio(self)
        self.clock = Clock(self)
        self.controller = NodeHandle(self, CONTROLLER_ID)

    # What it is.

    @property
    def bootstrap_servers(self) -> str:
        """`HOST:PORT,...` of every broker, dead or alive."""
        return self.look(lambda supervisor: supervisor.bootstrap_servers)

    def listener(self, name: str) -> str:
        """As `bootstrap_servers`, of a further listener. Raises ConfigError when there is none."""
        return self.look(lambda supervisor: supervisor.bootstrap_servers_on(name))

    def client_config(self, client: str) -> dict[str, str]:
        """Settings for `confluent`, `kafka-python`, `aiokafka` or `java`."""
        return client_config(client, self.bootstrap_servers)

    @property
    def admin_url(self) -> str:
        """Of the HTTP admin. Raises MinikafkaError without `Cluster(admin=True)`."""
        self._running()
        if self._admin is None:
            raise MinikafkaError("this cluster has no HTTP admin: use Cluster(admin=True)")
        return self._admin.url

    @property
    def data_dir(self) -> str:
        return self.look(lambda supervisor: str(supervisor.directory.path))

    @property
    def brokers(self) -> list[BrokerHandle]:
        return [self.broker(broker) for broker in range(1, self._spec.brokers + 1)]

    def broker(self, broker: BrokerId) -> BrokerHandle:
        """The handle of broker 1 to n. Raises ConfigError for any other number."""
        if not 1 <= broker <= self._spec.brokers:
            raise ConfigError(f"there is no broker {broker}; there are 1 to {self._spec.brokers}")
        return BrokerHandle(self, broker)

    def topic(
        self,
        name: str,
        *,
        partitions: int | None = None,
        replication_factor: int | None = None,
        config: Mapping[str, ConfigValue] | None = None,
    ) -> TopicHandle:
        """An existing topic, or a new one, which has leaders when this returns.

        Raises ConfigError when it exists with other numbers, or may not be created.
        """
        self.run(
            lambda supervisor: supervisor.metadata.ensure_topic(
                name, partitions, replication_factor, config or {}
            )
        )
        return TopicHandle(self, name)

    def group(self, group_id: str) -> GroupHandle:
        """A consumer group, by its `group.id`."""
        return GroupHandle(self, group_id)

    def producers(self, topic: str, partition: int) -> list[ProducerView]:
        """The sequence table of the partition's leader (I2), by producer id: who is known here, and up to where.

        Raises MinikafkaError while no living broker leads it.
        """
        name = TopicPartition(topic, partition)
        view = self.ask(Question(topic, partition, producers=True))
        replica = view.replica(observe(view, name).leader, name)
        if replica is None:
            raise MinikafkaError(f"{name} has no living leader")
        return replica.producers

    def transactions(self) -> list[TransactionView]:
        """Every transactional id that a living coordinator knows, by id, with the state it is in (T3)."""
        view = self.ask(Question(transactions=True))
        known = (one for broker in view.brokers for one in broker.transactions)
        return sorted(known, key=lambda one: one.transactional_id)

    # What happened.

    def verdict(self, *, id_header: str | None = None, id_of: Mapping[str, IdOf] = NOBODY_KNOWS) -> Verdict:
        """What became of what producers were told: lost, unseen, duplicated records, each with the chain of events that
        led to it. `id_header`: a header that names a record; `id_of`: by topic, from key, value and headers to the
        record's id. Without either, two records that are alike in everything but the offset are *possibly* one sent
        twice. Partitions that nobody leads are inconclusive."""
        ledger = self._ledger
        if ledger is None:
            raise MinikafkaError(NOT_RUNNING)
        return self.run(lambda supervisor: verdict(supervisor, ledger, id_header, id_of))

    def events(self, *, after: int = 0) -> list[Event]:
        """What the brokers and the controller did and why, oldest first: those of the last 100,000 events whose `seq`
        is greater than `after`."""
        return self.look(lambda supervisor: supervisor.hosting.history.events(after=after))

    def export_trace(self, path: str | os.PathLike[str], *, after: int = 0) -> int:
        """Write what `events` returns to a file, one JSON object per line, oldest first; returns how many.

        `seq` orders all nodes, in mode `process` as the events arrived; `(broker, n)` orders one node exactly, and
        `cause` is the `n` of an event of the same node. The file appears whole.
        """
        events = self.events(after=after)
        target = Path(path)
        beside = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        beside.write_text("".join(f"{event.as_json()}\n" for event in events), encoding="utf-8")
        beside.replace(target)
        return len(events)

    @property
    def last_seq(self) -> int:
        """`seq` of the newest event; 0 before the first. For `events(after=...)` later on."""
        return self.look(lambda supervisor: supervisor.hosting.history.last_seq)

    # What may happen to it.

    def isolate(self, broker: BrokerId, *, clients: bool = False) -> None:
        """Cut a broker off from all others and the controller; with `clients`, from clients too."""
        self.run(lambda supervisor: supervisor.isolate(broker, clients=clients))

    def cut(self, one: BrokerId | str, other: BrokerId | str) -> None:
        """Let nothing pass between two nodes; `"controller"` names the controller, `"clients"` every client."""
        self.run(lambda supervisor: supervisor.cut(one, other))

    def delay(self, one: BrokerId | str, other: BrokerId | str, *, ms: int) -> None:
        """Let every byte between two nodes arrive `ms` of broker time later, each way and in order: a round trip takes
        twice that. 0 takes the delay away. Names as with `cut`. Raises ConfigError for less than 0."""
        self.run(lambda supervisor: supervisor.delay(one, other, ms))

    def heal(self) -> None:
        """Let every node reach every other again, without delay; connections held by a cut are closed."""
        self.run(lambda supervisor: supervisor.hosting.heal())

    def power_loss(self, seed: int | None = None) -> None:
        """Cut the power of every broker at once (the controller has its own supply)."""
        self.run(lambda supervisor: supervisor.power_loss(seed))

    def snapshot(self) -> Snapshot:
        """Set the state of this moment aside, to `restore` it as often as wanted: every broker's directory, as if all
        their processes were killed now. It goes with the cluster."""
        return self.run(lambda supervisor: supervisor.snapshots.take())

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot, on the same ports; those brokers run then that lived when it was taken.

        Every connection is closed; leader, partition, broker and feature epochs and producer ids go on above all that
        were handed out. Cuts, delays and faults are taken away, and broker time runs. `verdict` begins anew. Raises
        MinikafkaError for a snapshot of another cluster.
        """
        self.run(lambda supervisor: supervisor.snapshots.restore(snapshot))

    def reset(self) -> None:
        """Go back to how the cluster was when it started: as `restore`, to nothing but the topics it was asked for.

        Raises MinikafkaError when its data directory held data then.
        """
        self.run(lambda supervisor: supervisor.snapshots.reset())

    def set_feature(self, name: str, level: int) -> None:
        """Upgrade or downgrade a feature such as `transaction.version`; returns when every broker knows."""
        self.run(lambda supervisor: supervisor.metadata.set_feature(name, level))

    def wait(self, *, timeout: float = 10.0, **conditions: Any) -> None:
        """Wait until everything asked for holds at once. Raises WaitTimeout saying what was seen last.

        With topic= and partition=: leader=, leader_epoch=, isr= (in any order), and, at least: log_start_offset=,
        high_watermark=, last_stable_offset=, log_end_offset= of the leader. brokers=: the active ones are these.
        timeout: seconds.
        """
        condition = Condition.of(**conditions)
        self.run(lambda supervisor: condition.wait(supervisor, timeout))


def _values(config: Mapping[str, Any] | None) -> dict[str, ConfigValue]:
    return dict(config or {})
