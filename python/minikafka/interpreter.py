"""Which interpreters can run brokers: any CPython from 3.11 on that has the GIL."""

from __future__ import annotations

import sys
from typing import Final

from minikafka.errors import MinikafkaError

FREE_THREADED: Final = "t"
"""In `sys.abiflags`, since CPython 3.13."""


def check_interpreter() -> None:
    """Raises MinikafkaError on a free-threaded build: the core's locking has not been reviewed for it."""
    if FREE_THREADED in getattr(sys, "abiflags", ""):
        version = ".".join(map(str, sys.version_info[:2]))
        raise MinikafkaError(
            f"this is a free-threaded build of CPython ({version}t), on which minikafka does not run yet; "
            f"use the ordinary build, python{version}"
        )
