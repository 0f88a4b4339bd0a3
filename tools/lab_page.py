"""The lab's pages: docs/learn/lab.md, a page per scenario below it, and docs/reference/claims.md.

What is claimed and taught comes from the scenarios' own files; what was seen from docs/learn/lab/runs.json, which
`tools/lab_pictures.py` writes together with the pictures. `--check` fails when a page is not as it would be written.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from minikafka.lab.report.lesson import markdown_of
from minikafka.lab.scenario import Configuration, Scenario
from minikafka.lab.scenarios import all_scenarios

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "learn" / "lab"
RUNS = FOLDER / "runs.json"
GENERATED = "<!-- Written by tools/lab_page.py from python/minikafka/lab/scenarios. -->"

Seen = dict[str, dict[str, str]]
"""Scenario/configuration -> verdict, shown, notes, story."""


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or check them (`--check`)."""
    seen: Seen = json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.exists() else {}
    pages = {FOLDER / f"{one.name}.md": page(one, seen) for one in all_scenarios()}
    pages[FOLDER.with_suffix(".md")] = index(seen)
    pages[ROOT / "docs" / "reference" / "claims.md"] = claims(seen)
    stale = [
        path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    left_over = sorted(set(FOLDER.glob("*.md")) - set(pages))
    if "--check" in arguments:
        for path in [*stale, *left_over]:
            print(f"{path.relative_to(ROOT)} is not as tools/lab_page.py writes it")
        return 1 if stale or left_over else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
    for path in left_over:
        path.unlink()
    return 0


def index(seen: Seen) -> str:
    """All scenarios, in the order of the claims."""
    rows = [
        f"| [{one.title}](lab/{one.name}.md) | {cell(one.claim)} "
        f"| {count(one, seen, good=False)} | {count(one, seen, good=True)} |"
        for one in all_scenarios()
    ]
    heads = ["| scenario | the claim | bad | good |", "| --- | --- | --- | --- |"]
    return "\n".join(["# The lab", "", GENERATED, "", INTRODUCTION, *heads, *rows, "", OWN_PROGRAM])


INTRODUCTION = """\
What is said about lost and repeated messages, tried on real brokers with a real client: each claim with *bad*
configurations, which must show what they are blamed for, and *good* ones, which must not.

```sh
make demo                                        # all of it, and a report with pictures
minikafka lab run acks-leader-killed --seed 7    # one scenario, another seed
minikafka lab run auto-commit --client java      # on Apache Kafka's own client, see below
minikafka lab run exactly-once-copy -- ./my-app  # your own program under the same misfortune
minikafka lab run --all --target HOST:PORT --kill-cmd '...' --start-cmd '...'   # another Kafka
```

A verdict is PASS, FAIL or INCONCLUSIVE: a run in which nothing went wrong, nothing was sent, or a reader did not reach
the end is never a pass. What clients saw and what the brokers' own ledger says must agree. The claims are those of a
common article, in short; where it is imprecise, the page says so.
"""

OWN_PROGRAM = """\
All of it in one table, with what the claims leave out: [claims](../reference/claims.md).

## On the Java client

Clients differ where it matters: librdkafka commits from a thread, Java's consumer in `poll` and `close`. Configurations
whose name begins with `Java` run an application on Apache Kafka's own client. They need a JDK (17 or later) and, in
`MINIKAFKA_JAVA_CLASSPATH`, the jars of kafka-clients: `/opt/kafka/libs/*` of a Kafka download, or what Maven copies for
a project that depends on it. Without these they are skipped, by name.

```text
mvn -f examples/maven dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$PWD/jars
MINIKAFKA_JAVA_CLASSPATH="$PWD/jars/*" minikafka lab run auto-commit --client java
```

## A program of your own

`minikafka lab run NAME -- CMD` starts three brokers, fills a topic with records, and starts CMD with
`KAFKA_BOOTSTRAP_SERVERS`, `LAB_INPUT_TOPIC`, `LAB_OUTPUT_TOPIC` and `LAB_GROUP` in its environment. It owes each record
once in the output; `--id` says where its output has the id (`key`, `header:NAME`, `json:FIELD`; the input has it in all
three). While it works, things go wrong as NAME's schedule has it, or a file's:

```toml
[[strike]]
after = 100              # records in the output topic
do = "lose-leader"       # kill-program, kill-leader, drop-responses, refuse-produce, power-loss, mend
```

A program that prints nothing of its own is judged by what can be read in the end; so is one that is killed and started
again, in any language. What `--id` finds, the brokers' ledger goes by as well: a record that was written twice, and not
given up in between, is duplicated for certain, whatever its timestamps say, and the ledger tells of both appends.
"""


def page(one: Scenario, seen: Seen) -> str:
    """One scenario."""
    lines = [f"# {one.title[0].upper()}{one.title[1:]}", "", GENERATED, ""]
    lines += [f"> {one.claim}", "", f"In truth: {one.truth}.", ""]
    if one.article:
        lines += [f"The article is {one.article}.", ""]
    lines += [markdown_of(one.lesson), "", "## The run", "", *text_of(one.run.__doc__), ""]
    lines += ["| | configuration | settings | must show |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {each.side} | {each.name} | {settings(each)} | {wanted(each)} |" for each in one.configurations
    ]
    if one.needs:
        needs = ", ".join(sorted(lever.value for lever in one.needs))
        lines += ["", f"It needs {needs}."]
    lines += ["", "## What was seen", ""]
    lines += ["| | configuration | verdict | shown | noted |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {each.side} | {each.name} | {told['verdict']} | {told['shown']} | {cell(told['notes'])} |"
        for each in one.configurations
        if (told := seen.get(f"{one.name}/{each.name}"))
    ]
    for side in ("bad", "good"):
        picture = FOLDER / f"{one.name}-{side}.svg"
        if picture.exists():
            what = next(each.name for each in one.configurations if each.side == side)
            lines += ["", f"![{side}: {what}]({picture.name})", "", f"*{side}: {what}*"]
    stories = (seen.get(f"{one.name}/{each.name}", {}).get("story", "") for each in one.configurations)
    story = max(stories, key=len)  # the one that the ledger tells as well
    if story:
        lines += [
            "",
            "The first anomaly, as clients and as the brokers' ledger tell it:",
            "",
            "```text",
            story,
            "```",
        ]
    lines += ["", "## Again", "", "```sh", f"minikafka lab run {one.name}", "```", ""]
    return "\n".join(lines)


def claims(seen: Seen) -> str:
    """Claim by claim, with what it leaves out."""
    rows = [
        f"| {cell(one.claim)} | [{one.name}](../learn/lab/{one.name}.md) | {shown(one, seen, good=False)} "
        f"| {shown(one, seen, good=True)} | {one.article or 'right'}: {cell(one.truth)} |"
        for one in all_scenarios()
    ]
    return "\n".join(
        [
            "# Claims about messages, and what was seen",
            "",
            GENERATED,
            "",
            "Each claim of the article that the [lab](../learn/lab.md) tries, with seed 1 of every configuration. A",
            "bad one passes when it shows its anomaly, a good one when it shows none; the nightly run takes 20 seeds",
            "each.",
            "",
            "| the claim | scenario | bad configurations show | good configurations show | the claim is |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def shown(one: Scenario, seen: Seen, *, good: bool) -> str:
    told = [
        f"{each.name}: {now['shown']} ({now['verdict']})"
        for each in one.configurations
        if each.is_good is good and (now := seen.get(f"{one.name}/{each.name}"))
    ]
    return cell("; ".join(told)) or "-"


def count(one: Scenario, seen: Seen, *, good: bool) -> str:
    own = [seen.get(f"{one.name}/{each.name}") for each in one.configurations if each.is_good is good]
    passed = sum(told is not None and told["verdict"] == "PASS" for told in own)
    return f"{passed} of {len(own)}" if own else "-"


def settings(each: Configuration) -> str:
    return cell("<br>".join(f"`{name}={value}`" for name, value in each.settings().items())) or each.way


def wanted(each: Configuration) -> str:
    return " and ".join(sorted(kind.label for kind in each.shows)) or "nothing"


def text_of(docstring: str | None) -> list[str]:
    return [line.strip() for line in (docstring or "").strip().splitlines()]


def cell(text: str) -> str:
    """Safe inside a table."""
    return text.replace("|", "\\|").replace("\n", "<br>")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
