"""Known mistakes behind a switch: a checker that was never shown a bug is not trusted.

Each is a mistake that somebody made (the KIP or issue says who paid for it), or one line away from the rule it breaks.
`planted(name)` builds it into the machines for as long as the context lasts, `tests/simulation/test_planted.py` keeps a
seed that finds it, and `minikafka sim --seed N --plant NAME` shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import MappingProxyType
from typing import Final
from unittest.mock import patch

from minikafka.errors import ConfigError
from minikafka.sim.planted.bug import Bug
from minikafka.sim.planted.durability import DURABILITY
from minikafka.sim.planted.groups import GROUPS
from minikafka.sim.planted.idempotence import IDEMPOTENCE
from minikafka.sim.planted.replication import REPLICATION
from minikafka.sim.planted.transactions import TRANSACTIONS

BUGS: Final[Mapping[str, Bug]] = MappingProxyType(
    {**REPLICATION, **DURABILITY, **IDEMPOTENCE, **TRANSACTIONS, **GROUPS}
)


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Every world that lives meanwhile has the bug. Raises ConfigError for a name that is not in `BUGS`."""
    if name not in BUGS:
        raise ConfigError(f"no planted bug is called {name!r}: they are {', '.join(BUGS)}")
    with ExitStack() as stack:
        for change in BUGS[name].changes:
            stack.enter_context(patch.object(change.owner, change.name, change.mistake))
        yield
