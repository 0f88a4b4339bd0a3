"""What cluster a test needs: its markers, nearest first, over what was chosen for the session."""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

import pytest

from minikafka import Cluster, ConfigError
from minikafka.pytest_plugin.choices import Chosen

MARKER: Final = "minikafka"
NAMES: Final = tuple(name for name in inspect.signature(Cluster).parameters if name not in ("host", "ports"))
"""What a marker may say."""


class Shape(NamedTuple):
    """arguments: of `Cluster`, without the topics. topics: `NAME[:PARTITIONS[:RF]]`. is_own: another than the
    session's."""

    arguments: dict[str, Any]
    topics: tuple[str, ...]
    is_own: bool


def session_shape(chosen: Chosen) -> Shape:
    """Without a marker."""
    given = {"brokers": chosen.brokers, "mode": chosen.mode, "config": chosen.config or None}
    return Shape({name: value for name, value in given.items() if value is not None}, (), False)


def shape_of(item: pytest.Item, chosen: Chosen) -> Shape:
    """Raises ConfigError for what the marker cannot say."""
    session = session_shape(chosen).arguments
    arguments: dict[str, Any] = dict(session)
    config: dict[str, Any] = dict(chosen.config)
    for mark in reversed(list(item.iter_markers(MARKER))):
        if mark.args:
            raise ConfigError(
                f"@pytest.mark.{MARKER}: everything is named, as in brokers=3; got {mark.args!r}"
            )
        for name in mark.kwargs:
            _check(name)
        arguments |= mark.kwargs
        config |= mark.kwargs.get("config") or {}
    topics = tuple(arguments.pop("topics", ()))
    if config:
        arguments["config"] = config
    return Shape(arguments, topics, arguments != session)


def _check(name: str) -> None:
    if name in NAMES:
        return
    near = get_close_matches(name, NAMES, n=1)
    hint = f"; did you mean {near[0]}=?" if near else f"; there are {', '.join(NAMES)}"
    raise ConfigError(f"@pytest.mark.{MARKER} knows no {name}={hint}")
