"""How many replicas, how many of them must have a record, how many are down: available, and safe.

    available    a producer with acks=all can write: enough of the replicas are in sync (R7)
    safe         what was acknowledged is still there when the leader's machine is lost as well

                          0 down                1 down                2 down
    RF 1                  available, unsafe     unavailable
    RF 2, min ISR 1       available, safe       available, unsafe     unavailable
    RF 2, min ISR 2       available, safe       unavailable           unavailable
    RF 3, min ISR 1       available, safe       available, safe       available, unsafe
    RF 3, min ISR 2       available, safe       available, safe       unavailable
    RF 3, min ISR 3       available, safe       unavailable           unavailable

A min ISR above RF is capped (R5). "replication.factor > min.insync.replicas" is advice about availability alone:
where they are equal, one broker down stops writing and loses nothing. What loses is min ISR 1, Kafka's default. And
acks=1 does not care: `min.insync.replicas` is asked of acks=all only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from minikafka.checker.allowed import Death
from minikafka.lab.errors import Skipped
from minikafka.lab.scenario import LOST, Configuration, Lever, Scenario, Settings
from minikafka.lab.stage import Stage
from minikafka.types import BrokerId

PRODUCER: Settings = {"acks": "all", "retries": 0}
"""A refusal is told at once, and nothing is sent twice."""
UNLED: Settings = {**PRODUCER, "message.timeout.ms": 1_000}
"""For topics that nobody leads: there is nobody to refuse."""
UNCLEAN: Settings = {"unclean.leader.election.enable": True}
"""The leader's machine never comes back, and whoever has something leads: what is gone then is gone."""


class Cell(NamedTuple):
    """One place of the table: its own topic."""

    replicas: int
    min_isr: int
    down: int

    @property
    def brokers(self) -> list[BrokerId]:
        """Who has it: broker 3 goes down first, then 2. Where all are to be down, broker 1 is none of them."""
        last = 3 if self.down == self.replicas else self.replicas
        return list(range(last - self.replicas + 1, last + 1))

    def __str__(self) -> str:
        return f"RF {self.replicas}, min ISR {self.min_isr}, {self.down} down"


def run(stage: Stage) -> None:
    """Brokers go down one by one; when as many of a cell's replicas are down as it says, it is written to. Then the
    leader's machine is lost, and everybody comes back, broker 1 with an empty disk."""
    if stage.brokers != [1, 2, 3]:
        raise Skipped(f"{stage.target.name} has brokers {stage.brokers}; this needs 1, 2 and 3")
    cells = [cell for row in rows(stage.configuration) for cell in row]
    topics = {
        cell: stage.topic(
            f"rf{cell.replicas}-min{cell.min_isr}-down{cell.down}",
            replicas=[cell.brokers],
            config={**UNCLEAN, "min.insync.replicas": cell.min_isr},
        )
        for cell in cells
    }
    taken: set[Cell] = set()
    left, alive = list(cells), {1, 2, 3}
    for victim in (3, 2, None):
        due = [cell for cell in left if len(set(cell.brokers) - alive) == cell.down]
        left = [cell for cell in left if cell not in due]
        taken |= write(stage, {cell: topics[cell] for cell in due}, alive)
        if victim is not None:
            stage.kill(victim)
            alive.remove(victim)
    lose_machine(stage)
    stage.start(2)
    for cell in cells:
        if cell.brokers[:2] == [1, 2]:
            stage.new_leader(topics[cell], 1)
    stage.start(3)
    stage.start(1)
    for cell, topic in topics.items():
        stage.wait_for_isr(topic, cell.brokers)
        stage.settle(topic)
        safety = "safe" if str(cell) in stage.read(topic) else "unsafe"
        stage.note(str(cell), f"available, {safety}" if cell in taken else "unavailable")


def write(stage: Stage, due: dict[Cell, str], alive: set[BrokerId]) -> set[Cell]:
    """One record to each; those that took it."""
    taken: set[Cell] = set()
    for settings, led in ((PRODUCER, True), (UNLED, False)):
        own = {cell: topic for cell, topic in due.items() if bool(set(cell.brokers) & alive) is led}
        sender = stage.sender(settings=settings)
        for cell, topic in own.items():
            if led:
                stage.wait_for_isr(topic, set(cell.brokers) & alive)
            sender.send(topic, [str(cell)])
        sender.flush()
        taken |= {cell for cell in own if str(cell) not in sender.undelivered}
    return taken


def lose_machine(stage: Stage) -> None:
    """Broker 1 dies, and where there is a lever for it, with all that it never flushed."""
    if Lever.POWER in stage.target.levers:
        stage.power_loss(1)
    else:
        stage.kill(1)
    stage.recorder.strike("unclean elections", Death.UNCLEAN)


def rows(configuration: Configuration) -> Iterator[list[Cell]]:
    """The rows of the table that a configuration is about."""
    for row in configuration.way.split():
        replicas, min_isr = map(int, row.split("/"))
        yield [Cell(replicas, min_isr, down) for down in range(min(replicas, 2) + 1)]


def expected(way: str) -> dict[str, str]:
    """The table above, as arithmetic."""
    found: dict[str, str] = {}
    for row in way.split():
        replicas, min_isr = map(int, row.split("/"))
        for down in range(min(replicas, 2) + 1):
            in_sync = replicas - down
            if in_sync >= max(1, min(min_isr, replicas)):
                said = "available, safe" if in_sync > 1 else "available, unsafe"
            else:
                said = "unavailable"
            found[str(Cell(replicas, min_isr, down))] = said
    return found


ONE, LOSES, KEEPS = "1/1 1/2 1/3", "2/1 3/1", "2/2 2/3 3/2 3/3"

SCENARIO = Scenario(
    name="min-isr",
    title="replication factor, min.insync.replicas, and brokers that are down",
    claim="replication.factor>=3, min.insync.replicas>1, replication.factor>min.insync.replicas",
    truth="min ISR 2 keeps what acks=all acknowledged; replicas beyond it only buy availability",
    article="imprecise: replication.factor > min.insync.replicas buys availability, not safety",
    lesson=__doc__ or "",
    configurations=(
        Configuration(
            name="one replica",
            shows=LOST,
            producer=PRODUCER,
            way=ONE,
            notes=expected(ONE),
            needs=frozenset({Lever.POWER}),
        ),
        Configuration(name="min ISR 1", shows=LOST, producer=PRODUCER, way=LOSES, notes=expected(LOSES)),
        Configuration(name="min ISR 2 or more", producer=PRODUCER, way=KEEPS, notes=expected(KEEPS)),
    ),
    run=run,
    needs=frozenset({Lever.KILL}),
)
