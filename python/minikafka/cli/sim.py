"""Simulate a cluster, its clients and its misfortunes from a seed, and judge what became of every promise.

The same seed is the same run, event for event. `--shrink` makes a failing run smaller; the command printed repeats it.

Examples:
  minikafka sim --seed 7
  minikafka sim --seed 1 --seeds 1000
  minikafka sim --seed 7 --trace | jq 'select(.kind == "isr")'
  minikafka sim --seed 7 --plant list
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from minikafka.cli.main import FALSE
from minikafka.cli.options import pairs
from minikafka.cli.output import Row, add_json_option, show
from minikafka.errors import ConfigError

if TYPE_CHECKING:
    from minikafka.sim.case import Case
    from minikafka.sim.fleet import Failure
    from minikafka.sim.run import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which world (1)")
    parser.add_argument(
        "--seeds", type=int, metavar="COUNT", help="so many worlds from --seed on, on all cores"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a setting of the world, instead of the seed's",
    )
    parser.add_argument(
        "--schedule", metavar="STRIKES", help="NAME:BROKER.OTHER@QUIET_MS+LASTS_MS,... instead of the seed's"
    )
    parser.add_argument("--plant", metavar="NAME", help="build in a known mistake; `list` names them")
    parser.add_argument("--shrink", action="store_true", help="make a failing run smaller")
    parser.add_argument("--trace", action="store_true", help="print every event, one JSON object a line")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 1: a promise was broken."""
    if arguments.plant == "list":
        return _list_plants(as_json=arguments.json)
    return _run_many(arguments) if arguments.seeds is not None else _run_one(arguments)


def _list_plants(*, as_json: bool) -> int:
    from minikafka.sim.planted import BUGS

    show(({"plant": name, "lesson": bug.lesson} for name, bug in BUGS.items()), as_json=as_json)
    return 0


def _run_many(arguments: argparse.Namespace) -> int:
    from minikafka.sim.fleet import sail

    if arguments.set or arguments.schedule or arguments.plant:
        raise ConfigError("--seeds runs worlds as their seeds have them")

    def tell(failure: Failure) -> None:
        if arguments.json:
            show([{"violations": list(failure.violations), "command": failure.command}], as_json=True)
        else:
            print(f"{failure.violations[0]}\n  {failure.command}", flush=True)

    voyage = sail(range(arguments.seed, arguments.seed + arguments.seeds), tell=tell)
    if arguments.json:
        show([{"failures": len(voyage.failures), "closing": voyage.closing_line}], as_json=True)
    else:
        print(voyage.closing_line)
    return FALSE if voyage.failures else 0


def _run_one(arguments: argparse.Namespace) -> int:
    from minikafka.sim import schedule, swarm
    from minikafka.sim.case import Case
    from minikafka.sim.shrink import shrink

    settings = swarm.draw(arguments.seed).with_changes(pairs(arguments.set, "--set NAME=VALUE"))
    strikes = None if arguments.schedule is None else schedule.read(arguments.schedule)
    case = Case.of(arguments.seed, settings, strikes, arguments.plant)
    if arguments.shrink:
        case = shrink(case, lambda smaller: print(f"smaller: {smaller.command}", file=sys.stderr, flush=True))
    report, lived = case.traced() if arguments.trace else (case.run(), None)
    if lived is not None:
        for event in lived.world.history.events():
            print(event.as_json())
    if arguments.json:
        show([_row(case, report)], as_json=True)
        return FALSE if report.violations else 0
    for struck in report.struck:
        print(f"  {struck}")
    for violation in report.violations:
        print(f"violation: {violation}")
    print(f"{case.command}  # {report.acknowledged} acknowledged, {report.simulated_ms} ms, {report.digest}")
    return FALSE if report.violations else 0


def _row(case: Case, report: Report) -> Row:
    return {
        "command": case.command,
        "acknowledged": report.acknowledged,
        "simulated_ms": report.simulated_ms,
        "digest": report.digest,
        "struck": [str(struck) for struck in report.struck],
        "violations": [str(violation) for violation in report.violations],
    }
