"""One file per API that the controller answers; this listing is the table. Each has `handle(node,
request, now)`.
"""

from __future__ import annotations

from typing import Final

from minikafka.wire.codec import schema_versions
from minikafka.wire.support import ServedVersions

_NAMES: Final = (
    "k01_fetch",
    "k18_api_versions",
    "k19_create_topics",
    "k20_delete_topics",
    "k33_alter_configs",
    "k37_create_partitions",
    "k43_elect_leaders",
    "k44_incremental_alter_configs",
    "k45_alter_partition_reassignments",
    "k46_list_partition_reassignments",
    "k55_describe_quorum",
    "k56_alter_partition",
    "k57_update_features",
    "k58_envelope",
    "k60_describe_cluster",
    "k62_broker_registration",
    "k63_broker_heartbeat",
    "k64_unregister_broker",
    "k67_allocate_producer_ids",
)

HANDLERS: Final = {int(name[1:3]): f"minikafka.broker.controller_handlers.{name}" for name in _NAMES}
"""Module by API key."""


def _served(name: str) -> ServedVersions:
    """Brokers come with the same code, so every stable version of the schema is answered."""
    low, high = schema_versions(int(name[1:3]))
    return ServedVersions("".join(word.title() for word in name[4:].split("_")), low, high, low)


SERVED_BY_CONTROLLER: Final = {int(name[1:3]): _served(name) for name in _NAMES}
"""Versions by API key."""
