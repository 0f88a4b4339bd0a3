"""One run, told so that it can be repeated: a seed, and whatever is not as the seed would have it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields
from typing import NamedTuple

from minikafka.sim import schedule, swarm
from minikafka.sim.planted import planted
from minikafka.sim.run import Report, Run, simulate
from minikafka.sim.schedule import Strike
from minikafka.sim.swarm import Settings


class Case(NamedTuple):
    """`plant`: the name of a known mistake to build in (`planted`); None for the code as it is."""

    seed: int
    settings: Settings
    strikes: tuple[Strike, ...]
    plant: str | None = None

    @classmethod
    def of(
        cls,
        seed: int,
        settings: Settings | None = None,
        strikes: Sequence[Strike] | None = None,
        plant: str | None = None,
    ) -> Case:
        """What is None is as the seed has it."""
        chosen = swarm.draw(seed) if settings is None else settings
        return cls(seed, chosen, tuple(Run(seed, chosen, strikes).strikes), plant)

    def run(self) -> Report:
        """Live through it."""
        with self.world():
            return simulate(self.seed, self.settings, self.strikes)

    def traced(self) -> tuple[Report, Run]:
        """The same, with every event recorded."""
        with self.world():
            run = Run(self.seed, self.settings, self.strikes, trace=True)
            return run.report(), run

    def world(self) -> AbstractContextManager[None]:
        return nullcontext() if self.plant is None else planted(self.plant)

    @property
    def command(self) -> str:
        """What repeats it, in a shell."""
        words = [f"minikafka sim --seed {self.seed}"]
        drawn = swarm.draw(self.seed)
        for each in fields(Settings):
            value = getattr(self.settings, each.name)
            if value != getattr(drawn, each.name):
                words.append(f"--set {each.name}={'+'.join(value) if isinstance(value, tuple) else value}")
        if self.strikes != tuple(Run(self.seed, self.settings).strikes):
            words.append(f"--schedule '{schedule.written(self.strikes)}'")
        if self.plant is not None:
            words.append(f"--plant {self.plant}")
        return " ".join(words)
