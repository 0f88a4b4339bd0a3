"""Simulate a cluster, its clients and its misfortunes from a seed, and judge what became of every promise.

The same seed is the same run, event for event. `--shrink` makes a failing run smaller; the command printed repeats it.
"""

from __future__ import annotations

import argparse

from minikafka.cli.options import pairs
from minikafka.errors import ConfigError

CHECKED_AND_FALSE = 1


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


def run(arguments: argparse.Namespace) -> int:
    """Exit status 1: a promise was broken."""
    if arguments.plant == "list":
        return _list_plants()
    return _run_many(arguments) if arguments.seeds is not None else _run_one(arguments)


def _list_plants() -> int:
    from minikafka.sim.planted import BUGS

    for name, bug in BUGS.items():
        print(f"{name:42} {bug.lesson}")
    return 0


def _run_many(arguments: argparse.Namespace) -> int:
    from minikafka.sim.fleet import sail

    if arguments.set or arguments.schedule or arguments.plant:
        raise ConfigError("--seeds runs worlds as their seeds have them")

    voyage = sail(
        range(arguments.seed, arguments.seed + arguments.seeds),
        tell=lambda failure: print(f"{failure.violations[0]}\n  {failure.command}", flush=True),
    )
    print(voyage.closing_line)
    return CHECKED_AND_FALSE if voyage.failures else 0


def _run_one(arguments: argparse.Namespace) -> int:
    from minikafka.sim import schedule, swarm
    from minikafka.sim.case import Case
    from minikafka.sim.shrink import shrink

    settings = swarm.draw(arguments.seed).with_changes(pairs(arguments.set, "--set NAME=VALUE"))
    strikes = None if arguments.schedule is None else schedule.read(arguments.schedule)
    case = Case.of(arguments.seed, settings, strikes, arguments.plant)
    if arguments.shrink:
        case = shrink(case, lambda smaller: print(f"smaller: {smaller.command}", flush=True))
    report, lived = case.traced() if arguments.trace else (case.run(), None)
    if lived is not None:
        for event in lived.world.history.events():
            print(event.as_json())
    for struck in report.struck:
        print(f"  {struck}")
    for violation in report.violations:
        print(f"violation: {violation}")
    print(f"{case.command}  # {report.acknowledged} acknowledged, {report.simulated_ms} ms, {report.digest}")
    return CHECKED_AND_FALSE if report.violations else 0
