"""`kafka.aio`: nothing that waits is missing, and what is awaited leaves the caller's loop to its clients."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from aiokafka import AIOKafkaProducer
from minikafka import Cluster
from minikafka.errors import ConfigError, WaitTimeout
from minikafka.history import Event
from minikafka.testing.aio import Aio, AioBroker, AioClock, AioGroup, AioNode
from minikafka.testing.aio_faults import AioFault, AioFaults
from minikafka.testing.clock import Clock
from minikafka.testing.fault_kinds import FaultKinds
from minikafka.testing.faults import Fault, Faults
from minikafka.testing.groups import GroupHandle
from minikafka.testing.nodes import BrokerHandle, NodeHandle
from minikafka.testing.running import Running

MODES = pytest.mark.parametrize("mode", ["thread", "process"])
LOOKS = {
    Cluster: {"client_config", "listener", "producers", "transactions", "events", "export_trace"},
    GroupHandle: {"members", "committed"},
    Fault: {"assert_fired", "as_dict"},
}
"""What returns what is there, without waiting for anything."""


def methods(kind: type) -> set[str]:
    return {name for name, one in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("handle", "twin", "inherited"),
    [
        (Cluster, Aio, Running),
        (NodeHandle, AioNode, object),
        (BrokerHandle, AioBroker, object),
        (Clock, AioClock, object),
        (GroupHandle, AioGroup, object),
        (Faults, AioFaults, FaultKinds),
        (Fault, AioFault, object),
    ],
    ids=lambda kind: kind.__name__,
)
def test_whatever_waits_has_its_coroutine(handle: type, twin: type, inherited: type) -> None:
    """Of the same name and arguments."""
    for name in methods(handle) - methods(inherited) - LOOKS.get(handle, set()):
        one, other = getattr(handle, name), getattr(twin, name, None)
        assert other is not None, f"{twin.__name__} has no {name}"
        assert inspect.signature(one).parameters == inspect.signature(other).parameters, name


@MODES
def test_waiting_for_a_fault_leaves_the_loop_to_the_client_it_strikes(mode: str) -> None:
    """Were the loop blocked, the producer on it would send nothing, and the fault would never fire."""

    async def main() -> None:
        async with (
            Cluster(mode=mode, topics=["t:1"]) as kafka,
            AIOKafkaProducer(**kafka.client_config("aiokafka")) as producer,
        ):
            async with kafka.aio.faults.drop_response(api="Produce", topic="t", times=1) as fault:
                sending = asyncio.create_task(producer.send_and_wait("t", b"v", partition=0))
                await fault.wait_fired()
                assert [one.id for one in await kafka.aio.faults.list()] == [fault.id]
                await sending
                fault.assert_fired(1)
            assert await kafka.aio.faults.list() == []
            assert kafka.topic("t").partition(0).log_end_offset == 2  # the retry is a second copy

    asyncio.run(main())


@MODES
def test_a_coroutine_function_runs_on_the_callers_loop_while_its_node_stands_still(mode: str) -> None:
    """It may use what belongs to that loop, and what it raises is raised where the fault is waited for."""

    async def main() -> None:
        async with Cluster(mode=mode, brokers=2, topics=["t:1:2"]) as kafka:
            loop = asyncio.get_running_loop()
            seen: list[Event] = []

            async def at(event: Event) -> None:
                assert asyncio.get_running_loop() is loop
                await kafka.aio.cut(1, 2)
                seen.append(event)
                raise LookupError("said by the test")

            config = kafka.client_config("aiokafka")
            async with AIOKafkaProducer(**config, acks=1) as producer:
                fault = await kafka.aio.faults.on_event("append", topic="t", then=at)
                await producer.send_and_wait("t", b"v", partition=0)
                with pytest.raises(LookupError, match="said by the test"):
                    await fault.wait_fired()
            assert [event.topic for event in seen] == ["t"]
            await fault.heal()

    asyncio.run(main())


def test_links_disks_and_metadata_from_a_coroutine() -> None:
    """What `kafka` can do to them, `kafka.aio` can."""

    async def main() -> None:
        async with Cluster(brokers=3, topics=["t:1:3"]) as kafka:
            broker = kafka.topic("t").partition(0).leader
            follower = next(one.id for one in kafka.brokers if one.id != broker)
            await kafka.aio.broker(broker).freeze_metadata()
            await kafka.aio.broker(broker).thaw_metadata()
            slow = await kafka.aio.faults.slow_disk(broker=follower, ms=1)
            await kafka.aio.isolate(follower)
            await kafka.aio.wait(topic="t", isr=[one.id for one in kafka.brokers if one.id != follower])
            await kafka.aio.heal()
            await kafka.aio.faults.heal(slow.id)
            with pytest.raises(ConfigError, match="no fault"):
                await kafka.aio.faults.heal(slow.id)
            await kafka.aio.wait(topic="t", isr=[1, 2, 3])

    asyncio.run(main())


def test_what_does_not_fit_is_said_at_once() -> None:
    """Without a coroutine that is never awaited."""

    async def at(event: Event) -> None: ...

    async def main() -> None:
        async with Cluster() as kafka:
            with pytest.raises(ConfigError, match="did you mean topic"):
                kafka.aio.faults.close(api="Produce", topics="t")  # type: ignore[call-arg]
            with pytest.raises(ConfigError, match=r"use kafka\.aio\.faults\.on_event"):
                kafka.faults.on_event("append", then=at)
            async with kafka.aio.faults.close(api="EndTxn") as fault:
                with pytest.raises(WaitTimeout, match="fired 0 times"):
                    await fault.wait_fired(timeout=0.01)

    asyncio.run(main())
