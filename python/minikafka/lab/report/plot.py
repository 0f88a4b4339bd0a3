"""The picture of a run as SVG, one partition at a time: offset over time, what went wrong as bands, the ISR below.

    circles      acknowledged to the producer          crosses    given to a reader
    steps        the leader's log end, high watermark, last stable offset
    rings        what an anomaly befell
    bands        while something was wrong on purpose
    lanes        brokers: leading, in sync, or neither

Colours are the page's (`style.py`), by class, so that one picture serves light and dark. What a colour says, a shape
says too.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from minikafka.lab.recorder import Strike
from minikafka.lab.report.series import Point, Series

WIDTH: Final = 860
HEIGHT: Final = 240
LEFT, RIGHT, TOP = 52, 12, 30
LANE: Final = 14
MAX_POINTS: Final = 1_500
"""Of one kind; more are thinned evenly, since nobody could tell them apart."""
TICKS: Final = 5


def plot(series: Series, strikes: Sequence[Strike], duration_ms: float, identity: str) -> str:
    """An `<svg>` element. `identity`: unique in the page, for the title that screen readers read."""
    return _Plot(series, strikes, max(duration_ms, 1.0), identity).draw()


class _Plot:
    def __init__(self, series: Series, strikes: Sequence[Strike], duration_ms: float, identity: str) -> None:
        self._series, self._strikes, self._duration_ms, self._id = series, strikes, duration_ms, identity
        self._top = series.last_offset + 1
        self._brokers = sorted({broker for _, _, isr in series.isr for broker in isr})
        self._parts: list[str] = []

    def draw(self) -> str:
        lanes = (len(self._brokers) * LANE + 18) if self._brokers else 0
        height = TOP + HEIGHT + 22 + lanes
        self._bands()
        self._axes()
        for name, line in (
            ("log-end", self._series.log_end),
            ("high-watermark", self._series.high_watermark),
            ("last-stable", self._series.last_stable),
        ):
            self._steps(name, line)
        self._circles("acknowledged", self._series.acknowledged, 2.6)
        self._crosses("read", self._series.read)
        self._crosses("read-committed", self._series.read_committed)
        self._crosses("processed", self._series.processed)
        for points in self._series.wrong.values():
            self._circles("wrong", points, 5.5)
        if self._brokers:
            self._lanes(TOP + HEIGHT + 30)
        title, said = f"{self._series.topic}-{self._series.partition}", self._said()
        return (
            f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-labelledby="{self._id}-t {self._id}-d">'
            f'<title id="{self._id}-t">{escape(title)}</title><desc id="{self._id}-d">{escape(said)}</desc>'
            f"{''.join(self._parts)}</svg>"
        )

    def _said(self) -> str:
        """The picture in a sentence."""
        series = self._series
        wrong = (
            ", ".join(f"{len(points)} {label}" for label, points in series.wrong.items()) or "nothing wrong"
        )
        struck = ", ".join(one.what for one in self._strikes) or "nothing struck"
        reads = len(series.read) + len(series.read_committed) + len(series.processed)
        return (
            f"Offsets up to {series.last_offset} over {self._duration_ms / 1000:.1f} s: "
            f"{len(series.acknowledged)} acknowledged, {reads} read; {wrong}; {struck}."
        )

    def _x(self, ms: float) -> float:
        return round(
            LEFT + (WIDTH - LEFT - RIGHT) * min(max(ms, 0.0), self._duration_ms) / self._duration_ms, 1
        )

    def _y(self, offset: float) -> float:
        """Below the axis for an offset that nobody was told."""
        return round(TOP + HEIGHT - HEIGHT * offset / self._top, 1) if offset >= 0 else TOP + HEIGHT + 5

    def _bands(self) -> None:
        for number, one in enumerate(self._strikes):
            left = self._x(one.began_ms)
            right = max(left + 1.5, self._x(one.began_ms if one.ended_ms is None else one.ended_ms))
            row = 10 + 9 * (number % 2)
            self._parts.append(
                f'<rect class="band" x="{left}" y="{TOP}" width="{right - left:.1f}" height="{HEIGHT}">'
                f"<title>{escape(one.what)}</title></rect>"
            )
            anchor = "end" if left > WIDTH * 0.72 else "start"
            self._parts.append(
                f'<text class="strike" x="{left}" y="{row}" text-anchor="{anchor}">{escape(one.what)}</text>'
            )

    def _axes(self) -> None:
        bottom, right = TOP + HEIGHT, WIDTH - RIGHT
        for number in range(TICKS + 1):
            offset, ms = self._top * number / TICKS, self._duration_ms * number / TICKS
            y, x = self._y(offset), self._x(ms)
            anchor = "end" if number == TICKS else "middle"
            self._parts.append(
                f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}"/>'
                f'<text class="tick" x="{LEFT - 6}" y="{y + 3}" text-anchor="end">{offset:.0f}</text>'
                f'<text class="tick" x="{x}" y="{bottom + 14}" text-anchor="{anchor}">{ms / 1000:.1f} s</text>'
            )

    def _steps(self, name: str, line: Sequence[Point]) -> None:
        if not line:
            return
        path = f"M{self._x(line[0][0])} {self._y(0)}"
        for ms, offset in line:
            path += f"H{self._x(ms)}V{self._y(offset)}"
        self._parts.append(f'<path class="line {name}" d="{path}H{WIDTH - RIGHT}"/>')

    def _circles(self, name: str, points: Sequence[Point], radius: float) -> None:
        self._parts += [
            f'<circle class="{name}" cx="{self._x(ms)}" cy="{self._y(offset)}" r="{radius}"/>'
            for ms, offset in thinned(points)
        ]

    def _crosses(self, name: str, points: Sequence[Point]) -> None:
        marks = [
            f"M{self._x(ms) - 2.5:.1f} {self._y(offset) - 2.5:.1f}l5 5m0-5l-5 5"
            for ms, offset in thinned(points)
        ]
        if marks:
            self._parts.append(f'<path class="cross {name}" d="{"".join(marks)}"/>')

    def _lanes(self, top: int) -> None:
        """A lane per broker: thick while it leads, thin while it is in sync."""
        ends = [at for at, _, _ in self._series.isr[1:]] + [self._duration_ms]
        for number, broker in enumerate(self._brokers):
            y = top + number * LANE
            self._parts.append(
                f'<text class="tick" x="{LEFT - 6}" y="{y + 9}" text-anchor="end">{broker}</text>'
            )
            for (at, leader, isr), end in zip(self._series.isr, ends, strict=True):
                if broker not in isr or end <= 0:
                    continue
                name, inset = ("leads", 1) if broker == leader else ("in-sync", 4)
                left, right = self._x(at), self._x(end)
                self._parts.append(
                    f'<rect class="{name}" x="{left}" y="{y + inset}" width="{max(right - left, 0.5):.1f}" '
                    f'height="{LANE - 2 - 2 * inset}"/>'
                )


def thinned(points: Sequence[Point]) -> Sequence[Point]:
    """At most MAX_POINTS of them, evenly."""
    step = -(-len(points) // MAX_POINTS)
    return points[:: max(1, step)]
