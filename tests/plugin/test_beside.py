"""The fixtures beside what else people test with: asyncio and anyio plugins, xdist, unittest, no framework at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RunTests = Callable[..., pytest.RunResult]

ROUND_TRIP = '''
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer


async def round_trip(kafka, topic):
    """One record there and back, on the test's own loop."""
    settings = kafka.client_config("aiokafka")
    async with AIOKafkaProducer(**settings, acks="all") as producer:
        await producer.send_and_wait(topic, b"x")
    async with AIOKafkaConsumer(topic, **settings, auto_offset_reset="earliest") as consumer:
        assert (await consumer.getone()).value == b"x"
'''

ASYNC_TESTS = f"""
import pytest
from minikafka import Cluster
{ROUND_TRIP}

{{mark}}
async def test_with_the_fixture(minikafka):
    topic = await minikafka.aio.topic("orders", partitions=1)
    await round_trip(minikafka, topic.name)
    await minikafka.aio.wait(topic="orders", high_watermark=1)

{{mark}}
async def test_with_a_cluster(minikafka_cluster):
    await round_trip(minikafka_cluster, "orders")

{{mark}}
async def test_without_a_fixture():
    async with Cluster(topics=["orders:1"]) as kafka:
        await round_trip(kafka, "orders")
"""


@pytest.mark.parametrize(
    ("mark", "beside", "options"),
    [
        ("@pytest.mark.asyncio", ("asyncio",), ["-o", "asyncio_mode=strict"]),
        ("", ("asyncio",), ["-o", "asyncio_mode=auto"]),
        ("@pytest.mark.anyio\n@pytest.mark.parametrize('anyio_backend', ['asyncio'])", ("anyio",), []),
    ],
    ids=["asyncio-strict", "asyncio-auto", "anyio"],
)
def test_async_tests(run_tests: RunTests, mark: str, beside: tuple[str, ...], options: list[str]) -> None:
    """The fixtures are ordinary ones; the brokers have a loop of their own and block nobody's."""
    scope = ["-o", "asyncio_default_fixture_loop_scope=function"] if "asyncio" in beside else []
    run_tests(ASYNC_TESTS.format(mark=mark), *options, *scope, beside=beside).assert_outcomes(passed=3)


def test_xdist_gives_each_worker_a_cluster(run_tests: RunTests, tmp_path: Path) -> None:
    """As many addresses as workers, and a failure's screen comes home."""
    source = f"""
import os, pathlib, pytest

@pytest.mark.parametrize("n", range(8))
def test_it(minikafka, n):
    worker = os.environ["PYTEST_XDIST_WORKER"]
    with pathlib.Path({str(tmp_path)!r}, worker).open("a") as file:
        file.write(minikafka.bootstrap_servers + "\\n")
    minikafka.topic("t", partitions=1)
    assert n != 5
"""
    result = run_tests(source, "-n", "2", "--dist", "load", beside=("xdist",))
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["*minikafka: what the brokers saw*", "partitions  t-0: leader 1 *"])
    addresses = [set(worker.read_text().split()) for worker in tmp_path.iterdir()]
    assert [len(of_worker) for of_worker in addresses] == [1, 1]
    assert not set.intersection(*addresses)


UNITTEST = """
import unittest
from confluent_kafka import Producer
from minikafka import Cluster

class TestOrders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kafka = cls.enterClassContext(Cluster(topics=["orders:1"]))

    def test_send(self):
        producer = Producer(self.kafka.client_config("confluent"))
        producer.produce("orders", b"x", partition=0)
        self.assertEqual(producer.flush(20), 0)
        self.assertEqual(self.kafka.topic("orders").partition(0).log_end_offset, 1)

if __name__ == "__main__":
    unittest.main()
"""
FIXTURE_IN_A_TESTCASE = """
import unittest, pytest

class TestOrders(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def kafka(self, minikafka):
        self.kafka = minikafka

    def test_topic(self):
        self.assertEqual(len(self.kafka.topic("orders", partitions=2).partitions), 2)
"""
UNCLOSED = """
from minikafka import Cluster
kafka = Cluster(topics=["orders:1"]).start()
print(kafka.topic("orders").partition(0).leader)
"""


def python(*arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_unittest_needs_no_plugin(run_tests: RunTests, tmp_path: Path) -> None:
    """`Cluster` is a context manager like any other; and a TestCase under pytest may use the fixtures."""
    file = tmp_path / "test_orders.py"
    file.write_text(UNITTEST)
    assert "OK" in python(file)
    run_tests(FIXTURE_IN_A_TESTCASE).assert_outcomes(passed=1)


def test_a_script_may_forget_to_close(tmp_path: Path) -> None:
    """The interpreter ends, and with it the brokers, without a word."""
    file = tmp_path / "script.py"
    file.write_text(UNCLOSED)
    assert python(file) == "1\n"
