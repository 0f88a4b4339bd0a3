"""The table on the terminal: a line per run as it ends, then claim by claim."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from minikafka.lab.result import Mark, Result

COLOURS = {Mark.PASS: "32", Mark.FAIL: "31;1", Mark.INCONCLUSIVE: "33;1", Mark.SKIPPED: "2"}
WIDTH = 110


def line(one: Result, *, coloured: bool = False) -> str:
    """One run."""
    what = f"{one.scenario.name}: {one.configuration.name}"
    reason = f"  ({one.why})" if one.why else ""
    side = one.configuration.side
    return f"{_mark(one.mark, coloured)}  {what:<58} {side:<4}  {one.shown}{reason}  {one.seconds:.1f} s"


def table(results: Sequence[Result], *, coloured: bool = False) -> str:
    """Claims in order; below each, what every configuration had to show and what it showed over all seeds."""
    lines: list[str] = []
    for scenario, group in groupby(results, key=lambda one: one.scenario):
        lines += ["", f"{scenario.title}", f"  claim: {scenario.claim}", f"  in truth: {scenario.truth}"]
        for configuration, seeds in groupby(group, key=lambda one: one.configuration):
            lines += _row(configuration.name, configuration.side, list(seeds), coloured=coloured)
    return "\n".join(lines)


def _row(name: str, side: str, seeds: list[Result], *, coloured: bool) -> list[str]:
    worst = max((one.mark for one in seeds), key=_badness)
    shown = [one.shown for one in seeds]
    said = shown[0] if len(seeds) == 1 else f"{sum(one != 'nothing' for one in shown)} of {len(seeds)} seeds"
    rows = [
        f"    {_mark(worst, coloured)}  {side:<4}  {name:<38} must show {seeds[0].wanted:<14} shows {said}"
    ]
    rows += [
        f"          {one.why}\n          {one.command}"
        for one in seeds
        if one.mark is not Mark.PASS and one.why
    ]
    return rows


def closing(results: Sequence[Result], seconds: float) -> str:
    """`31 of 31 runs as claimed in 41.2 s`, and what else there was."""
    passed = sum(one.mark is Mark.PASS for one in results)
    tried = sum(one.mark is not Mark.SKIPPED for one in results)
    others = [
        f"{sum(one.mark is mark for one in results)} {mark.value.lower()}"
        for mark in (Mark.FAIL, Mark.INCONCLUSIVE, Mark.SKIPPED)
        if any(one.mark is mark for one in results)
    ]
    took = f" in {seconds:.1f} s" if seconds else ""
    return f"{passed} of {tried} runs as claimed{took}" + (f"; {', '.join(others)}" if others else "")


def _badness(mark: Mark) -> int:
    return [Mark.PASS, Mark.SKIPPED, Mark.INCONCLUSIVE, Mark.FAIL].index(mark)


def _mark(mark: Mark, coloured: bool) -> str:
    word = f"{mark.value:<12}"
    return f"\033[{COLOURS[mark]}m{word}\033[0m" if coloured else word
