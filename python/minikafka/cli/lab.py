"""Try every claim about lost and repeated messages, both ways, with a real client.

    minikafka lab list                          # the scenarios and their claims
    minikafka lab run --all                     # all of them; a table, and a folder with the report
    minikafka lab run acks-leader-killed --seed 7
    minikafka lab check history.jsonl           # judge a recorded history

Exit status: 0 all as claimed, 1 something was not, 2 usage, 3 could not tell (INCONCLUSIVE), 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from minikafka.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from minikafka.lab.result import Result

CHECKED_AND_FALSE: Final = 1
COULD_NOT_TELL: Final = 3
FOLDER: Final = Path("minikafka-lab")
MAX_SEEDS: Final = 10_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|run|check")
    listing = actions.add_parser("list", help="the scenarios, their claims and configurations")
    listing.add_argument("-J", "--json", action="store_true", help="as JSON")
    _configure_run(actions.add_parser("run", help="run scenarios and judge them"))
    check = actions.add_parser("check", help="judge a recorded history (JSON lines, as in history.jsonl)")
    check.add_argument("file", type=Path)
    check.add_argument("-J", "--json", action="store_true", help="as JSON")


def _configure_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios, as `lab list` names them")
    parser.add_argument("--all", action="store_true", help="every scenario")
    parser.add_argument("--configuration", metavar="NAME", help="only this configuration")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed (1)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="COUNT", help="so many seeds from --seed on (1)"
    )
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="runs at a time (4)")
    parser.add_argument(
        "--out", type=Path, default=FOLDER, metavar="DIR", help=f"where the report goes ({FOLDER})"
    )
    parser.add_argument("-J", "--json", action="store_true", help="print verdict.json instead of the table")


def run(arguments: argparse.Namespace) -> int:
    """See the exit statuses above."""
    actions = {"list": _list, "run": _run, "check": _check}
    return actions[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:
    from minikafka.lab.scenarios import all_scenarios

    if arguments.json:
        print(json.dumps([one.as_dict() for one in all_scenarios()], indent=1))
        return 0
    for one in all_scenarios():
        print(f"{one.name:<26} {one.title}\n{'':<26} claim: {one.claim}")
        for configuration in one.configurations:
            shows = " and ".join(sorted(kind.label for kind in configuration.shows)) or "nothing"
            print(f"{'':<28} {configuration.side:<4} {configuration.name:<40} must show {shows}")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from minikafka.lab.runner import plan, run_all
    from minikafka.lab.scenarios import all_scenarios, scenario

    if arguments.all == bool(arguments.names):
        raise ConfigError("name the scenarios to run, or say --all; `minikafka lab list` lists them")
    if not 1 <= arguments.seeds <= MAX_SEEDS:
        raise ConfigError(f"--seeds is 1 to {MAX_SEEDS}, not {arguments.seeds}")
    chosen = all_scenarios() if arguments.all else tuple(scenario(name) for name in arguments.names)
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    wanted = plan(chosen, seeds, arguments.configuration)
    started = time.monotonic()
    results: list[Result] = []
    progress = Progress(len(wanted), quiet=arguments.json)
    for one in run_all(wanted, jobs=arguments.jobs):
        results.append(one)
        progress.tell(one)
    return _finish(results, arguments, time.monotonic() - started)


def _finish(results: Sequence[Result], arguments: argparse.Namespace, seconds: float) -> int:
    from minikafka.lab.report import in_order, verdict, write_all
    from minikafka.lab.report.table import closing, table
    from minikafka.lab.result import Mark

    ordered = in_order(results)
    report = write_all(ordered, arguments.out)
    if arguments.json:
        print(json.dumps(verdict(ordered), indent=1))
    else:
        print(table(ordered, coloured=sys.stdout.isatty()))
        print(f"\n{closing(ordered, seconds)}\n{report}")
    if any(one.mark is Mark.FAIL for one in results):
        return CHECKED_AND_FALSE
    return COULD_NOT_TELL if any(one.mark is Mark.INCONCLUSIVE for one in results) else 0


class Progress:
    """A line per run as it ends; on a terminal, below them, how many are left."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total, self._done, self._quiet = total, 0, quiet
        self._terminal = sys.stdout.isatty() and not quiet

    def tell(self, one: Result) -> None:
        from minikafka.lab.report.table import line

        self._done += 1
        if self._quiet:
            return
        if self._terminal:
            sys.stdout.write("\r\033[K")
        print(line(one, coloured=self._terminal), flush=True)
        if self._terminal and self._done < self._total:
            print(f"{self._done} of {self._total} runs", end="", flush=True)


def _check(arguments: argparse.Namespace) -> int:
    from minikafka.lab.recorded import check

    try:
        with arguments.file.open(encoding="utf-8") as lines:
            verdicts = check(lines)
    except OSError as error:
        raise ConfigError(f"{arguments.file}: {error.strerror}") from error
    if arguments.json:
        print(json.dumps({name: one.as_dict() for name, one in verdicts.items()}, indent=1))
    else:
        for name, one in verdicts.items():
            print("\n".join([f"{name or arguments.file}: {one}", *(f"  {each}" for each in one.findings)]))
    if any(one.findings for one in verdicts.values()):
        return CHECKED_AND_FALSE
    return COULD_NOT_TELL if any(one.inconclusive for one in verdicts.values()) else 0
