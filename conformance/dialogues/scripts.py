"""Every script by name, in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable

from conformance.dialogues import features, groups, reading, replicas, topics, transactions, versions, writing
from conformance.dialogues.talk import Talk

SCRIPTS: dict[str, Callable[[Talk], None]] = {
    **versions.SCRIPTS,
    **topics.SCRIPTS,
    **writing.SCRIPTS,
    **reading.SCRIPTS,
    **transactions.SCRIPTS,
    **groups.SCRIPTS,
    **features.SCRIPTS,
    **replicas.SCRIPTS,
}
