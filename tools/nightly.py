"""The full counts, one after another, and a page that says what was seen: `make nightly`.

    python tools/nightly.py                     # everything
    python tools/nightly.py simulation worlds   # these parts; the rows of the others stay as they were

Each part is a command anyone can run; its last telling line is what docs/reference/nightly.md quotes, beside the commit
and the time at which it ran. What is known of each part lies in .cache/nightly/, so a long run may be made in pieces.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference" / "nightly.md"
KEPT = ROOT / ".cache" / "nightly"
TELLING = re.compile(r"^seed \d+: |\d+ (passed|failed)|runs as claimed|simulated runs|test result:|^\d+ \d+$")
OWN_WORDS = re.compile(r"^seed \d+: |^\d+ runs of the lab|^\d+ clusters, ")
"""What a test says itself, and better than pytest."""
PYTEST = (sys.executable, "-m", "pytest", "-q")


@dataclass(frozen=True, slots=True)
class Part:
    """One command. `environment` is added to ours; `times`: run so often, each must succeed."""

    name: str
    what: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    times: int = 1


PARTS = (
    Part("rust", "the Rust core's own tests", ("cargo", "test", "--workspace", "--release", "--quiet")),
    Part(
        "unit",
        "units, architecture, and properties with fresh examples",
        (*PYTEST, "tests/unit", "tests/properties", "tests/architecture"),
        {"HYPOTHESIS_PROFILE": "nightly", "MINIKAFKA_POWER_LOSSES": "1000"},
    ),
    Part("wire", "codec oracle, golden frames, fuzz", (*PYTEST, "tests/wire")),
    Part("fuzz", "200,000 mutated frames", (sys.executable, "-m", "tests.wire.fuzz", "200000", "nightly")),
    Part(
        "simulation",
        "2,000 seeds of one failure at a time, 400 of power loss under fsync",
        (*PYTEST, "tests/simulation"),
        {"MINIKAFKA_SIM_SEEDS": "2000"},
    ),
    Part(
        "planted",
        "every planted mistake that does harm, with and without it, as the ledger and the clients' checker see it",
        (*PYTEST, "tests/simulation/test_planted_verdicts.py"),
        {"MINIKAFKA_PLANTED": "all"},
    ),
    Part(
        "worlds",
        "20,000 simulated worlds, each with the settings and misfortunes its seed draws",
        (sys.executable, "-m", "minikafka", "sim", "--seeds", "20000"),
    ),
    Part(
        "conformance", "every scenario with real clients, five times", (*PYTEST, "tests/conformance"), {}, 5
    ),
    Part(
        "kills",
        "exactly-once copies, groups and Kafka Streams with ten dead applications and up to nine dead brokers each",
        # KafkaJS needs minutes after each kill of its coordinator.
        (
            *(*PYTEST, "--timeout=900"),
            *(f"tests/conformance/test_{each}.py" for each in ("exactly_once", "groups", "streams")),
        ),
        {"MINIKAFKA_CONFORMANCE_COUNTS": "full"},
    ),
    Part(
        "old-kafka",
        "the verbs that speak to any Kafka, on Kafka 2.8 with ZooKeeper",
        (*PYTEST, "tests/conformance/test_verbs_on_old_kafka.py"),
        {"MINIKAFKA_CONFORMANCE_COUNTS": "full"},
    ),
    Part(
        "real-kills",
        "kill -9 of brokers and controllers at random, real processes, five minutes",
        (*PYTEST, "-s", "tests/process"),
        {"MINIKAFKA_KILL_SECONDS": "300"},
    ),
    Part(
        "lab",
        "every scenario of the lab, each configuration with 20 seeds: no wrong verdict, under 1 % inconclusive",
        (*PYTEST, "-s", "tests/conformance/test_lab.py", "tests/conformance/test_lab_java.py"),
        {"MINIKAFKA_LAB_SEEDS": "20"},
    ),
    Part(
        "lab-apache",
        "the scenarios of the lab that Apache Kafka allows, on three of its brokers",
        (sys.executable, "-m", "conformance.lab_apache"),
    ),
    Part(
        "cycles",
        "1,000 clusters of three brokers, one after another in one process: threads, files, memory",
        (*PYTEST, "-s", "tests/leaks/test_cycles.py"),
        {"MINIKAFKA_CYCLES": "1000"},
    ),
    Part(
        "shuffled",
        "200 tests under `pytest -n 4` in 20 random orders",
        (*PYTEST, "tests/leaks/test_shuffled.py"),
        {"MINIKAFKA_SHUFFLES": "20"},
    ),
    Part(
        "packaging",
        "wheel and sdist, and a loss test in fresh environments of every interpreter here",
        (*PYTEST, "tests/packaging"),
        {"MINIKAFKA_PACKAGING": "full"},
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part ended with."""

    part: Part
    passed: bool
    seconds: float
    said: list[str]
    commit: str
    when: str

    def save(self) -> None:
        facts = {
            "passed": self.passed,
            "seconds": self.seconds,
            "said": self.said,
            "commit": self.commit,
            "when": self.when,
        }
        kept_at(self.part, "json").write_text(json.dumps(facts))


