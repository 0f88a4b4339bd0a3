"""What a scenario's run has in its hands: a cluster, clients that write a history, and things to make go wrong.

Every lever writes down that it was pulled, so a run in which nothing went wrong can be told from one that was
survived.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from minikafka.checker.allowed import Death
from minikafka.lab.errors import Inconclusive, Skipped
from minikafka.lab.recorder import Recorder
from minikafka.lab.scenario import NOTHING, Configuration, Settings
from minikafka.lab.targets import Seen, Target
from minikafka.lab.targets.embedded import Embedded
from minikafka.ledger.logs import IdOf
from minikafka.types import BrokerId

if TYPE_CHECKING:
    from minikafka.lab.clients.raw import RawProducer
    from minikafka.lab.clients.sender import Sender
    from minikafka.testing.cluster import Cluster
    from minikafka.testing.faults import Fault

READ_COMMITTED: Final = "read_committed"


class Stage:
    """One run of one configuration. `random` is its seed's; nothing else in a run may be drawn by chance."""

    def __init__(self, target: Target, configuration: Configuration, seed: int, random_name: str) -> None:
        self.target = target
        self.configuration = configuration
        self.recorder = Recorder()
        self.random = random.Random(f"{random_name}/{seed}")
        self.notes: dict[str, str] = {}
        self.topics: dict[str, int] = {}
        """Those that were made here, with how many partitions."""
        self.ids: dict[str, IdOf] = {}
        """Where a topic's records have their ids, for the ledger; the lab's own values are ids by themselves."""
        self._senders = 0
        self._closers: list[Callable[[], None]] = []

    @property
    def servers(self) -> str:
        return self.target.servers

    @property
    def brokers(self) -> list[BrokerId]:
        """All of them, dead or alive."""
        return self.target.brokers

    @property
    def cluster(self) -> Cluster:
        """Our own brokers, for levers that nobody else has. Raises Skipped on others."""
        if not isinstance(self.target, Embedded):
            raise Skipped(f"{self.target.name} has no such lever")
        return self.target.cluster

    def note(self, name: str, value: object) -> None:
        """Something seen that is no anomaly and yet has to be so, or not; see `Configuration.notes`."""
        self.notes[name] = str(value)

    def draw(self, low: int, high: int) -> int:
        """A number of this seed's, both ends included."""
        return self.random.randint(low, high)

    def name(self, what: str) -> str:
        """Of a topic, group or transactional id, unique where clusters last."""
        return what + self.target.suffix

    def on_close(self, close: Callable[[], None]) -> None:
        """Call this when the run is over, however it ends."""
        self._closers.append(close)

    def close(self) -> None:
        for each in reversed(self._closers):
            each()

    # Topics and clients.

    def topic(
        self,
        what: str = "orders",
        *,
        partitions: int = 1,
        replicas: int | list[list[BrokerId]] = 3,
        config: Settings = NOTHING,
    ) -> str:
        """Make a topic with the configuration's settings and these; returns its name."""
        name = self.name(what)
        self.target.create_topic(name, partitions, replicas, {**self.configuration.topic, **config})
        self.topics[name] = partitions
        return name

    def sender(self, process: str = "", settings: Settings = NOTHING, **more: str | int | bool) -> Sender:
        """A producer with the configuration's habits and settings, and these; in keywords `_` stands for `.`."""
        from minikafka.lab.clients.sender import Sender

        self._senders += 1
        given = {name.replace("_", "."): value for name, value in more.items()}
        return Sender(
            self.recorder,
            self.servers,
            process or f"producer {self._senders}",
            {**self.configuration.producer, **settings, **given},
            listens=self.configuration.listens,
        )

    def raw_producer(self, *, transaction_version: int = 2) -> RawProducer:
        """A producer that sends what it is told to, request by request."""
        from minikafka.lab.clients.raw import RawClient, RawProducer

        client = RawClient(self.servers)
        self.on_close(client.close)
        return RawProducer(self.recorder, client, transaction_version=transaction_version)

    def program(self, process: str, death: Death = Death.CONSUMER, /, **options: object) -> None:
        """Run one of the lab's applications to its end, on the configuration's client; its death is of this kind.
        `app.py` names the options."""
        from minikafka.lab.clients.program import run_program

        told = {"process": process, "servers": self.servers, **options}
        run_program(self.recorder, death, self.configuration.client, told)

    def read(
        self, topic: str, isolation: str = "read_uncommitted", *, process: str = "", final: bool = True
    ) -> list[str]:
        """The ids in a topic, from its start to its end as this isolation level sees it. Raises Inconclusive."""
        from minikafka.lab.clients.reader import read_all

        return read_all(
            self.recorder,
            self.servers,
            topic,
            partitions=self.topics.get(topic, 1),
            isolation=isolation,
            process=process,
            final=final,
        )

    # What may go wrong.

    def leader(self, topic: str, partition: int = 0) -> BrokerId:
        """Raises Inconclusive while there is none."""
        leader = self.look(topic, partition).leader
        if leader < 0:
            raise Inconclusive(f"nobody leads {topic}-{partition}")
        return leader

    def look(self, topic: str, partition: int = 0) -> Seen:
        return self.target.look(topic, partition)

    def kill(self, broker: BrokerId) -> None:
        """The death of a process: memory gone, connections reset, page cache left."""
        self.target.kill(broker)
        self.recorder.strike(f"broker {broker} dead", Death.BROKER)

    def start(self, broker: BrokerId) -> None:
        self.target.start(broker)
        self.recorder.end(f"broker {broker} dead")
        self.recorder.end(f"broker {broker} without power")

    def power_loss(self, broker: BrokerId, seed: int | None = None) -> None:
        """Cut one broker's power: what was not on disk is gone."""
        self.cluster.broker(broker).power_loss(seed)
        self.recorder.strike(f"broker {broker} without power", Death.POWER)

    def cut_off(self, broker: BrokerId) -> None:
        """Cut a leader off from the other brokers, but not from clients or the controller."""
        for other in self.cluster.brokers:
            if other.id != broker:
                self.cluster.cut(broker, other.id)
        self.recorder.strike(f"broker {broker} cut off", Death.REPLICA_BEHIND)

    def cut_clients(self, broker: BrokerId) -> None:
        """Cut a broker off from every client."""
        self.cluster.cut(broker, "clients")
        self.recorder.strike(f"broker {broker} cut off from clients", Death.ANSWER)

    def heal(self) -> None:
        """Every node reaches every other again; connections across a cut are closed, and what they held is gone."""
        self.cluster.heal()
        for one in self.recorder.strikes:
            if "cut off" in one.what:
                self.recorder.end(one.what)

    @contextmanager
    def fault(self, what: str, fault: Fault, *, at_least: int = 1) -> Iterator[None]:
        """A fault rule in force for the block. Raises Inconclusive if it did not strike so often."""
        strike = self.recorder.strike(what, Death.ANSWER)
        with fault:
            yield
            fired = fault.fired
        strike.ended_ms = self.recorder.now_ms
        if fired < at_least:
            raise Inconclusive(f"{what}: struck {fired} times, not {at_least}")

    def crash(self, sender: Sender) -> None:
        """An application dies with what it had in hand."""
        sender.abandon()
        self.recorder.strike(f"{sender.process} dead", Death.PRODUCER)

    def settle(self, topic: str, partition: int = 0) -> None:
        """Wait until all that is in the leader's log is visible: nothing is on its way to a reader any more."""
        self.target.wait_for_all_visible(topic, partition)

    def wait_for_end(self, topic: str, offset: int, partition: int = 0) -> None:
        """Wait until everything below `offset` is replicated. Raises Inconclusive."""
        self.target.wait_for_end(topic, partition, offset)

    def new_leader(self, topic: str, dead: BrokerId, partition: int = 0) -> BrokerId:
        """Wait for another leader than `dead`. Raises Inconclusive."""
        return self.target.wait_for_leader(topic, partition, dead)

    def wait_for_isr(self, topic: str, isr: Iterable[BrokerId], partition: int = 0) -> None:
        """Wait until exactly these are in sync. Raises Inconclusive."""
        self.target.wait_for_isr(topic, partition, set(isr))
