"""`report.html`: one file that can be mailed around. No script, no font, no picture from elsewhere.

The claims come first, as a table; then each with its lesson, its runs and their pictures, the first anomaly told from
both sides, and the command that repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Final

from minikafka import __version__
from minikafka.lab.report.lesson import html_of
from minikafka.lab.report.plot import plot
from minikafka.lab.report.rates import rates
from minikafka.lab.report.series import duration_ms, series_of
from minikafka.lab.report.style import LEGEND, STYLE
from minikafka.lab.report.table import closing
from minikafka.lab.result import Mark, Result
from minikafka.lab.scenario import Scenario

MAX_PARTITIONS: Final = 4
"""Pictures of one run."""
RUN_HEADS: Final = "".join(
    f'<th scope="col">{head}</th>'
    for head in ("verdict", "configuration", "seed", "must show", "shows", "noted")
)


def page(results: Sequence[Result], seconds: float) -> str:
    """The document, of results in order."""
    groups = [(scenario, list(runs)) for scenario, runs in groupby(results, key=lambda one: one.scenario)]
    targets = ", ".join(sorted({one.target for one in results}))
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>minikafka lab: {escape(closing(results, seconds))}</title><style>{STYLE}</style></head>"
    )
    body = [
        "<header><h1>What happens to messages</h1>",
        f'<p class="soft">{escape(closing(results, seconds))} on {escape(targets)}; minikafka {__version__}.</p>',
        "<p>A bad configuration passes when it shows what it is blamed for, a good one when it shows nothing.</p>",
        "</header><main>",
        _claims(groups),
        _legend(),
        *(_section(scenario, runs) for scenario, runs in groups),
        "</main></body></html>",
    ]
    return f"{head}<body>{''.join(body)}\n"


def _claims(groups: Sequence[tuple[Scenario, list[Result]]]) -> str:
    rows = [
        f"<tr><td>{escape(scenario.claim)}</td>"
        f'<td><a href="#{scenario.name}">{escape(scenario.title)}</a></td>'
        f"<td>{_side(runs, is_good=False)}</td><td>{_side(runs, is_good=True)}</td></tr>"
        for scenario, runs in groups
    ]
    return (
        '<div class="scroll"><table><caption class="soft">Each claim, and what was seen</caption>'
        '<thead><tr><th scope="col">the claim</th><th scope="col">scenario</th><th scope="col">bad configurations</th>'
        f'<th scope="col">good configurations</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _side(runs: Sequence[Result], *, is_good: bool) -> str:
    own = [one for one in runs if one.configuration.is_good is is_good]
    return (
        "<br>".join(f"{_mark(one.mark)} {escape(one.shown)}" for one in own)
        or '<span class="soft">none</span>'
    )


def _mark(mark: Mark) -> str:
    return f'<span class="{mark}">{mark}</span>'


def _legend() -> str:
    marks = (
        f'<li><svg viewBox="0 0 22 12" aria-hidden="true">{drawn}</svg>{name}</li>' for drawn, name in LEGEND
    )
    return f'<ul class="legend" aria-label="Legend of the pictures">{"".join(marks)}</ul>'


def _section(scenario: Scenario, runs: Sequence[Result]) -> str:
    rows = "".join(_row(one) for one in runs)
    parts = [
        f'<section id="{scenario.name}" aria-labelledby="{scenario.name}-h">',
        f'<h2 id="{scenario.name}-h">{escape(scenario.title)}</h2>',
        f"<blockquote>{escape(scenario.claim)}</blockquote>",
        f"<p><strong>In truth:</strong> {escape(scenario.truth)}.</p>",
        f"<details><summary>What is at work</summary>{html_of(scenario.lesson)}</details>",
        f'<div class="scroll"><table><thead><tr>{RUN_HEADS}</tr></thead><tbody>{rows}</tbody></table></div>',
    ]
    for _, seeds in groupby(runs, key=lambda one: one.configuration.name):
        own = list(seeds)
        told = next((one for one in own if one.mark is not Mark.PASS), own[0])
        parts.append(_run(told, f"{scenario.name}-{scenario.names.index(told.configuration.name)}"))
    if scenario.alone:
        parts.append(rates(runs))
    return "".join([*parts, "</section>"])


def _row(one: Result) -> str:
    noted = "<br>".join(f"{escape(name)}: {escape(value)}" for name, value in one.notes.items())
    return (
        f'<tr><td>{_mark(one.mark)}</td><th scope="row">{escape(one.configuration.name)}</th><td>{one.seed}</td>'
        f"<td>{escape(one.wanted)}</td><td>{escape(one.shown)}</td><td>{noted}</td></tr>"
    )


def _run(one: Result, identity: str) -> str:
    settings = ", ".join(f"{name}={value}" for name, value in one.configuration.settings().items())
    series = series_of(one)
    wrong_first = sorted(series, key=lambda each: not each.wrong)[:MAX_PARTITIONS]
    pictures = "".join(
        f"<figure>{plot(each, one.strikes, duration_ms(one), f'{identity}-{number}')}"
        f"<figcaption>{escape(each.topic)}-{each.partition}</figcaption></figure>"
        for number, each in enumerate(wrong_first)
    )
    story = one.story()
    told = (
        f"<details><summary>The first anomaly, from both sides</summary><pre>{escape(story)}</pre></details>"
    )
    return (
        f"<h3>{_mark(one.mark)} {escape(one.configuration.name)} "
        f'<span class="soft">({one.configuration.side}, seed {one.seed})</span></h3>'
        f'<p class="soft">{escape(settings)}</p>'
        + (f'<p class="{one.mark}">{escape(one.why)}</p>' if one.why else "")
        + pictures
        + (told if story else "")
        + f"<p>Again: <code>{escape(one.command)}</code></p>"
    )
