"""Fetch and compile what the toolchains on PATH allow: `python -m conformance.build [java|go|node|browser ...]`.

Idempotent: a result is kept in `.cache/` until one of its sources changes. A toolchain named in the environment
variable MINIKAFKA_REQUIRE (as in `java,go,node`) must be there; the absence of another one only means that the tests
which need it are skipped by name.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from conformance.paths import CACHE, CONFORMANCE, GO_PROGRAMS, JVM_CLASSES, JVM_LIBRARIES, NODE_PROGRAMS, ROOT

GO_SOURCES = {
    "franz_go_client": CONFORMANCE / "clients" / "franz_go",
    "sarama_client": CONFORMANCE / "clients" / "sarama",
    "kfake_server": CONFORMANCE / "targets" / "kfake_server",
    "franz_go_bench": ROOT / "bench" / "franz_go",
}
COMMANDS = {
    "java": ("java", "javac", "mvn"),
    "go": ("go",),
    "node": ("node", "npm"),
    "browser": ("chromium",),
}
BROWSER_LOCK = ROOT / "requirements-browser.lock"
"""Playwright, which only the tests of pages need, and only where there is a browser."""


class ToolchainMissing(RuntimeError):
    """A toolchain that MINIKAFKA_REQUIRE names is not on PATH."""


def is_available(toolchain: str) -> bool:
    """Whether `toolchain` is on PATH (or a browser is); raises ToolchainMissing if it is required and is not."""
    missing = [command for command in COMMANDS[toolchain] if shutil.which(command) is None]
    if missing and toolchain in os.environ.get("MINIKAFKA_REQUIRE", "").split(","):
        raise ToolchainMissing(
            f"MINIKAFKA_REQUIRE asks for {toolchain}, but {', '.join(missing)} is not on PATH"
        )
    return not missing


def build(toolchain: str) -> None:
    """Fetch and compile everything of `toolchain`; raises CalledProcessError when a tool fails."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{toolchain}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        BUILDERS[toolchain]()


def build_java() -> None:
    pom = CONFORMANCE / "jvm" / "pom.xml"

    def fetch() -> None:
        shutil.rmtree(JVM_LIBRARIES, ignore_errors=True)
        goal = [
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            f"-DoutputDirectory={JVM_LIBRARIES}",
        ]
        run(["mvn", "-q", "-B", "-f", str(pom), *goal])

    once("java libraries", [pom], JVM_LIBRARIES, fetch)
    sources = sorted((CONFORMANCE / "clients" / "java").glob("*.java"))

    def compile_client() -> None:
        shutil.rmtree(JVM_CLASSES, ignore_errors=True)
        run(
            [
                "javac",
                "-Xlint:all,-processing",
                "-d",
                str(JVM_CLASSES),
                "-cp",
                f"{JVM_LIBRARIES}/*",
                *map(str, sources),
            ]
        )

    once("java client", [pom, *sources], JVM_CLASSES, compile_client)


def build_go() -> None:
    for program, directory in GO_SOURCES.items():
        sources = [directory / "go.mod", directory / "go.sum", *sorted(directory.glob("*.go"))]
        output = GO_PROGRAMS / program
        command = ["go", "build", "-o", str(output), "."]
        once(program, sources, output, partial(run, command, directory))


def build_node() -> None:
    directory = CONFORMANCE / "clients" / "kafkajs"
    sources = [directory / "package.json", directory / "package-lock.json"]

    def install() -> None:
        NODE_PROGRAMS.mkdir(parents=True, exist_ok=True)
        for source in sources:
            shutil.copy(source, NODE_PROGRAMS)
        run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], NODE_PROGRAMS)

    once("kafkajs", sources, NODE_PROGRAMS / "node_modules", install)


def build_browser() -> None:
    # Installed where we run; the file beside its stamp only says that it was.
    done = CACHE / "browser" / "playwright"

    def install() -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "-r", str(BROWSER_LOCK)])
        done.touch()

    if find_spec("playwright") is None:
        done.unlink(missing_ok=True)
    once("playwright", [BROWSER_LOCK], done, install)


BUILDERS: dict[str, Callable[[], None]] = {
    "java": build_java,
    "go": build_go,
    "node": build_node,
    "browser": build_browser,
}


def once(what: str, sources: Iterable[Path], output: Path, make: Callable[[], None]) -> None:
    """Call `make` unless `output` exists and was made from these very sources."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = CACHE / f"{what.replace(' ', '-')}.sha256"
    if output.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    print(f"conformance: building {what}", file=sys.stderr, flush=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    make()
    stamp.write_text(digest)


def run(command: Sequence[str], directory: Path = ROOT) -> None:
    subprocess.run(command, cwd=directory, check=True, stdout=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    for toolchain in arguments or list(BUILDERS):
        if is_available(toolchain):
            build(toolchain)
            print(f"conformance: {toolchain} ready")
        else:
            print(f"conformance: {toolchain} skipped, not on PATH")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
