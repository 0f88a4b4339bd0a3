"""Disks that fail, fill up or are slow, on real clusters, as confluent-kafka meets them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError
from minikafka import Cluster
from minikafka.errors import ConfigError

from tests.conformance.faulty import Sender, log_end

pytestmark = pytest.mark.usefixtures("on_minikafka")

MODES = ("thread", "process")


@pytest.fixture(params=MODES)
def three(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    config = {"min.insync.replicas": 2}
    with Cluster(3, mode=request.param, topics=["t:1:3"], config=config, durability="fsync") as kafka:
        yield kafka


def disk_failures(kafka: Cluster) -> list[int]:
    """Brokers that said their directory is offline."""
    return [event.broker for event in kafka.events() if event.kind == "disk_failed"]


def test_d7_a_failed_fsync_costs_the_leader_its_leadership_and_no_record(three: Cluster) -> None:
    """Nothing that was acknowledged is lost, the log stays offline although later fsyncs would work, and the next life
    brings it back."""
    sender = Sender(three, enable_idempotence=True)
    assert sender.sent() == 0
    failed = three.topic("t").partition(0).leader
    with three.faults.fail_fsync(broker=failed, times=1) as fault:
        assert sender.sent() == 1
    fault.assert_fired(times=1)
    (told,) = [event for event in three.events() if event.get("fault") == fault.id]
    assert (told.broker, told.get("what")) == (failed, "fail_fsync")
    assert disk_failures(three) == [failed]
    three.wait(topic="t", partition=0, isr=sorted({1, 2, 3} - {failed}))
    assert three.topic("t").partition(0).leader != failed
    assert sender.sent() == 2
    three.broker(failed).stop()
    three.broker(failed).start()
    three.wait(topic="t", partition=0, isr=[1, 2, 3], timeout=20)
    assert three.topic("t").partition(0).replica(failed).log_end_offset == 3


@pytest.mark.parametrize("mode", MODES)
def test_d7_a_full_disk_refuses_what_does_not_fit_and_recovery_cuts_it_off(mode: str) -> None:
    """The torn batch was never acknowledged; healed and restarted, the log goes on where it was whole."""
    with Cluster(mode=mode, topics=["t"]) as kafka:
        sender = Sender(kafka, message_timeout_ms=500)
        assert sender.sent(bytes(100)) == 0
        with kafka.faults.disk_full(broker=1, after_bytes=1_000, topic="t", partition=0) as fault:
            assert sender.sent(bytes(100)) == 1
            refused = sender.sent(bytes(2_000))
            assert isinstance(refused, KafkaError)
        fault.assert_fired()
        assert disk_failures(kafka) == [1]
        assert isinstance(sender.sent(b"still offline"), KafkaError)
        kafka.broker(1).stop()
        kafka.broker(1).start()
        kafka.wait(topic="t", partition=0, leader=1)
        assert log_end(kafka) == 2
        assert Sender(kafka).sent(bytes(2_000)) == 2


def test_a_slow_disk_delays_what_waits_for_an_fsync() -> None:
    """In fsync mode an acknowledgement takes at least as long as the disk; healed, it does not."""
    with Cluster(topics=["t"], durability="fsync") as kafka:
        sender = Sender(kafka)
        assert sender.sent() == 0
        with kafka.faults.slow_disk(broker=1, ms=400) as fault:
            begun = time.monotonic()
            assert sender.sent() == 1
            took = time.monotonic() - begun
            fault.assert_fired()
        assert took >= 0.4
        assert sender.sent() == 2


def test_a_disk_fault_needs_a_disk() -> None:
    """Which broker's, and one that there is."""
    with Cluster() as kafka:
        with pytest.raises(ConfigError, match="say which broker's"):
            kafka.faults.fail_fsync()  # type: ignore[call-arg]
        with pytest.raises(
            ConfigError, match=r"there is no node 7; there are 1, 1000 \(1000 is the controller\)"
        ):
            kafka.faults.fail_fsync(broker=7)
        with pytest.raises(ConfigError, match="slow_disk is about a broker's disk: there is no api to match"):
            kafka.faults.add(
                {"match": {"api": "Produce", "broker": 1}, "then": {"action": "slow_disk", "ms": 1}}
            )
