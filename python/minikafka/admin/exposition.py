"""Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metric:
    """One metric and its samples. kind: `gauge` or `counter`; a counter's name ends in `_total`."""

    def __init__(self, name: str, kind: str, about: str) -> None:
        self.name = name
        self.kind = kind
        self.about = about
        self.samples: list[tuple[dict[str, str | int], int]] = []

    def add(self, value: int, **labels: str | int) -> None:
        self.samples.append((labels, value))

    def lines(self) -> list[str]:
        """HELP, TYPE, and a line for each sample."""
        return [
            f"# HELP {self.name} {self.about}",
            f"# TYPE {self.name} {self.kind}",
            *(f"{self.name}{_labels(labels)} {value}" for labels, value in self.samples),
        ]


def exposition(metrics: Iterable[Metric]) -> str:
    """Those that have samples."""
    return "".join(f"{line}\n" for metric in metrics if metric.samples for line in metric.lines())


def _labels(labels: dict[str, str | int]) -> str:
    pairs = ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
