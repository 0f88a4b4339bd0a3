"""Handlers are imported when their API is first used, by a broker's thread; under pytest, on CPython 3.11, before that.

pytest parses each module of a package that has a plugin, as ours has, to rewrite its asserts. CPython 3.11 counts the
depth of a parse for the whole interpreter: of two threads that parse at once, as when the collector runs Python code
in between, one breaks off with "SystemError: AST constructor recursion depth mismatch", and a broker halts over it.
The thread that starts brokers has just imported what it needs, and waits for them; so it imports the rest as well.
"""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from typing import Final

from minikafka.broker import controller_handlers, handlers

REWRITER: Final = "_pytest.assertion.rewrite"
_ONE_AT_A_TIME: Final = threading.Lock()
"""Clusters may be started by several threads."""


def import_handlers_where_threads_may_not() -> None:
    """About 0.1 s, once in a process; nothing elsewhere."""
    if sys.version_info < (3, 12) and REWRITER in sys.modules:
        with _ONE_AT_A_TIME:
            for module in {*handlers.HANDLERS.values(), *controller_handlers.HANDLERS.values()}:
                import_module(module)
