"""Brokers in child processes: what only real processes can show."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Message, Producer
from minikafka import BrokerHalted, Cluster, ConfigError, MinikafkaError
from minikafka.runtime.control.views import Question


@pytest.fixture
def three() -> Iterator[Cluster]:
    with Cluster(
        brokers=3, mode="process", topics=["t:3:3"], config={"broker.session.timeout.ms": 1000}
    ) as cluster:
        yield cluster


def produce(kafka: Cluster, *values: bytes, partition: int = 0, **config: object) -> None:
    """Send the values and expect each to be acknowledged."""
    errors: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            errors.append(error)

    settings = {name.replace("_", "."): value for name, value in config.items()}
    producer = Producer({**kafka.client_config("confluent"), "linger.ms": 0, "log_level": 0, **settings})
    for value in values:
        producer.produce("t", value, partition=partition, on_delivery=delivered)
    assert producer.flush(30) == 0
    assert errors == []


def test_every_node_is_a_process_and_a_kill_from_outside_is_a_death(three: Cluster) -> None:
    """`kill -9` by anybody: the handle says stopped, and the next life is another process on the same port."""
    pids = [node.pid for node in (*three.brokers, three.controller)]
    assert len({os.getpid(), *pids}) == 5
    first, address = three.broker(2).pid, three.broker(2).address
    assert first is not None
    os.kill(first, signal.SIGKILL)
    three.wait(brokers=[1, 3], timeout=20)
    assert (three.broker(2).state, three.broker(2).pid) == ("stopped", None)
    three.broker(2).start()
    assert three.broker(2).address == address
    assert three.broker(2).pid != first


def test_a_rule_strikes_so_often_in_all_whichever_brokers_it_meets(three: Cluster) -> None:
    """The parent counts: one strike among three brokers is one strike, and a restarted broker knows the rule."""
    leaders = [one.leader for one in three.topic("t").partitions]
    assert sorted(leaders) == [1, 2, 3]
    with three.faults.error(api="Produce", code="NOT_LEADER_OR_FOLLOWER", times=2) as fault:
        for partition in range(3):
            produce(three, b"v", partition=partition)
        assert fault.fired == 2
    with three.faults.drop_response(api="Produce", times=1) as fault:
        for broker in three.brokers:
            broker.stop()
            broker.start()
        produce(three, b"v", partition=1)
        assert fault.fired == 1


def test_cuts_hold_for_the_next_life_too(three: Cluster) -> None:
    """What the network is does not depend on who lives."""
    three.isolate(3)
    three.wait(topic="t", isr=[1, 2], timeout=20)
    three.broker(3).kill()
    three.broker(3).start()
    view = three.ask(Question())
    assert not view.nodes[3].is_running
    three.heal()
    three.wait(topic="t", isr=[1, 2, 3], timeout=30)


def test_a_paused_process_is_stopped_keeps_its_connections_and_can_still_be_asked(three: Cluster) -> None:
    """SIGSTOP: the kernel says so, a connection stays, and what the broker said last is what is seen."""
    produce(three, b"v", acks="all")
    broker = three.broker(3)
    host, _, port = broker.address.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        broker.pause()
        assert Path(f"/proc/{broker.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"
        assert broker.state == "paused"
        assert three.topic("t").partition(0).replica(3).log_end_offset == 1
        three.wait(topic="t", partition=0, isr=[1, 2], timeout=20)
        readable, _, _ = select.select([connection], [], [], 0)
        assert readable == []
        broker.resume()
        three.wait(topic="t", partition=0, isr=[1, 2, 3], timeout=30)
        readable, _, _ = select.select([connection], [], [], 0)
        assert readable == []


def test_a_power_cut_takes_what_was_not_on_disk() -> None:
    """The process leaves the crash image itself; one that died before cannot, and says so."""
    with Cluster(mode="process", topics=["t"], config={"broker.session.timeout.ms": 1000}) as kafka:
        produce(kafka, b"gone", acks="all")
        kafka.broker(1).power_loss()
        assert kafka.broker(1).state == "stopped"
        kafka.broker(1).start()
        assert kafka.topic("t").partition(0).log_end_offset == 0
        produce(kafka, b"kept", acks="all")
        kafka.broker(1).stop()
        kafka.broker(1).power_loss(seed=3)
        kafka.broker(1).start()
        assert kafka.topic("t").partition(0).log_end_offset == 1
        kafka.broker(1).kill()
        with pytest.raises(MinikafkaError, match="known to its process alone"):
            kafka.broker(1).power_loss()


def test_events_come_from_every_process_and_are_ordered_within_each(three: Cluster) -> None:
    """`seq` is given on arrival; `(broker, n)` rises within a broker, through its lives."""
    for partition in range(3):
        produce(three, b"a", partition=partition, acks="all")
    leader = three.topic("t").partition(0).leader
    three.broker(leader).kill()
    three.broker(leader).start()
    three.wait(topic="t", partition=0, isr=[1, 2, 3], timeout=30)
    produce(three, b"c", acks="all")
    events = three.events()
    assert [event.seq for event in events] == list(range(events[0].seq, events[0].seq + len(events)))
    appends = {event.broker for event in events if event.kind == "append" and event.topic == "t"}
    assert appends == {1, 2, 3}
    for broker in (1, 2, 3):
        numbers = [event.n for event in events if event.broker == broker]
        assert numbers == sorted(set(numbers))


def test_a_controller_whose_disk_fails_halts_and_the_block_says_so() -> None:
    """Its process ends by itself after saying why."""
    kafka = Cluster(mode="process").start()
    kafka.faults.fail_fsync(broker="controller", times=1)
    with pytest.raises(MinikafkaError):
        kafka.topic("t")
    with pytest.raises(BrokerHalted, match="controller halted"):
        kafka.__exit__(None, None, None)


def test_a_broker_that_cannot_start_says_why() -> None:
    """Its port is taken while it was down: the reason comes out of the child as one plain line."""
    with Cluster(mode="process") as kafka:
        kafka.broker(1).stop()
        host, _, port = kafka.broker(1).address.rpartition(":")
        with socket.socket() as thief:
            thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            thief.bind((host, int(port)))
            thief.listen()
            with pytest.raises(MinikafkaError, match="cannot listen on"):
                kafka.broker(1).start()
        kafka.broker(1).start()
        assert kafka.topic("t").partition(0).leader == 1


PARENT = """
import os, sys, time
from minikafka import Cluster
kafka = Cluster(brokers=2, mode="process").start()
kafka.broker(2).pause()
print(*(node.pid for node in (*kafka.brokers, kafka.controller)), kafka.data_dir, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="pidfd and PR_SET_PDEATHSIG are Linux's")
def test_no_child_outlives_its_parent_not_even_a_stopped_one() -> None:
    """SIGKILL of the parent: every child is gone, the paused one too."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        *pids, directory = parent.stdout.readline().split()
        children = [os.pidfd_open(int(pid)) for pid in pids]
        parent.kill()
        for child in children:
            ended, _, _ = select.select([child], [], [], 10)
            assert ended == [child]
            os.close(child)
    subprocess.run(["rm", "-rf", directory], check=True)


def test_mode_is_one_of_two() -> None:
    """Anything else is a mistake."""
    with pytest.raises(ConfigError, match="mode is one of thread, process"):
        Cluster(mode="fibre")
