"""What can go wrong with a message, by name: one list for the ledger, the checker and the lab."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class Anomaly(Enum):
    """The value is the sentence that a verdict prints."""

    LOST = "acknowledged, and no longer readable"
    UNSEEN = "acknowledged, in the log, and visible to nobody"
    DUPLICATED = "readable more than once"
    REORDERED = "in another order than it was sent in"
    ABORTED_READ = "delivered, although its transaction was aborted"
    TORN = "part of a transaction that is neither wholly committed nor wholly aborted"
    HANGING = "part of a transaction that nobody will ever end"
    OFFSET_REUSED = "known to somebody at an offset that now holds another record"
    UNEXPECTED = "read, although nobody sent it"

    @property
    def label(self) -> str:
        """The name in words: "aborted read"."""
        return self.name.lower().replace("_", " ")


JEPSEN: Final[Mapping[Anomaly, str]] = MappingProxyType(
    {
        Anomaly.LOST: "lost-write",
        Anomaly.UNSEEN: "unseen",
        Anomaly.DUPLICATED: "duplicate",
        Anomaly.REORDERED: "nonmonotonic-send",
        Anomaly.ABORTED_READ: "aborted-read",
        Anomaly.TORN: "torn-txn",
        Anomaly.HANGING: "hanging-txn",
        Anomaly.OFFSET_REUSED: "inconsistent-offsets",
        Anomaly.UNEXPECTED: "unexpected",
    }
)
"""What Jepsen's checkers call the same; Jepsen has no name for a torn or a hanging transaction."""
