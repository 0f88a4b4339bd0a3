"""The versions this broker serves: a promise about behaviour, apart from what the codec can decode.

A row is raised together with the handler's behaviour and a client test, never merely because a version decodes. The
ranges are Apache Kafka 4.4.0's stable ones (C5): `InitProducerId` v6 is unstable there and not served here.

`Produce` is *advertised* from v0 although v0-2 are refused: librdkafka switches zstd and other features off for a
broker without them (C3, KAFKA-18659). Old non-flexible versions stay as well: KafkaJS and aiokafka speak nothing else,
and KafkaJS never looks at the broker's minimum (C4).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class ServedVersions(NamedTuple):
    """One API's versions, all inclusive. `advertised_min` is what ApiVersions says, `min` what is answered."""

    name: str
    min: int
    max: int
    advertised_min: int


def _api(name: str, low: int, high: int, advertised_min: int | None = None) -> ServedVersions:
    return ServedVersions(name, low, high, low if advertised_min is None else advertised_min)


SERVED: Final[dict[int, ServedVersions]] = {
    0: _api("Produce", 3, 13, advertised_min=0),
    1: _api("Fetch", 4, 18),
    2: _api("ListOffsets", 1, 11),
    3: _api("Metadata", 0, 13),
    8: _api("OffsetCommit", 2, 10),
    9: _api("OffsetFetch", 1, 10),
    10: _api("FindCoordinator", 0, 6),
    11: _api("JoinGroup", 0, 9),
    12: _api("Heartbeat", 0, 4),
    13: _api("LeaveGroup", 0, 5),
    14: _api("SyncGroup", 0, 5),
    15: _api("DescribeGroups", 0, 6),
    16: _api("ListGroups", 0, 5),
    18: _api("ApiVersions", 0, 5),
    19: _api("CreateTopics", 2, 7),
    20: _api("DeleteTopics", 1, 6),
    21: _api("DeleteRecords", 0, 2),
    22: _api("InitProducerId", 0, 5),
    23: _api("OffsetForLeaderEpoch", 2, 4),
    24: _api("AddPartitionsToTxn", 0, 5),
    25: _api("AddOffsetsToTxn", 0, 4),
    26: _api("EndTxn", 0, 5),
    27: _api("WriteTxnMarkers", 1, 2),
    28: _api("TxnOffsetCommit", 0, 6),
    32: _api("DescribeConfigs", 1, 4),
    33: _api("AlterConfigs", 0, 2),
    35: _api("DescribeLogDirs", 1, 5),
    37: _api("CreatePartitions", 0, 3),
    42: _api("DeleteGroups", 0, 3),
    43: _api("ElectLeaders", 0, 2),
    44: _api("IncrementalAlterConfigs", 0, 1),
    45: _api("AlterPartitionReassignments", 0, 1),
    46: _api("ListPartitionReassignments", 0, 0),
    47: _api("OffsetDelete", 0, 0),
    55: _api("DescribeQuorum", 0, 2),
    57: _api("UpdateFeatures", 0, 2),
    60: _api("DescribeCluster", 0, 2),
    61: _api("DescribeProducers", 0, 0),
    64: _api("UnregisterBroker", 0, 0),
    65: _api("DescribeTransactions", 0, 0),
    66: _api("ListTransactions", 0, 2),
    68: _api("ConsumerGroupHeartbeat", 0, 1),
    69: _api("ConsumerGroupDescribe", 0, 1),
    74: _api("ListConfigResources", 0, 1),
    75: _api("DescribeTopicPartitions", 0, 0),
}
"""By API key."""
