"""From what a run recorded to its mark. Pure: everything is an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minikafka.checker.operation import Op, Operation
from minikafka.checker.verdict import ClientVerdict
from minikafka.lab.containment import Containment
from minikafka.lab.recorder import Strike
from minikafka.lab.result import Mark
from minikafka.lab.scenario import Configuration, Scenario


def doubt(
    scenario: Scenario, history: Sequence[Operation], strikes: Sequence[Strike], client: ClientVerdict
) -> str:
    """Why the run proves nothing; empty if it does."""
    if not any(one.op is Op.SEND for one in history):
        return "nothing was sent"
    if scenario.strikes and not strikes:
        return "nothing went wrong"
    if not any(one.op is Op.READ and one.final for one in history):
        return "nobody read to the end"
    return "; ".join(f"{what}: {why}" for what, why in client.inconclusive.items())


def objection(configuration: Configuration, client: ClientVerdict, notes: Mapping[str, str]) -> str:
    """What is not as the configuration says; empty if all is."""
    found = {finding.anomaly for finding in client.findings}
    missing = configuration.shows - found
    surplus = found - configuration.shows - configuration.allows
    said = [f"did not show {kind.label}" for kind in sorted(missing, key=lambda kind: kind.name)]
    said += [
        f"showed {kind.label}: {client.of(kind)[0].why}"
        for kind in sorted(surplus, key=lambda kind: kind.name)
    ]
    said += [f"broke a promise: {one.why}" for one in client.bad if one.anomaly not in surplus][:1]
    said += [
        f"{name}: {notes.get(name, 'not noted')!r}, not {value!r}"
        for name, value in configuration.notes.items()
        if notes.get(name) != value
    ]
    return "; ".join(said)


def misfit(contained: Containment | None) -> str:
    """What one side knows and the other ought to; empty if nothing, or if there is no ledger."""
    return (
        ""
        if contained is None or contained.holds
        else f"the two verdicts do not fit: {contained.violations[0]}"
    )


def mark(doubtful: str, objected: str) -> Mark:
    """A doubtful run is neither right nor wrong."""
    if doubtful:
        return Mark.INCONCLUSIVE
    return Mark.FAIL if objected else Mark.PASS
