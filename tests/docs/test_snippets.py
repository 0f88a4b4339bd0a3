"""Every Python and shell snippet of the README and the docs does what its reader will see it do."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.docs.snippets import SHELL, Snippet, commands, files, pages, snippets

ALL = [snippet for page in pages() for snippet in snippets(page)]
PYTHON = [one for one in ALL if one.language == "python"]
COMMANDS = [one for one in ALL if one.language in SHELL]
ELSEWHERE = {
    "curl": "tests/unit/admin/test_http_page.py runs the page's examples",
    "minikafka lab": "tests/conformance/test_lab.py runs every scenario",
    "make": "make is how these tests were started",
    "pip": "tests/packaging installs into a fresh environment",
    "git": "needs the network",
    "cargo": "make lint runs cargo",
}
"""Commands that are not run here, and why."""
READY = "minikafka ready "


def ids(snippet: Snippet) -> str:
    return snippet.id


def skip_if_noted(snippet: Snippet) -> None:
    if "not run" in snippet.notes:
        pytest.skip(f"not run: {snippet.notes['not run']}")
    needed = snippet.notes.get("needs")
    if needed is not None and shutil.which(needed) is None:
        pytest.skip(f"needs {needed} on PATH")


def file_name(snippet: Snippet) -> str:
    """Where a snippet with tests lies: all parts of one file of one page together."""
    part = f"{snippet.page}/{snippet.file or snippet.line}"
    return f"test_{hashlib.sha256(part.encode()).hexdigest()[:12]}.py"


def is_test(snippet: Snippet) -> bool:
    return snippet.file is not None or "def test_" in snippet.text


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """All snippets with tests, run together by pytest as their readers do: what went wrong, by file."""
    directory = tmp_path_factory.mktemp("snippets")
    for snippet in PYTHON:
        if is_test(snippet) and "not run" not in snippet.notes:
            text = files(snippet.page)[snippet.file] if snippet.file else snippet.text
            (directory / file_name(snippet)).write_text(text, encoding="utf-8")
    report = directory / "report.xml"
    options = ["-q", "-W", "error", "-p", "no:random_order", "-p", "no:anyio", "-o", "asyncio_mode=auto"]
    options += ["-o", "asyncio_default_fixture_loop_scope=function", f"--junitxml={report}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "."],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for case in ET.parse(report).iter("testcase"):
        problems = [each.text or "" for each in case if each.tag in ("failure", "error")]
        found.setdefault(f"{case.get('classname', '').split('.')[0] or case.get('name')}.py", []).extend(
            problems
        )
    return found


@pytest.mark.parametrize("snippet", [one for one in PYTHON if is_test(one)], ids=ids)
def test_a_snippet_with_tests_passes(snippet: Snippet, outcomes: dict[str, list[str]]) -> None:
    """By pytest, with the plugin."""
    skip_if_noted(snippet)
    problems = outcomes[file_name(snippet)]
    assert not problems, "\n\n".join(problems)


@pytest.mark.parametrize("snippet", [one for one in PYTHON if not is_test(one)], ids=ids)
def test_a_script_runs(snippet: Snippet) -> None:
    """To its end, without an error."""
    skip_if_noted(snippet)
    exec(compile(snippet.text, snippet.id, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("snippet", COMMANDS, ids=ids)
def test_commands_run(snippet: Snippet, tmp_path: Path) -> None:
    """Each ends with status 0; one that serves gets ready, and ends at an interrupt."""
    skip_if_noted(snippet)
    for name, text in files(snippet.page).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for command in commands(snippet):
        for start, why in ELSEWHERE.items():
            if command.startswith(f"{start} "):
                pytest.skip(f"{start}: {why}")
        if command.startswith("minikafka serve"):
            serve(command, tmp_path)
        else:
            run(command, tmp_path)


def environment() -> dict[str, str]:
    """As in an activated virtual environment."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def run(command: str, directory: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def serve(command: str, directory: Path) -> None:
    words = shlex.split(command, comments=True)
    with subprocess.Popen(
        words, cwd=directory, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        if not line and "in use" in (why := process.stderr.read()):
            pytest.skip(why.strip())
        assert line.startswith(READY)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
