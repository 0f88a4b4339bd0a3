"""What cluster a test needs, from its markers and the session's choices."""

from __future__ import annotations

import pytest
from minikafka import ConfigError
from minikafka.pytest_plugin.choices import Chosen
from minikafka.pytest_plugin.shape import Shape, shape_of

NOTHING = Chosen(None, {}, None, None, None)


def shape(pytester: pytest.Pytester, source: str, choices: Chosen = NOTHING) -> Shape:
    pytester.makeini("[pytest]\naddopts = -p no:asyncio -p no:anyio -p no:random_order")
    return shape_of(pytester.getitem(f"import pytest\n{source}", "test_it"), choices)


def test_without_a_marker_it_is_the_sessions(pytester: pytest.Pytester) -> None:
    """So one cluster serves all such tests."""
    choices = NOTHING._replace(brokers=3, config={"a": "1"})
    assert shape(pytester, "def test_it(): pass", choices) == (
        {"brokers": 3, "config": {"a": "1"}},
        (),
        False,
    )


def test_a_marker_beats_the_command_line_and_the_nearest_marker_the_others(pytester: pytest.Pytester) -> None:
    """Settings are merged by name."""
    source = """
@pytest.mark.minikafka(brokers=2, config={"a": "class", "b": "class"})
class TestAll:
    @pytest.mark.minikafka(config={"a": "nearest"}, topics=["t:1"])
    def test_it(self): pass
"""
    found = shape(pytester, source, NOTHING._replace(brokers=5, config={"b": "line", "c": "line"}))
    assert found.arguments["config"] == {"a": "nearest", "b": "class", "c": "line"}
    assert found.arguments["brokers"] == 2
    assert (found.topics, found.is_own) == (("t:1",), True)


def test_topics_alone_do_not_ask_for_another_cluster(pytester: pytest.Pytester) -> None:
    """They are created on the session's, under the test's own names."""
    assert not shape(pytester, "@pytest.mark.minikafka(topics=['t'])\ndef test_it(): pass").is_own


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("broker=3", "knows no broker=; did you mean brokers=?"),
        ("colour=3", "knows no colour=; there are brokers, config, "),
        ("3", "everything is named"),
    ],
)
def test_a_mistaken_marker_names_the_nearest(pytester: pytest.Pytester, marker: str, told: str) -> None:
    """Rather than being ignored."""
    with pytest.raises(ConfigError, match=told.replace("?", r"\?")):
        shape(pytester, f"@pytest.mark.minikafka({marker})\ndef test_it(): pass")
