"""`minikafka lab run`: which scenarios, on what, and what is shown while they run and afterwards."""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from minikafka.errors import ConfigError, MinikafkaError

if TYPE_CHECKING:
    from minikafka.lab.result import Result
    from minikafka.lab.runner import Open, Run
    from minikafka.lab.scenario import Client, Scenario
    from minikafka.lab.targets import Target

CHECKED_AND_FALSE: Final = 1
COULD_NOT_TELL: Final = 3
FOLDER: Final = Path("minikafka-lab")
MAX_SEEDS: Final = 10_000
COMMAND_S: Final = 120.0
"""How long a command that kills or starts a broker may take."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios, as `lab list` names them")
    parser.add_argument("--all", action="store_true", help="every scenario")
    parser.add_argument("--configuration", metavar="NAME", help="only this configuration")
    parser.add_argument(
        "--client",
        metavar="NAME",
        help="only configurations whose application uses this client: confluent-kafka or java. Java's need a JDK, and "
        "in MINIKAFKA_JAVA_CLASSPATH where kafka-clients and its jars are ('/opt/kafka/libs/*'); without these they "
        "are skipped, by name",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed (1)")
    parser.add_argument(
        "--seeds", type=int, default=1, metavar="COUNT", help="so many seeds from --seed on (1)"
    )
    parser.add_argument("--jobs", type=int, metavar="N", help="runs at a time (4; 1 with --target)")
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help=f"for the report ({FOLDER})")
    parser.add_argument("-J", "--json", action="store_true", help="print verdict.json instead of the table")
    other = parser.add_argument_group("another Kafka")
    other.add_argument("--target", metavar="HOST:PORT", help="run on this cluster instead of our own brokers")
    other.add_argument(
        "--kill-cmd", metavar="CMD", help="kills broker {broker}: `docker kill kafka-{broker}`"
    )
    other.add_argument("--start-cmd", metavar="CMD", help="starts it again")
    own = parser.add_argument_group("your own program, behind --")
    own.add_argument("--records", type=int, default=300, metavar="N", help="in the input topic (300)")
    own.add_argument(
        "--id", default="key", metavar="WHERE", help="of its output: key, header:NAME, json:FIELD (key)"
    )
    own.add_argument("--schedule", type=Path, metavar="FILE", help="what goes wrong, and when (TOML)")
    own.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS", help="for all records (120)")


def run(arguments: argparse.Namespace) -> int:
    """Exit status as `cli/lab.py` says."""
    from minikafka.lab.result import Mark
    from minikafka.lab.runner import JOBS, plan, run_all

    if not 1 <= arguments.seeds <= MAX_SEEDS:
        raise ConfigError(f"--seeds is 1 to {MAX_SEEDS}, not {arguments.seeds}")
    opener = _opener(arguments)
    client = _client(arguments)
    seeds = range(arguments.seed, arguments.seed + arguments.seeds)
    wanted = plan(_chosen(arguments), seeds, arguments.configuration, client)
    if not wanted:
        raise ConfigError(f"{', '.join(arguments.names)}: no configuration uses the client {client}")
    started = time.monotonic()
    results: list[Result] = []
    progress = Progress(len(wanted), quiet=arguments.json)
    told: set[tuple[str, str]] = set()
    for one in run_all(wanted, opener, arguments.jobs or (1 if arguments.target else JOBS)):
        progress.tell(one)
        name = (one.scenario.name, one.configuration.name)
        results.append(one.thinned() if one.mark is Mark.PASS and name in told else one)
        told.add(name)
    return _finish(results, arguments, time.monotonic() - started)


def _chosen(arguments: argparse.Namespace) -> Sequence[Scenario]:
    from minikafka.lab.scenarios import all_scenarios, scenario

    if arguments.program is not None:
        return [_own(arguments)]
    if arguments.all == bool(arguments.names):
        raise ConfigError("name the scenarios to run, or say --all; `minikafka lab list` lists them")
    return all_scenarios() if arguments.all else [scenario(name) for name in arguments.names]


def _client(arguments: argparse.Namespace) -> Client | None:
    """Raises ConfigError for an unknown one, or one that cannot run here."""
    from minikafka.lab.clients.java import java_absence
    from minikafka.lab.scenario import Client, nearest

    known = [one.value for one in Client]
    if arguments.client is None:
        return None
    if arguments.client not in known:
        raise ConfigError(f"there is no client {arguments.client!r}{nearest(arguments.client, known)}")
    if arguments.program is not None:
        raise ConfigError("--client chooses among the lab's own applications; yours stands behind --")
    absence = java_absence() if arguments.client == Client.JAVA else ""
    if absence:
        raise ConfigError(absence)
    return Client(arguments.client)


def _own(arguments: argparse.Namespace) -> Scenario:
    """The user's program, as a scenario."""
    from minikafka.lab.clients import require_library
    from minikafka.lab.own.ids import extraction
    from minikafka.lab.own.schedule import read_schedule, schedule_of

    if not arguments.program:
        raise ConfigError("no program behind --: minikafka lab run NAME -- CMD ...")
    if arguments.target:
        raise ConfigError("a program of your own runs on our brokers: its schedule needs their levers")
    if arguments.all or len(arguments.names) != (0 if arguments.schedule else 1):
        raise ConfigError(
            "name one scenario, whose schedule your program is put under, or give --schedule FILE"
        )
    if not 1 <= arguments.records <= 1_000_000:
        raise ConfigError(f"--records is 1 to 1000000, not {arguments.records}")
    require_library()
    from minikafka.lab.own.run import Own
    from minikafka.lab.own.scenario import own_scenario

    name = arguments.names[0] if arguments.names else arguments.schedule.stem
    schedule = (
        read_schedule(arguments.schedule) if arguments.schedule else schedule_of(name, arguments.records)
    )
    own = Own(
        command=arguments.program,
        schedule=schedule,
        extract=extraction(arguments.id),
        records=arguments.records,
        timeout_s=arguments.timeout,
    )
    given = ["--schedule", str(arguments.schedule)] if arguments.schedule else [name]
    given += ["--records", str(arguments.records), "--id", arguments.id, "--seed", "{seed}", "--"]
    again = f"minikafka lab run {shlex.join(given)} {shlex.join(arguments.program)}".replace(
        "'{seed}'", "{seed}"
    )
    return own_scenario(name, own, {"replica.lag.time.max.ms": 30_000}, again)


