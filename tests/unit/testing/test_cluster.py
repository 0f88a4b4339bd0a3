"""`Cluster`: embedded brokers, their handles and levers, without any Kafka client."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from minikafka import BrokerHalted, Cluster, ConfigError, MinikafkaError, WaitTimeout
from minikafka.effects import Effect
from minikafka.runtime.control.views import Question
from minikafka.runtime.supervisor import Supervisor

MODES = pytest.mark.parametrize("mode", ["thread", "process"])
"""The same handles over both: brokers on a thread's loop, and brokers in child processes."""


def port_of(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)


@MODES
def test_ready_means_topics_have_leaders_and_addresses_answer(mode: str) -> None:
    """When `with` is entered, every address connects and the asked-for topics are led, in full sync."""
    with Cluster(mode=mode, brokers=3, topics=["orders:2:3"]) as kafka:
        for address in kafka.bootstrap_servers.split(","):
            socket.create_connection(port_of(address)).close()
        partition = kafka.topic("orders").partition(1)
        assert (partition.isr, partition.leader_epoch) == ([1, 2, 3], 0)
        assert partition.leader in partition.replicas
        assert (partition.log_start_offset, partition.log_end_offset, partition.high_watermark) == (0, 0, 0)
        assert partition.replica(2).log_end_offset == 0


@MODES
def test_a_topic_exists_once_and_with_its_numbers(mode: str) -> None:
    """Asking again returns it; asking for other numbers is a mistake worth hearing about."""
    with Cluster(mode=mode) as kafka:
        assert len(kafka.topic("t", partitions=3).partitions) == 3
        assert kafka.topic("t").replication_factor == 1
        with pytest.raises(ConfigError, match="exists with 3 partitions of 1 replicas"):
            kafka.topic("t", partitions=4)
        with pytest.raises(ConfigError, match="INVALID_REPLICATION_FACTOR"):
            kafka.topic("wide", replication_factor=2)


@MODES
def test_killing_the_leader_elects_another_and_a_restart_brings_it_back(mode: str) -> None:
    """The ISR follows, the port stays."""
    with Cluster(mode=mode, brokers=3) as kafka:
        partition = kafka.topic("t", partitions=1, replication_factor=3).partition(0)
        leader, address = partition.leader, kafka.broker(partition.leader).address
        others = sorted({1, 2, 3} - {leader})
        kafka.broker(leader).kill()
        assert kafka.broker(leader).state == "stopped"
        kafka.wait(topic="t", partition=0, isr=others, timeout=10)
        assert partition.leader in others
        kafka.broker(leader).start()
        assert kafka.broker(leader).address == address
        kafka.wait(topic="t", partition=0, isr=[1, 2, 3], timeout=10)


@MODES
def test_a_clean_stop_hands_leadership_over_first(mode: str) -> None:
    """The controller moves the leader before the broker goes, without waiting for its session to end."""
    with Cluster(mode=mode, brokers=2) as kafka:
        partition = kafka.topic("t", partitions=1, replication_factor=2).partition(0)
        leader = partition.leader
        kafka.broker(leader).stop()
        assert kafka.broker(leader).state == "stopped"
        assert partition.leader == 3 - leader


@MODES
def test_a_paused_broker_is_fenced_and_comes_back_by_itself(mode: str) -> None:
    """To the others it is dead; its own time stood still."""
    with Cluster(mode=mode, brokers=2) as kafka:
        kafka.broker(2).pause()
        kafka.wait(brokers=[1], timeout=10)
        assert kafka.broker(2).state == "paused"
        kafka.broker(2).resume()
        kafka.wait(brokers=[1, 2], timeout=10)


@MODES
def test_an_isolated_broker_leaves_the_isr_until_the_network_heals(mode: str) -> None:
    """Cut off from controller and peers, it is fenced; healing is enough."""
    with Cluster(mode=mode, brokers=3) as kafka:
        kafka.topic("t", partitions=1, replication_factor=3)
        kafka.isolate(3)
        kafka.wait(topic="t", isr=[1, 2], timeout=10)
        kafka.heal()
        kafka.wait(topic="t", isr=[1, 2, 3], timeout=10)


@MODES
def test_the_cluster_outlives_its_controller(mode: str) -> None:
    """Brokers go on with the metadata they have; a restarted controller remembers everything."""
    with Cluster(mode=mode, brokers=1) as kafka:
        kafka.topic("before")
        kafka.controller.kill()
        assert kafka.topic("before").partition(0).leader == 1
        kafka.controller.start()
        kafka.topic("after")
        assert kafka.topic("before").partition(0).leader == 1


@MODES
def test_a_wait_that_fails_says_what_was_seen(mode: str) -> None:
    """The message is what one would ask next."""
    with Cluster(mode=mode) as kafka:
        kafka.topic("t")
        with pytest.raises(WaitTimeout, match=r"isr=\[1\]"):
            kafka.wait(topic="t", isr=[1, 2], timeout=0.1)
        with pytest.raises(ConfigError, match="cannot wait for ics"):
            kafka.wait(topic="t", ics=[1])


