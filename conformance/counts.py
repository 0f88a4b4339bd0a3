"""How often things are killed: a few times in `make test`, the full counts where MINIKAFKA_CONFORMANCE_COUNTS=full."""

from __future__ import annotations

import os

IS_FULL = os.environ.get("MINIKAFKA_CONFORMANCE_COUNTS", "") == "full"


def count(short: int, full: int) -> int:
    """`short` in `make test`, `full` in `make nightly`."""
    return full if IS_FULL else short
