"""Write docs/reference/faults.md: everything that can be made to go wrong, with an example each.

    python tools/faults_page.py            # rewrite the page
    python tools/faults_page.py --check    # write nothing; status 1 if it is stale

Made from the actions, their docstrings and the methods themselves. Each example is one rule, written both as Python and
as JSON; a test holds that both mean it.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minikafka.errors import ErrorCode
from minikafka.faults import actions
from minikafka.faults.actions import ACTIONS, Action, action_name, subject_of
from minikafka.faults.plain import to_json
from minikafka.faults.rule import Match, Rule, When
from minikafka.runtime import striking
from minikafka.testing.about import AT_EVENT
from minikafka.testing.cluster import Cluster
from minikafka.testing.faults import Fault
from minikafka.testing.nodes import BrokerHandle, NodeHandle

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "faults.md"

EXAMPLES: list[Rule] = [
    Rule(
        actions.Error(ErrorCode.NOT_LEADER_OR_FOLLOWER),
        Match("Produce", topic="orders", partition=0),
        When(times=3),
    ),
    Rule(actions.Close(), Match("EndTxn", transactional_id="copy-1"), When(times=1)),
    Rule(actions.DropRequest(), Match("Produce", client_id="billing"), When(nth=5)),
    Rule(actions.DropResponse(), Match("Produce", topic="orders"), When(times=1)),
    Rule(actions.Hold("request"), Match("Fetch", topic="orders", between_brokers=True)),
    Rule(actions.Delay(200), Match("Fetch", broker=2), When(probability=0.1, seed=7)),
    Rule(actions.Reorder(), Match("Produce", topic="orders"), When(times=1)),
    Rule(actions.FailFsync(), Match(broker=1), When(times=1)),
    Rule(actions.DiskFull(after_bytes=1_000_000), Match(broker=1)),
    Rule(actions.SlowDisk(500), Match(broker=2, topic="orders", partition=0)),
    Rule(actions.Kill(), Match(event="append", topic="orders", broker=1), When(nth=3)),
    Rule(actions.PowerLoss(), Match(event="high_watermark", topic="orders", partition=0), When(times=1)),
    Rule(
        actions.Pause(),
        Match(event="transaction", facts={"transactional_id": "copy-1", "to": "PREPARE_COMMIT"}),
        When(times=1),
    ),
]
CALL = """```python
from confluent_kafka import Producer
from minikafka import Cluster

with Cluster(brokers=3, topics=["orders:1:3"]) as kafka:

    def cut_off(event):
        kafka.isolate(event.broker)

    with kafka.faults.on_event("append", topic="orders", then=cut_off) as fault:
        producer = Producer({**kafka.client_config("confluent"), "acks": "all", "enable.idempotence": True})
        producer.produce("orders", b"appended by a leader that is alone from then on")
        fault.wait_fired()
        kafka.wait(topic="orders", partition=0, leader_epoch=1)
    kafka.heal()
    assert producer.flush(30) == 0
```
"""
INTRODUCTION = """# Faults

What can be made to go wrong on a real cluster, and how it is said. A fault is a *rule*: what it is about (`match`),
when it strikes (`when`), what it does (`then`). It is in force until it is healed, counts how often it struck, and
tells each strike as an event of kind `fault` with its id ([events](events.md)).

```python
from confluent_kafka import Producer
from minikafka import Cluster

with Cluster(topics=["orders"]) as kafka:
    with kafka.faults.drop_response(api="Produce", topic="orders", times=1) as fault:
        producer = Producer({**kafka.client_config("confluent"), "enable.idempotence": False})
        producer.produce("orders", b"once or twice?")
        producer.flush()
    fault.assert_fired()
    assert kafka.topic("orders").partition(0).high_watermark == 2  # the retry is a second copy
```

