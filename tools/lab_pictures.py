"""Run every scenario of the lab once and keep what was seen for its page: pictures, verdicts, stories.

python tools/lab_pictures.py [SCENARIO ...]     # docs/learn/lab/*.svg and runs.json, then run tools/lab_page.py
"""

from __future__ import annotations

import json
import sys

from lab_page import FOLDER, RUNS
from minikafka.lab.report.plot import plot
from minikafka.lab.report.rates import bars
from minikafka.lab.report.series import duration_ms, series_of
from minikafka.lab.report.style import STYLE
from minikafka.lab.result import Mark, Result
from minikafka.lab.runner import plan, run_all
from minikafka.lab.scenarios import all_scenarios, scenario

STORY_LINES = 40


def main() -> int:
    """Fails when a run does not show what it should: pictures of that would teach the wrong thing."""
    names = sys.argv[1:]
    wanted = [scenario(name) for name in names] or list(all_scenarios())
    seen = json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.exists() else {}
    FOLDER.mkdir(parents=True, exist_ok=True)
    pictured: set[str] = set()
    results = {(one.scenario.name, one.configuration.name): one for one in run_all(plan(wanted, [1]))}
    for own in wanted:
        for configuration in own.configurations:
            one = results[own.name, configuration.name]
            if one.mark is not Mark.PASS:
                print(f"{one.name}: {one.mark}: {one.why}")
                return 1
            seen[f"{own.name}/{configuration.name}"] = facts(one)
            name = f"{own.name}-{configuration.side}"
            if name not in pictured:
                pictured.add(name)
                drawn = (
                    bars([each for each in results.values() if each.scenario is own])
                    if own.alone
                    else picture(one)
                )
                (FOLDER / f"{name}.svg").write_text(alone(drawn), encoding="utf-8")
    known = {f"{one.name}/{each.name}" for one in all_scenarios() for each in one.configurations}
    kept = {name: facts for name, facts in sorted(seen.items()) if name in known}
    RUNS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


def facts(one: Result) -> dict[str, str]:
    """What the page shows of a run."""
    story = one.story().splitlines()
    return {
        "verdict": str(one.mark),
        "shown": one.shown,
        "notes": "\n".join(f"{name}: {value}" for name, value in one.notes.items()),
        "story": "\n".join(story[:STORY_LINES] + (["..."] if len(story) > STORY_LINES else [])),
    }


def picture(one: Result) -> str:
    """One partition of the run: the one in which most went wrong."""
    series = max(series_of(one), key=lambda each: (len(each.wrong), len(each.acknowledged), len(each.read)))
    return plot(series, one.strikes, duration_ms(one), "plot")


def alone(svg: str) -> str:
    """As a file of its own, with the style in it."""
    head, _, rest = svg.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"><style>{STYLE}svg {{ background: var(--page); }}</style>{rest}\n'


if __name__ == "__main__":
    sys.exit(main())
