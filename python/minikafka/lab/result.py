"""What one run showed, and whether that is what its configuration says.

PASS           a bad configuration showed its anomalies, a good one none; what was noted is what had to be FAIL
it did not, or showed something else; or ledger and clients contradict each other INCONCLUSIVE   the fault did not
strike, nothing was sent, or a reader did not reach the end: never a pass SKIPPED        this cluster lacks a lever;
the reason is in `why`
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from minikafka.checker.anomaly import Anomaly
from minikafka.checker.operation import Operation
from minikafka.checker.verdict import ClientVerdict, Json
from minikafka.history import Event
from minikafka.lab.containment import Containment
from minikafka.lab.recorder import Strike
from minikafka.lab.scenario import Configuration, Scenario
from minikafka.ledger.verdict import Verdict as LedgerVerdict

BROKER_TIME: Final = re.compile(r"^    (\d+) ms", re.MULTILINE)


class Mark(StrEnum):
    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run. client: what its history shows; ledger: what our own brokers know of it (None on others); containment:
    how the two fit.

    events: of the brokers, t_ms on the clock of `origin_ms`. command: repeats it.
    """

    scenario: Scenario
    configuration: Configuration
    seed: int
    target: str
    mark: Mark
    why: str
    seconds: float
    client: ClientVerdict | None = None
    ledger: LedgerVerdict | None = None
    containment: Containment | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    history: Sequence[Operation] = ()
    strikes: Sequence[Strike] = ()
    events: Sequence[Event] = ()
    origin_ms: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.scenario.name}/{self.configuration.name}/{self.seed}"

    @property
    def command(self) -> str:
        if self.scenario.again:
            return self.scenario.again.replace("{seed}", str(self.seed))
        return f"minikafka lab run {self.scenario.name} --configuration '{self.configuration.name}' --seed {self.seed}"

    @property
    def counts(self) -> dict[Anomaly, int]:
        """How many records (or transactions) each anomaly befell, for clients."""
        if self.client is None:
            return {}
        return {kind: len(self.client.ids(kind)) for kind in Anomaly if self.client.of(kind)}

    @property
    def shown(self) -> str:
        """`3 lost, 1 duplicated`, or `nothing`."""
        return ", ".join(f"{count} {kind.label}" for kind, count in self.counts.items()) or "nothing"

    @property
    def wanted(self) -> str:
        """What had to be shown."""
        return " and ".join(sorted(kind.label for kind in self.configuration.shows)) or "nothing"

    def thinned(self) -> Result:
        """Without history and events: for one of many that went as they should. Its verdict stays whole."""
        return replace(self, history=(), events=())

    def story(self) -> str:
        """The first finding of the kind that was looked for, in both tellings; empty where there is none."""
        kinds = self.configuration.shows or frozenset(self.counts)
        client = () if self.client is None else self.client.findings
        ledger = () if self.ledger is None else self.ledger.findings
        found = [next((one for one in client if one.anomaly in kinds), None)]
        told = [str(one) for one in found if one is not None]
        chain = next((one for one in ledger if one.anomaly in kinds), None)
        return "\n\n".join([*told, *([] if chain is None else [on_clock(str(chain), self.origin_ms)])])

    def as_dict(self) -> dict[str, Json]:
        """For verdict.json."""
        return {
            "scenario": self.scenario.name,
            "configuration": self.configuration.name,
            "side": self.configuration.side,
            "seed": self.seed,
            "target": self.target,
            "verdict": str(self.mark),
            "why": self.why,
            "must_show": [*sorted(kind.name.lower() for kind in self.configuration.shows)],
            "shown": {kind.name.lower(): count for kind, count in self.counts.items()},
            "notes": dict(self.notes),
            "settings": dict(self.configuration.settings()),
            "strikes": [one.what for one in self.strikes],
            "client": None if self.client is None else self.client.as_dict(),
            "ledger": None if self.ledger is None else self.ledger.as_dict(),
            "containment": None if self.containment is None else self.containment.as_dict(),
            "seconds": round(self.seconds, 3),
            "command": self.command,
        }


def on_clock(story: str, origin_ms: float) -> str:
    """The ledger's times, which are the brokers', as times of the run: those of the picture."""
    return BROKER_TIME.sub(lambda found: f"    {int(found[1]) - origin_ms:>6.0f} ms", story)
