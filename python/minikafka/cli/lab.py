"""Try every claim about lost and repeated messages, both ways, with a real client.

    minikafka lab list                          # the scenarios and their claims
    minikafka lab run --all                     # all of them; a table, and a folder with the report
    minikafka lab run acks-leader-killed --seed 7
    minikafka lab run auto-commit --client java # on Apache Kafka's own client, where the claim is about it
    minikafka lab run exactly-once-copy -- ./my-app             # your own program under the same misfortune
    minikafka lab run --all --target localhost:9092             # Apache Kafka
    minikafka lab check history.jsonl           # judge a recorded history
    minikafka lab report minikafka-lab          # the table of an earlier run
    minikafka lab compare ours theirs           # two runs, where they differ

Exit status: 0 all as claimed, 1 something was not, 2 usage, 3 could not tell (INCONCLUSIVE), 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from minikafka.cli import lab_run
from minikafka.errors import ConfigError

CHECKED_AND_FALSE: Final = 1
COULD_NOT_TELL: Final = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list|run|check|report|compare", parser_class=WithProgram
    )
    listing = actions.add_parser("list", help="the scenarios, their claims and configurations")
    lab_run.configure(actions.add_parser("run", help="run scenarios and judge them"))
    check = actions.add_parser("check", help="judge a recorded history (JSON lines, as in history.jsonl)")
    check.add_argument("file", type=Path)
    report = actions.add_parser("report", help="the table of an earlier run")
    report.add_argument("folder", type=Path, nargs="?", default=lab_run.FOLDER)
    compare = actions.add_parser("compare", help="where two earlier runs differ")
    compare.add_argument("one", type=Path, help="a report's folder, or its verdict.json")
    compare.add_argument("other", type=Path)
    for each in (listing, check, report, compare):
        each.add_argument("-J", "--json", action="store_true", help="as JSON")


class WithProgram(argparse.ArgumentParser):
    """Keeps what stands behind `--` apart, in `program`; argparse alone would take it for more names."""

    def parse_known_args(  # type: ignore[override]  # as argparse itself calls it
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        words = list(args or ())
        at = words.index("--") if "--" in words else len(words)
        found, rest = super().parse_known_args(words[:at], namespace)
        found.program = words[at + 1 :] if at < len(words) else None
        return found, rest


def run(arguments: argparse.Namespace) -> int:
    """See the exit statuses above."""
    if arguments.program is not None and arguments.action != "run":
        raise ConfigError(f"`lab {arguments.action}` runs no program: nothing may stand behind --")
    actions = {"list": _list, "run": lab_run.run, "check": _check, "report": _report, "compare": _compare}
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
            print(f"{'':<28} {configuration.side:<4} {configuration.name:<48} must show {shows}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from minikafka.lab.recorded import check

    try:
        with arguments.file.open(encoding="utf-8") as lines:
            verdicts = check(lines)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{arguments.file}: {error}") from error
    if arguments.json:
        print(json.dumps({name: one.as_dict() for name, one in verdicts.items()}, indent=1))
    else:
        for name, one in verdicts.items():
            print("\n".join([f"{name or arguments.file}: {one}", *(f"  {each}" for each in one.findings)]))
    if any(one.findings for one in verdicts.values()):
        return CHECKED_AND_FALSE
    return COULD_NOT_TELL if any(one.inconclusive for one in verdicts.values()) else 0


def _report(arguments: argparse.Namespace) -> int:
    from minikafka.lab.kept import read_kept

    runs = read_kept(arguments.folder)
    if arguments.json:
        print(json.dumps([one._asdict() for one in runs.values()], indent=1))
    else:
        for one in runs.values():
            wanted = " and ".join(one.must_show) or "nothing"
            print(f"{one.verdict:<12}  {one.side:<4}  {one.name:<64} must show {wanted:<14} shows {one.seen}")
    marks = {one.verdict for one in runs.values()}
    return CHECKED_AND_FALSE if "FAIL" in marks else COULD_NOT_TELL if "INCONCLUSIVE" in marks else 0


def _compare(arguments: argparse.Namespace) -> int:
    from minikafka.lab.kept import compare, read_kept

    differences = compare(read_kept(arguments.one), read_kept(arguments.other))
    if arguments.json:
        print(json.dumps([one._asdict() for one in differences], indent=1))
    else:
        for one in differences:
            print(f"{one.name}: {one.what}: {one.one} | {one.other}")
        print(f"{len(differences)} differences between {arguments.one} and {arguments.other}")
    return CHECKED_AND_FALSE if differences else 0
