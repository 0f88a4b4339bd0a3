"""One test file, unchanged: in threads, in processes, and against Apache Kafka."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import build
from conformance.targets import running
from conformance.targets.apache_kafka import ApacheKafka

FILE = Path(__file__).with_name("same_file.py")
OPTIONS = ("-q", "-rs", "-W", "error", "-p", "no:asyncio", "-p", "no:anyio", "-p", "no:random_order")
EVERYTHING = 8
LEVERS = (
    "needs kafka.faults.drop_response(), which the Kafka at * does not give",
    "needs 3 brokers (1 there), which the Kafka at * does not give",
)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(*OPTIONS, *options, str(FILE), timeout=200)


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_in_threads_and_in_processes(pytester: pytest.Pytester, mode: str) -> None:
    """Every test passes in both."""
    run(pytester, f"--minikafka-mode={mode}").assert_outcomes(passed=EVERYTHING)


def test_against_apache_kafka(pytester: pytest.Pytester) -> None:
    """What needs levers is skipped and says which; everything else passes."""
    if not build.is_available("java"):
        pytest.skip(f"Apache Kafka needs {', '.join(build.COMMANDS['java'])} on PATH")
    build.build("java")
    with running(ApacheKafka(1)) as kafka:
        result = run(pytester, f"--minikafka-bootstrap={kafka.bootstrap_servers}")
    result.assert_outcomes(passed=EVERYTHING - len(LEVERS), skipped=len(LEVERS))
    result.stdout.fnmatch_lines_random([f"*{lever}" for lever in LEVERS])