As JSON the same rule is what `POST /v1/faults` takes and what `kafka.faults.add({...})` takes. Whatever does not fit is
refused with the nearest name. `kafka.faults.list()` lists the rules in force, `kafka.faults.heal()` heals all of them,
`kafka.faults.heal("id")` one. In a coroutine all of it is `kafka.aio.faults`: `async with` or `await` arms a fault,
`await fault.wait_fired()` leaves the loop to its clients.
"""
SUBJECTS = {
    "request": "## Requests and replies",
    "disk": "## Disks",
    "event": "## At an event",
}
MODES: list[tuple[str, str, str]] = [
    ("", "mode `thread`", "mode `process`"),
    (
        "`kill`, `power_loss`",
        "the node's life ends, its connections are reset",
        "its process ends itself with SIGKILL, or leaves the crash image first",
    ),
    ("`pause`", "no event is delivered to it, nothing it decided is done", "SIGSTOP to itself"),
    (
        "a function",
        "runs on a thread of its own; the other nodes go on",
        "runs in the test's process; the node's process answers looks and levers, and nothing else",
    ),
    ("the events up to the strike", "are recorded", "have left the process before it ends"),
    (
        "counting",
        "one count for all nodes",
        "the parent's; the child waits for its answer in the middle of its turn",
    ),
    ("the handle", "says `stopped` or `paused` from the strike on", "the same"),
]


def python_of(rule: Rule) -> str:
    """The call that makes this rule."""
    given: dict[str, Any] = {}
    for value in (rule.match, rule.when):
        given |= _changed(value)
    name = action_name(rule.then)
    if subject_of(rule.then) == "event":
        if given.get("times") == 1:
            del given["times"]
        first = json.dumps(given.pop("event"))
        return f"kafka.faults.on_event({', '.join([first, *_arguments(given), f'then={name!r}'])})".replace(
            "'", '"'
        )
    given = _changed(rule.then) | given
    return f"kafka.faults.{name}({', '.join(_arguments(given))})"


def _changed(value: Any) -> dict[str, Any]:
    plain = {}
    for field in dataclasses.fields(value):
        one = getattr(value, field.name)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if one != default:
            plain[field.name] = one.name if isinstance(one, ErrorCode) else one
    return plain


def _arguments(given: dict[str, Any]) -> list[str]:
    return [f"{name}={repr(one).replace(chr(39), chr(34))}" for name, one in given.items()]


def _said(of: Callable[..., object] | type) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(inspect.getdoc(of).split("\n\n")[0].split())  # type: ignore[union-attr]


def _fields(kind: type[Match | When]) -> list[str]:
    """A docstring that says `name: meaning.` of each field, as a list."""
    names = "|".join(field.name for field in dataclasses.fields(kind))
    text = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
    lines = re.sub(rf"(?:^|(?<=[.:] ))({names}): ", r"\n- `\1`: ", text).split("\n")
    return [lines[0].strip(), "", *(line.strip() for line in lines[1:])]


def _modes() -> list[str]:
    rows = [f"| {' | '.join(row)} |" for row in MODES]
    return [rows[0], "| --- | --- | --- |", *rows[1:]]


def _action(kind: type[Action]) -> list[str]:
    name = next(name for name, one in ACTIONS.items() if one is kind)
    lines = [f"### `{name}`", "", _said(kind), ""]
    example = next((rule for rule in EXAMPLES if type(rule.then) is kind), None)
    if example is None:
        return [*lines, CALL]
    return [*lines, f"`{python_of(example)}`", "", "```json", json.dumps(to_json(example)), "```", ""]


def _levers(owner: type, instance: str, names: list[str]) -> list[str]:
    return [f"| `{instance}.{name}` | {_said(getattr(owner, name))} |" for name in names]


def page() -> str:
    """The whole page."""
    lines = [INTRODUCTION, "## What it is about", "", *_fields(Match), ""]
    lines += ["## When it strikes", "", *_fields(When), ""]
    lines += ["## What it did", "", "| | |", "| --- | --- |"]
    lines += [
        f"| `fault.{name}` | {_said(getattr(Fault, name))} |"
        for name in ("fired", "assert_fired", "wait_fired", "heal")
    ]
    lines += [""]
    for subject, heading in SUBJECTS.items():
        lines += [heading, ""]
        if subject == "event":
            lines += [inspect.cleandoc(striking.__doc__ or "").partition("\n\n")[2], "", *_modes(), ""]
            lines += [
                f"`then` is {', '.join(f'`{name}`' for name in AT_EVENT)}, or a function of the event.",
                "",
            ]
        for kind in ACTIONS.values():
            if subject_of_kind(kind) == subject:
                lines += _action(kind)
    lines += [
        "## Nodes and the network",
        "",
        "Levers that are pulled at once rather than placed:",
        "",
        "| lever | |",
        "| --- | --- |",
    ]
    lines += _levers(
        NodeHandle, "kafka.broker(1)", ["kill", "power_loss", "pause", "resume", "stop", "start"]
    )
    lines += _levers(BrokerHandle, "kafka.broker(1)", ["freeze_metadata", "thaw_metadata"])
    lines += _levers(Cluster, "kafka", ["isolate", "cut", "delay", "heal", "power_loss"])
    return "\n".join(lines) + "\n"


def subject_of_kind(kind: type[Action]) -> str:
    """`subject_of` an action of this kind."""
    example = next((rule.then for rule in EXAMPLES if type(rule.then) is kind), actions.Call())
    return subject_of(example)


def main(arguments: list[str] | None = None) -> int:
    """Returns the process status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="only say whether the page is fresh")
    options = parser.parse_args(arguments)
    fresh = page()
    if options.check:
        stale = not PAGE.exists() or fresh != PAGE.read_text(encoding="utf-8")
        if stale:
            print(f"stale: {PAGE.relative_to(ROOT)}; run python tools/faults_page.py", file=sys.stderr)
        return int(stale)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
