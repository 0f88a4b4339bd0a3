"""`minikafka run -- CMD` around a Maven, a Go and an npm project that know nothing of minikafka (examples/)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.build import is_available
from conformance.paths import ROOT

PROJECTS = {
    "maven": ("java", ["mvn", "-q", "-B", "test"]),
    "go": ("go", ["go", "test", "./..."]),
    "npm": ("node", ["npm", "test"]),
}
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
BRIEF = {"MAVEN_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""A build that is over before a JVM's better compiler pays."""


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy, because build tools write beside their sources."""
    name: str = request.param
    toolchain, _ = PROJECTS[name]
    if not is_available(toolchain):
        pytest.skip(f"the {name} project needs {toolchain} on PATH")
    copy = Path(shutil.copytree(ROOT / "examples" / name, tmp_path / name))
    if name == "npm":
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=copy, check=True)
    return copy


def run(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "minikafka", "run", *options, "--", *PROJECTS[project.name][1]]
    return subprocess.run(
        command, cwd=project, env=CLEAN | BRIEF, capture_output=True, text=True, timeout=280, check=False
    )


@pytest.mark.parametrize("project", PROJECTS, indirect=True)
def test_a_project_passes_its_tests_with_a_broker_around_it(project: Path) -> None:
    """By KAFKA_BOOTSTRAP_SERVERS alone; the status is the command's."""
    ran = run(project)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("project", ["go"], indirect=True)
def test_a_project_that_fails_fails(project: Path) -> None:
    """The check above can fail: a consumer that reads one order too few."""
    source = project / "orders.go"
    source.write_text(source.read_text().replace("len(orders) < count", "len(orders) < count-1"))
    ran = run(project, "-c", "group.max.session.timeout.ms=60000")
    assert ran.returncode == 1
    assert "FAIL" in ran.stdout


def test_the_pages_of_the_examples_show_what_is_run() -> None:
    """Each command of the README is one of those above."""
    page = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    for _, command in PROJECTS.values():
        assert f"minikafka run -- {' '.join(word for word in command if word != '-B')}" in page
