"""Write docs/reference/events.md: every kind of trace event, and which rule is told where.

    python tools/events_page.py            # rewrite the page
    python tools/events_page.py --check    # write nothing; status 1 if it is stale

Read from the sources: each `trace.event("kind", "rule", ...)` names both as literals, so the page cannot promise an
event that nothing tells. A rule that is decided by a condition may be `"R7" if ... else "L14"`. What is refused names
its rule where it is refused, `Rejected(..., rule="I4")`, and is told as `refused` by whoever answers it: so a rule's
id that stands in a file that refuses counts as told there.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

from minikafka.trace import KINDS

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "events.md"
PACKAGE = ROOT / "python" / "minikafka"
REFUSED = "refused"
RULE = re.compile(r"[LFRDITG]\d+")

INTRODUCTION = """# Trace events

What brokers and the controller say they did, and why: `Cluster.events()`, one JSON object per line in every export.

| field | meaning |
| --- | --- |
| `seq` | order of arrival at the recorder, over all nodes |
| `t_ms` | the node's broker time, in ms |
| `broker` | the node: a broker's id, 1000 for the controller |
| `n` | counts this node's events, through all its lives |
| `kind` | one of those below |
| `rule` | the [rule](rules.md) that made it so; empty for what came from outside |
| `topic`, `partition` | what it is about, where it is about one partition |
| `cause` | the `n` of the event of the same node that led to it |

Everything else in an event is a fact of its own.
"""


class Told(NamedTuple):
    """One place that tells an event."""

    kind: str
    rule: str
    file: str


def told(package: Path) -> list[Told]:
    """Every call of `event` with literal kind and rule. Raises ValueError for one that is not literal or not known."""
    found = []
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [Told(REFUSED, rule, file) for rule in sorted(_refused_by(tree))]
        for node in ast.walk(tree):
            if not _is_event(node):
                continue
            assert isinstance(node, ast.Call)
            kinds, rules = (_literals(argument) for argument in node.args[:2])
            where = f"{file}:{node.lineno}"
            if not kinds or not rules:
                raise ValueError(f"{where}: kind and rule of an event are written out")
            meant = {word.arg for word in node.keywords} & {"kind", "rule", "partition", "cause"}
            if meant:
                raise ValueError(f"{where}: {min(meant)} goes by its place; by name it would be a fact")
            strange = [kind for kind in kinds if kind not in KINDS]
            if strange:
                raise ValueError(f"{where}: {strange[0]!r} is not a kind of event (trace.py)")
            found += [Told(kind, rule, file) for kind in kinds for rule in rules]
    return found


def _refused_by(tree: ast.Module) -> set[str]:
    """Ids of the rules that this file refuses by."""
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    names = (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls)
    if not any(name.endswith("Rejected") for name in names):
        return set()
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text for text in texts if isinstance(text, str) and RULE.fullmatch(text)}


def _is_event(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or len(node.args) < 2:
        return False
    owner = node.func.value
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return node.func.attr == "event" and name.strip("_") == "trace"


def _literals(node: ast.expr) -> list[str]:
    """The strings an expression can be: a literal, a choice of literals, or `something.rule or "I2"`."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=body, orelse=other):
            return _literals(body) + _literals(other)
        case ast.BoolOp(values=values):
            return _literals(values[-1])
        case _:
            return []


def page(events: list[Told]) -> str:
    """The whole page."""
    lines = [INTRODUCTION, "| kind | tells that | rules | told in |", "| --- | --- | --- | --- |"]
    for kind, meaning in KINDS.items():
        own = [event for event in events if event.kind == kind]
        rules = ", ".join(sorted({event.rule for event in own if event.rule}, key=_by_number))
        files = ", ".join(f"`{file}`" for file in sorted({event.file for event in own}))
        lines.append(f"| `{kind}` | {meaning} | {rules} | {files} |")
    return "\n".join(lines) + "\n"


def _by_number(rule: str) -> tuple[str, int]:
    return rule[0], int(rule[1:])


def main(arguments: list[str] | None = None) -> int:
    """Returns the process status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only say whether the page is fresh")
    options = parser.parse_args(arguments)
    try:
        fresh = page(told(PACKAGE))
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    if options.check:
        stale = not PAGE.exists() or fresh != PAGE.read_text(encoding="utf-8")
        if stale:
            print(f"stale: {PAGE.relative_to(ROOT)}; run python tools/events_page.py", file=sys.stderr)
        return int(stale)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
