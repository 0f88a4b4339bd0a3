"""What guarantees cost: records per second of the runs that measured it, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from minikafka.lab.result import Result

RATE: Final = "records/s"
"""The note in which a run says it."""
BAR, LABEL, WIDTH = 22, 190, 640


def rates(runs: Sequence[Result]) -> str:
    """A figure with a bar per run that noted its rate; empty when none did."""
    drawn = bars(runs)
    told = "Records per second with one producer on this machine"
    return drawn and f"<figure>{drawn}<figcaption>{told}</figcaption></figure>"


def bars(runs: Sequence[Result]) -> str:
    """The figure's `<svg>`; empty when no run noted a rate."""
    found = [(one.configuration.name, float(one.notes[RATE])) for one in runs if RATE in one.notes]
    if not found:
        return ""
    most = max(rate for _, rate in found) or 1.0
    drawn = "".join(_bar(number, name, rate, rate / most) for number, (name, rate) in enumerate(found))
    said = "; ".join(f"{name}: {rate:,.0f} records per second" for name, rate in found)
    box = f"0 0 {WIDTH} {BAR * len(found) + 6}"
    return f'<svg class="plot" viewBox="{box}" role="img" aria-label="{escape(said)}">{drawn}</svg>'


def _bar(number: int, name: str, rate: float, share: float) -> str:
    top, length = number * BAR, (WIDTH - LABEL - 90) * share
    return (
        f'<text x="{LABEL - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>'
        f'<rect class="bar" x="{LABEL}" y="{top + 4}" width="{length:.1f}" height="14"/>'
        f'<text x="{LABEL + 6 + length:.1f}" y="{top + 14}">{rate:,.0f} /s</text>'
    )