def kept_at(part: Part, suffix: str) -> Path:
    """Where what is known of a part is kept: `log`, pytest's `xml`, and the outcome as `json`."""
    KEPT.mkdir(parents=True, exist_ok=True)
    return KEPT / f"{part.name}.{suffix}"


def known() -> list[Outcome]:
    """The last outcome of each part that ever ran here, in the parts' order."""
    return [
        Outcome(part, **json.loads(kept.read_text()))
        for part in PARTS
        if (kept := kept_at(part, "json")).exists()
    ]


def commit_now() -> str:
    """The commit, with a plus sign if the tree differs from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    pages = [f":!{page.relative_to(ROOT)}" for page in (PAGE, PAGE.with_name("rules-shown.md"))]
    return git("rev-parse", "--short", "HEAD") + (
        "+" if git("status", "--porcelain", "--", ".", *pages) else ""
    )


def run(part: Part) -> Outcome:
    """Run it as often as it asks, stopping at the first failure; its output goes to .cache/nightly/."""
    report = kept_at(part, "xml")
    command = (*part.command, f"--junitxml={report}") if part.command[:3] == PYTEST[:3] else part.command
    commit, when = commit_now(), dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M")
    started = time.monotonic()
    said: list[str] = []
    passed = True
    with kept_at(part, "log").open("w") as out:
        for _ in range(part.times):
            done = subprocess.run(
                command,
                cwd=ROOT,
                env={**os.environ, **part.environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            out.write(done.stdout)
            said += telling(done.stdout)
            passed = done.returncode == 0
            if not passed:
                break
    return Outcome(part, passed, time.monotonic() - started, said, commit, when)


def telling(output: str) -> list[str]:
    """The last line that says how it went, or what each seed did; cargo says it once for each of its targets."""
    cargo = [int(count) for count in re.findall(r"^test result: ok\. (\d+) passed", output, re.MULTILINE)]
    if cargo:
        return [f"{sum(cargo)} passed in {len(cargo)} targets"]
    lines = [line.strip("= ") for line in output.splitlines() if TELLING.search(line)]
    return [line for line in output.splitlines() if OWN_WORDS.search(line)] or lines[-1:]


def page(outcomes: list[Outcome]) -> str:
    """The summary: machine, and for each part commit, date and what it said."""
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    rows = [
        f"| {one.part.name} | {one.part.what} | {'passed' if one.passed else '**failed**'} "
        f"| {'; '.join(one.said)} | {one.seconds:.0f} s | `{one.commit}` | {one.when} |"
        for one in outcomes
    ]
    return "\n".join(
        [
            "# The last full run",
            "",
            f"`make nightly` on {machine}; dates in UTC. A part may be run alone: `python tools/nightly.py PART`.",
            "",
            "| part | what | outcome | it said | time | commit | date |",
            "| --- | --- | --- | --- | ---: | --- | --- |",
            *rows,
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [part.name for part in PARTS]
    parser.add_argument(
        "parts", nargs="*", choices=[*names, []], metavar="PART", help=f"of {', '.join(names)}; default all"
    )
    options = parser.parse_args()
    outcomes = []
    for part in PARTS:
        if not options.parts or part.name in options.parts:
            outcome = run(part)
            outcome.save()
            outcomes.append(outcome)
            mark = "ok  " if outcome.passed else "FAIL"
            print(f"{mark}  {part.name}  {'; '.join(outcome.said)}", flush=True)
    PAGE.write_text(page(known()))
    print(f"written to {PAGE.relative_to(ROOT)}")
    reports = [str(report) for part in PARTS if (report := kept_at(part, "xml")).exists()]
    rules = subprocess.run([sys.executable, "tools/rules_shown.py", *reports], cwd=ROOT, check=False)
    return 0 if all(one.passed for one in outcomes) and rules.returncode == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
