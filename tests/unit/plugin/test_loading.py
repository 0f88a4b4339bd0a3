"""What every test run pays for having minikafka installed."""

from __future__ import annotations

import json
import subprocess
import sys

IMPORTED_BY_THE_PLUGIN = """
import json, sys, pytest
before = set(sys.modules)
import minikafka.pytest_plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""
LOADED_WHEN_NOTHING_IS_USED = """
import json, sys, pytest
class Look:
    def pytest_sessionfinish(self):
        print("\\nLOADED", json.dumps(sorted(name for name in sys.modules if name.split(".")[0] == "minikafka")))
pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:anyio", sys.argv[1]], plugins=[Look()])
print("ASYNCIO", "asyncio" in sys.modules)
"""
OWN = [
    "minikafka",
    "minikafka.pytest_plugin",
    "minikafka.pytest_plugin.options",
    "minikafka.pytest_plugin.stash",
]


def run(script: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    ).stdout


def test_the_plugin_imports_nothing_but_itself() -> None:
    """Whatever else it needs pytest has loaded already."""
    assert json.loads(run(IMPORTED_BY_THE_PLUGIN)) == OWN


def test_nothing_heavy_is_loaded_until_a_fixture_is_used(tmp_path) -> None:
    """A run that uses no fixture of ours loads no broker and no asyncio."""
    test = tmp_path / "test_nothing.py"
    test.write_text("def test_nothing(): pass\n")
    lines = dict(
        line.split(" ", 1) for line in run(LOADED_WHEN_NOTHING_IS_USED, str(test)).splitlines() if line
    )
    assert json.loads(lines["LOADED"]) == OWN
    assert lines["ASYNCIO"] == "False"
