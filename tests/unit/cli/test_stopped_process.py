"""A process that was stopped fences nobody: broker time is fed (ADR 0010)."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest
from minikafka.runtime import rpc
from minikafka.wire.messages import fetch, metadata

STOPPED_S = 3
"""Three broker sessions of the fast profile."""
AFTERWARDS_MS = 1_500
"""Broker time in which everything overdue would show."""


def leaders(port: int) -> list[tuple[int, int, int, list[int]]]:
    """(partition, leader, leader epoch, ISR) of each partition."""
    request = metadata.MetadataRequest(topics=[metadata.MetadataRequestTopic(name="orders")])
    response = asyncio.run(rpc.call("127.0.0.1", port, request, 9))
    assert isinstance(response, metadata.MetadataResponse)
    return sorted(
        (partition.partition_index, partition.leader_id, partition.leader_epoch, sorted(partition.isr_nodes))
        for partition in response.topics[0].partitions
    )


def let_broker_time_pass(port: int, partition: int) -> None:
    """A fetch of nothing answers once its maximum wait has passed on the broker's clock."""
    wanted = [fetch.FetchPartition(partition=partition, partition_max_bytes=1)]
    request = fetch.FetchRequest(
        max_wait_ms=AFTERWARDS_MS,
        min_bytes=1,
        max_bytes=1,
        topics=[fetch.FetchTopic(topic="orders", partitions=wanted)],
    )
    response = asyncio.run(rpc.call("127.0.0.1", port, request, 11))
    assert isinstance(response, fetch.FetchResponse)
    assert response.responses[0].partitions[0].error_code == 0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no SIGSTOP on this system")
def test_a_stopped_process_changes_no_leader_and_no_isr() -> None:
    """Three seconds of SIGSTOP, three sessions long: the same leaders, epochs and ISRs as before."""
    command = [sys.executable, "-m", "minikafka", "serve", "-n", "3", "-p", "0", "-t", "orders:3:3", "--json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        ports = {broker["id"]: broker["port"] for broker in ready["brokers"]}
        before = leaders(ports[1])
        server.send_signal(signal.SIGSTOP)
        with pytest.raises(subprocess.TimeoutExpired):
            server.wait(STOPPED_S)
        server.send_signal(signal.SIGCONT)
        partition, leader, _, _ = before[0]
        let_broker_time_pass(ports[leader], partition)
        assert leaders(ports[1]) == before
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
