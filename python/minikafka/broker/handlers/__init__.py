"""One file per API, named by its number: this listing is the table of what a broker answers.

`FORWARDED` are the APIs that the controller answers; a broker hands them on (`broker/forwarding.py`).
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = (
    "k00_produce",
    "k01_fetch",
    "k02_list_offsets",
    "k03_metadata",
    "k08_offset_commit",
    "k09_offset_fetch",
    "k10_find_coordinator",
    "k11_join_group",
    "k12_heartbeat",
    "k13_leave_group",
    "k14_sync_group",
    "k15_describe_groups",
    "k16_list_groups",
    "k18_api_versions",
    "k21_delete_records",
    "k22_init_producer_id",
    "k23_offset_for_leader_epoch",
    "k24_add_partitions_to_txn",
    "k25_add_offsets_to_txn",
    "k26_end_txn",
    "k27_write_txn_markers",
    "k28_txn_offset_commit",
    "k32_describe_configs",
    "k35_describe_log_dirs",
    "k42_delete_groups",
    "k47_offset_delete",
    "k60_describe_cluster",
    "k61_describe_producers",
    "k65_describe_transactions",
    "k66_list_transactions",
    "k68_consumer_group_heartbeat",
    "k69_consumer_group_describe",
    "k74_list_config_resources",
    "k75_describe_topic_partitions",
)

FORWARDED: Final = (19, 20, 33, 37, 43, 44, 45, 46, 55, 57, 64)
"""CreateTopics, DeleteTopics, AlterConfigs, CreatePartitions, ElectLeaders, IncrementalAlterConfigs,
AlterPartitionReassignments, ListPartitionReassignments, DescribeQuorum, UpdateFeatures, UnregisterBroker."""

HANDLERS: Final = {
    **{int(name[1:3]): f"minikafka.broker.handlers.{name}" for name in _NAMES},
    **dict.fromkeys(FORWARDED, "minikafka.broker.forwarding"),
}
"""Module by API key; each has `handle(broker, request, now)`."""
