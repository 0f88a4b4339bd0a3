"""What is installed from: one wheel for every CPython from 3.11 on, and an sdist that makes the same wheel.

With MINIKAFKA_PACKAGING=full, because compiling and fetching take minutes; nightly runs it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.snippets import ROOT, files

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("MINIKAFKA_PACKAGING") != "full",
        reason="packages are built with MINIKAFKA_PACKAGING=full",
    ),
    pytest.mark.timeout(1200),
]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
LARGEST_WHEEL_BYTES = 3_000_000
IMPORT_CPU_MS = 60
PLUGIN_CPU_MS = 3


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Its output; fails when it does. Tools of this environment, such as maturin, are on its PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by `pip wheel .`, with the maturin that is here."""
    directory = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        directory,
        ".",
    )
    (built,) = directory.glob("*.whl")
    return built


def interpreters() -> Iterator[tuple[str, Path]]:
    """Every CPython we say we run on that is on this machine: on PATH, or pyenv's."""
    for version in VERSIONS:
        pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        found = [*map(str, pyenv), shutil.which(f"python{version}")]
        for one in filter(None, found):
            asked = subprocess.run([one, "--version"], capture_output=True, text=True, check=False)
            if asked.returncode == 0 and asked.stdout.startswith(f"Python {version}."):
                yield version, Path(one)
                break


def test_one_wheel_serves_every_version(wheel: Path) -> None:
    """By the stable ABI; it carries the plugin's entry point, the licence, types, and no tests."""
    assert re.fullmatch(r"minikafka-[\d.]+-cp311-abi3-.*\.whl", wheel.name)
    assert wheel.stat().st_size < LARGEST_WHEEL_BYTES
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = (archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    assert "minikafka=minikafka.pytest_plugin" in entry_points.replace(" ", "")
    assert {"minikafka/py.typed", "minikafka/_core.pyi"} <= set(names)
    assert any(name.endswith("LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0].split(".")[0] for name in names} == {"minikafka"}


def test_the_wheel_has_the_sources_of_the_java_client_and_no_jar(wheel: Path) -> None:
    """They are compiled where they run, against jars that are there."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "minikafka/lab/clients/java/LabApp.java" in names
    assert not [name for name in names if name.endswith((".jar", ".class"))]


@pytest.mark.parametrize("version", VERSIONS)
def test_two_commands_from_a_fresh_environment_to_a_passing_loss_test(
    wheel: Path, tmp_path: Path, version: str
) -> None:
    """`pip install` the wheel with pytest, then `pytest` the README's file."""
    python = dict(interpreters()).get(version)
    if python is None:
        pytest.skip(f"no CPython {version} on this machine")
    run(python, "-m", "venv", tmp_path / "venv")
    tools = tmp_path / "venv" / "bin"
    (tmp_path / "test_loss.py").write_text(files(ROOT / "README.md")["test_loss.py"], encoding="utf-8")

    run(tools / "pip", "install", "--quiet", f"{wheel}[client]", "pytest", cwd=tmp_path)
    said = run(tools / "pytest", "-W", "error", "test_loss.py", cwd=tmp_path)

    assert "1 passed" in said
    assert run(tools / "minikafka", "--version", cwd=tmp_path).startswith("minikafka ")
    installed = run(tools / "pip", "list", "--format=freeze", cwd=tmp_path)
    assert {line.split("==")[0].lower() for line in installed.split()} - {"pip", "setuptools"} <= {
        "minikafka", "h11", "confluent-kafka", "pytest", "iniconfig", "packaging", "pluggy", "pygments",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "what", "limit_ms"),
    [("typing", "minikafka", IMPORT_CPU_MS), ("pytest", "minikafka.pytest_plugin", PLUGIN_CPU_MS)],
)
def test_importing_costs_next_to_nothing(first: str, what: str, limit_ms: float) -> None:
    """CPU time, the best of five processes: the package below 60 ms, the plugin in a test run below 3 ms."""
    script = f"import {first}, time; began = time.process_time(); import {what}; print(time.process_time() - began)"
    spent = [float(run(sys.executable, "-c", script)) * 1000 for _ in range(5)]
    assert min(spent) < limit_ms, spent


def test_the_sdist_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """With everything it needs in it, and nothing from around it."""
    run(Path(sys.executable).with_name("maturin"), "sdist", "--out", tmp_path)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = (one for one in tmp_path.iterdir() if one.is_dir())
    assert {"Cargo.lock", "LICENSE", "NOTICE", "README.md", "pyproject.toml"} <= {
        one.name for one in source.iterdir()
    }
    build = [
        Path(sys.executable).with_name("maturin"),
        "build",
        "--release",
        "--quiet",
        "--compatibility",
        "linux",
        "--out",
        tmp_path / "out",
    ]
    run(*build, "--target-dir", ROOT / "target", cwd=source)
    (again,) = (tmp_path / "out").glob("*.whl")
    assert again.name == wheel.name
    with zipfile.ZipFile(again) as one, zipfile.ZipFile(wheel) as other:
        assert sorted(one.namelist()) == sorted(other.namelist())
