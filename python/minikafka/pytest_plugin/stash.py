"""Where the plugin keeps things between hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from minikafka.pytest_plugin.attachment import Watched

SERVER: Final[pytest.StashKey[Watched]] = pytest.StashKey()
"""On the config: the session's cluster while it runs."""

WATCHED: Final[pytest.StashKey[list[Watched]]] = pytest.StashKey()
"""On a test: the clusters to tell of when it fails."""
