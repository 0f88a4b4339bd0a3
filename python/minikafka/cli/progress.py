"""A line on the terminal about work that takes long; nothing anywhere else.

Ours, because one line that counts is all there is to it, and every dependency is loaded by somebody's tests (ADR 0011).
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Final, Self, TextIO

PATIENCE_S: Final = 0.5
"""Work that ends sooner shows nothing."""
INTERVAL_S: Final = 0.1
WIDTH: Final = 30


class Progress:
    """total: None when nobody knows. On stderr, if that is a terminal and stdout, which may be the same, is not."""

    def __init__(self, unit: str, total: int | None, stream: TextIO | None = None) -> None:
        self._unit = unit
        self._total = total
        self._stream = sys.stderr if stream is None else stream
        self._is_shown = self._stream.isatty() and (stream is not None or not sys.stdout.isatty())
        self._done = 0
        self._started = time.monotonic()
        self._drawn_at = self._started + PATIENCE_S - INTERVAL_S
        self._drawn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._stream.flush()

    def add(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        now = time.monotonic()
        if self._is_shown and now - self._drawn_at >= INTERVAL_S:
            self._drawn_at = now
            self._draw(self.line(now - self._started))

    def line(self, seconds: float) -> str:
        """What is shown after so many seconds."""
        rate = f"{self._done / seconds:,.0f}/s" if seconds > 0 else ""
        if not self._total:
            return f"{self._done:,} {self._unit}  {rate}"
        part = min(self._done / self._total, 1.0)
        filled = int(part * WIDTH)
        bar = "#" * filled + "." * (WIDTH - filled)
        return f"[{bar}] {part:4.0%}  {self._done:,} of {self._total:,} {self._unit}  {rate}"

    def _draw(self, line: str) -> None:
        self._stream.write("\r" + line.ljust(self._drawn))
        self._stream.flush()
        self._drawn = max(self._drawn, len(line))