def _opener(arguments: argparse.Namespace) -> Open:
    from minikafka.lab.runner import embedded

    if bool(arguments.kill_cmd) != bool(arguments.start_cmd):
        raise ConfigError("--kill-cmd and --start-cmd belong together: what is killed is started again")
    if arguments.target is None:
        if arguments.kill_cmd:
            raise ConfigError("--kill-cmd is for --target HOST:PORT; our own brokers need none")
        return embedded

    @contextmanager
    def opened(one: Run) -> Iterator[Target]:
        from minikafka.lab.targets.external import external

        kill, start = _command(arguments.kill_cmd), _command(arguments.start_cmd)
        features = dict(one.configuration.features)
        with external(arguments.target, one.scenario.brokers, features, kill, start) as target:
            yield target

    return opened


def _command(template: str | None) -> Callable[[int], None] | None:
    """Runs it without a shell, `{broker}` replaced. Raises MinikafkaError when it fails."""
    if template is None:
        return None

    def act(broker: int) -> None:
        words = [word.replace("{broker}", str(broker)) for word in shlex.split(template)]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MinikafkaError(f"{' '.join(words)}: {error}") from error
        if done.returncode:
            raise MinikafkaError(
                f"{' '.join(words)} ended with status {done.returncode}: {done.stderr.strip()[-300:]}"
            )

    return act


def _finish(results: Sequence[Result], arguments: argparse.Namespace, seconds: float) -> int:
    from minikafka.lab.report import in_order, verdict, write_all
    from minikafka.lab.report.table import closing, table
    from minikafka.lab.result import Mark

    ordered = in_order(results)
    report = write_all(ordered, arguments.out, seconds)
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
        """One more has ended."""
        from minikafka.lab.report.table import line

        self._done += 1
        if self._quiet:
            return
        if self._terminal:
            sys.stdout.write("\r\033[K")
        print(line(one, coloured=self._terminal), flush=True)
        if self._terminal and self._done < self._total:
            print(f"{self._done} of {self._total} runs", end="", flush=True)
