"""Names that only one test has, so that tests on one broker never see one another's records, offsets, transactions."""

from __future__ import annotations

import re
import uuid
from typing import Final

ILLEGAL: Final = re.compile(r"[^A-Za-z0-9-]+")
TEST_NAME_CHARACTERS: Final = 40
LONGEST: Final = 249
"""Characters in a topic's name, by Kafka's rule."""


class Names:
    """Of one test: `orders` is `orders-test_reads_once-3f9a1c`, say, as often as it is asked for."""

    def __init__(self, test: str) -> None:
        """`test`: its name, for those who look at the topics."""
        shown = ILLEGAL.sub("-", test)[:TEST_NAME_CHARACTERS].strip("-")
        self.suffix = f"{shown}-{uuid.uuid4().hex[:8]}"
        self._given: dict[str, str] = {}

    def unique(self, name: str) -> str:
        """The test's own name for `name`."""
        own = f"{name[: LONGEST - len(self.suffix) - 1]}-{self.suffix}"
        return self._given.setdefault(name, own)

    def known(self, name: str) -> str:
        """What `unique` made of `name`, if it was asked; else `name` itself."""
        return self._given.get(name, name)

    @property
    def given(self) -> list[str]:
        """Every name handed out."""
        return list(self._given.values())