def test_a_broken_invariant_surfaces_at_the_end_of_the_block() -> None:
    """A broker that halted must not let a test pass."""

    def plant(supervisor: Supervisor) -> None:
        def broken(*_: object) -> list[Effect]:
            raise AssertionError("planted")

        supervisor.brokers[1].node.turn = broken

    with pytest.raises(BrokerHalted, match="1 halted: AssertionError: planted"), Cluster() as kafka:  # noqa: PT012
        kafka.look(plant)
        kafka.wait(brokers=[], timeout=10)


@MODES
def test_data_stays_in_a_directory_that_was_named(tmp_path: Path, mode: str) -> None:
    """Topics are there again; a directory in use is refused."""
    with Cluster(mode=mode, data_dir=tmp_path, topics=["kept:2"]) as kafka:
        assert kafka.data_dir == str(tmp_path)
        with pytest.raises(ConfigError, match="in use"):
            Cluster(mode=mode, data_dir=tmp_path).start()
    with Cluster(mode=mode, data_dir=tmp_path) as kafka:
        assert len(kafka.topic("kept").partitions) == 2


@MODES
def test_nothing_is_left_behind(mode: str) -> None:
    """No thread, no temporary file, no port, and the interpreter as it was."""
    interval = sys.getswitchinterval()
    with Cluster(mode=mode, brokers=2) as kafka:
        directory = Path(kafka.data_dir)
        address = port_of(kafka.broker(1).address)
        assert sys.getswitchinterval() < interval
    assert not directory.exists()
    assert "minikafka" not in {thread.name for thread in threading.enumerate()}
    assert sys.getswitchinterval() == interval
    with socket.socket() as freed:
        freed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        freed.bind(address)


def test_thirty_clusters_leave_no_more_behind_than_one() -> None:
    """Threads and descriptors are the same after each: with a topic, a broker killed, a connection still open."""
    left: list[tuple[int, int]] = []
    for _ in range(30):
        with Cluster(topics=["t:2"]) as kafka, socket.create_connection(port_of(kafka.bootstrap_servers)):
            kafka.broker(1).kill()
        gc.collect()
        left.append((threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))))
    assert set(left[1:]) == {left[0]}


@MODES
def test_async_with_and_aio(mode: str) -> None:
    """The same cluster from a coroutine, whose own loop is never blocked."""

    async def main() -> None:
        async with Cluster(mode=mode) as kafka:
            topic = await kafka.aio.topic("t", partitions=2)
            await kafka.aio.wait(topic="t", partition=1, leader=1, timeout=5)
            assert len(topic.partitions) == 2

    asyncio.run(main())


def test_mistakes_are_told_before_anything_starts() -> None:
    """Each names what is wrong."""
    with pytest.raises(ConfigError, match="at least one broker"):
        Cluster(brokers=0)
    with pytest.raises(ConfigError, match="durability"):
        Cluster(durability="paper")
    with pytest.raises(ConfigError, match="broker 4"):
        Cluster(brokers=3, broker_config={4: {"broker.rack": "a"}})
    with pytest.raises(ConfigError, match="did you mean 'min\\.insync\\.replicas'"):
        Cluster(config={"min.insync.replica": 2}).start()
    with pytest.raises(MinikafkaError, match="not running"):
        _ = Cluster().bootstrap_servers
    with Cluster() as kafka:
        with pytest.raises(ConfigError, match="no broker 2"):
            kafka.broker(2)
        with pytest.raises(ConfigError, match="did you mean Produce"):
            kafka.faults.close(api="Prodce")
        with pytest.raises(ConfigError, match="no client"):
            kafka.client_config("telnet")


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_lets_go_of_the_brokers_sockets() -> None:
    """What a child holds would keep a dead broker's port open: connecting must be refused once the parent closed."""
    wait_here, let_go = os.pipe()
    with Cluster() as kafka:
        address = port_of(kafka.bootstrap_servers)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(let_go)
                with pytest.raises(MinikafkaError, match="not running"):
                    _ = kafka.bootstrap_servers
                os.read(wait_here, 1)
                status = 0
            finally:
                os._exit(status)
        assert kafka.topic("still-works").partition(0).leader == 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    os.close(let_go)
    os.close(wait_here)
    assert os.waitpid(child, 0)[1] == 0


FORGETFUL = """
import sys
from minikafka import Cluster
kafka = Cluster(mode=sys.argv[1], topics=["t"]).start()
print(kafka.data_dir, kafka.bootstrap_servers, flush=True)
"""


@MODES
def test_a_cluster_that_nobody_closed_is_closed_at_the_end_of_the_interpreter(mode: str) -> None:
    """The script just ends: with status 0, no word on stderr, and nothing left of the brokers."""
    ended = subprocess.run(
        [sys.executable, "-c", FORGETFUL, mode], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    directory, address = ended.stdout.split()
    assert not Path(directory).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(port_of(address))


def test_clusters_live_side_by_side() -> None:
    """Each with its own ports, directory and topics; a kill in one is nothing to the other."""
    with Cluster(brokers=2, topics=["a"]) as one, Cluster(brokers=2, topics=["b"]) as other:
        assert not {*one.bootstrap_servers.split(",")} & {*other.bootstrap_servers.split(",")}
        assert one.data_dir != other.data_dir
        one.broker(1).kill()
        one.wait(brokers=[2], timeout=10)
        assert other.broker(1).state == "running"
        assert other.topic("b").partition(0).leader in (1, 2)
        assert one.ask(Question(topic="b")).partitions("b") == []
