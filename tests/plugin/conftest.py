"""Test runs inside tests, each in a process of its own, as a user's is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

RunTests = Callable[..., pytest.RunResult]
OTHER_PLUGINS = {"asyncio", "anyio", "random_order", "xdist", "timeout", "hypothesispytest"}


@pytest.fixture
def run_tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> RunTests:
    """Run a test file with pytest, warnings as errors; of the plugins installed here only `beside` are loaded."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    def run(source: str, *arguments: str, beside: tuple[str, ...] = ()) -> pytest.RunResult:
        pytester.makepyfile(test_file=source)
        absent = [word for name in sorted(OTHER_PLUGINS - set(beside)) for word in ("-p", f"no:{name}")]
        options = ["-q", "-rA", "-W", "error", "--strict-markers", *absent, *arguments]
        return pytester.runpytest_subprocess(*options, "test_file.py", timeout=120)

    return run
