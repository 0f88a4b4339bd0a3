"""The fixtures, with pytest alone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RunTests = Callable[..., pytest.RunResult]

SEND = '''
import pytest
from confluent_kafka import Producer


def send(kafka, topic, *values):
    """Send to partition 0 and wait for the acknowledgements."""
    producer = Producer({**kafka.client_config("confluent"), "acks": "all", "log_level": 0})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(20) == 0
'''


def test_each_test_has_names_of_its_own_on_one_cluster(run_tests: RunTests) -> None:
    """The same short names, one server, and nobody sees what another test wrote; afterwards the topics are gone."""
    source = f"""{SEND}
addresses = set()

@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.minikafka(topics=["orders:1"])
def test_write(minikafka, n):
    addresses.add(minikafka.bootstrap_servers)
    orders = minikafka.topic("orders")
    assert orders.name == minikafka.topic("orders").name == minikafka.topic_name("orders")
    assert len({{orders.name, minikafka.group_id(), minikafka.transactional_id()}}) == 3
    send(minikafka, orders.name, *["x"] * n)
    minikafka.wait(topic="orders", high_watermark=n)
    assert orders.partition(0).log_end_offset == n
    assert {{event.topic for event in minikafka.events() if event.kind == "append"}} == {{orders.name}}

def test_afterwards(minikafka_server):
    from minikafka.runtime.control.views import Question
    assert len(addresses) == 1 and minikafka_server.bootstrap_servers in addresses
    controller = minikafka_server.ask(Question(topic="*")).nodes[1000]
    assert [one.topic for one in controller.partitions] == []
"""
    run_tests(source).assert_outcomes(passed=4)


def test_what_one_test_broke_is_whole_for_the_next(run_tests: RunTests) -> None:
    """Fault rules, cuts, stopped, paused and killed nodes: all healed, on the same ports."""
    source = f"""{SEND}
addresses = []

def test_break_everything(minikafka):
    addresses.append(minikafka.bootstrap_servers)
    minikafka.topic("orders", partitions=1)
    minikafka.faults.error(api="Produce", code="NOT_LEADER_OR_FOLLOWER")
    minikafka.cut(1, 2)
    minikafka.broker(1).kill()
    minikafka.broker(2).pause()
    minikafka.broker(3).stop()
    minikafka.controller.kill()

def test_whole(minikafka):
    assert addresses == [minikafka.bootstrap_servers]
    assert [one.state for one in (*minikafka.brokers, minikafka.controller)] == ["running"] * 4
    send(minikafka, minikafka.topic("orders", partitions=1).name, "x")
    assert minikafka.topic("orders").partition(0).isr == [1, 2, 3]
"""
    run_tests(source, "--minikafka-brokers=3").assert_outcomes(passed=2)


def test_a_failed_test_tells_what_the_brokers_saw(run_tests: RunTests, tmp_path: Path) -> None:
    """One screen in the report, every event of this test in a file, and the file's name in the JUnit report."""
    source = f"""{SEND}
def test_quiet(minikafka):
    send(minikafka, minikafka.topic("before", partitions=1).name, "x")

def test_loud(minikafka):
    orders = minikafka.topic("orders", partitions=1)
    with minikafka.faults.drop_response(api="Produce", times=1) as fault:
        send(minikafka, orders.name, "x")
    assert fault.fired == 2
"""
    result = run_tests(source, f"--minikafka-trace={tmp_path}", f"--junitxml={tmp_path}/junit.xml")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*minikafka: what the brokers saw*",
            "nodes       broker 1 running, controller running",
            "partitions  orders-0: leader 1 in epoch 0*log 0..2, high watermark 2*",
            "verdict     * 1 duplicated",
            "* ms  broker 1  * fault *",
            "* ms  broker 1    L3   append  * orders-0  base_offset=1*",
            "all events  *events.jsonl",
        ]
    )
    screen = result.stdout.str().partition("what the brokers saw")[2].partition("all events")[0]
    assert len(screen.splitlines()) <= 45
    (file,) = tmp_path.glob("*/events.jsonl")
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert "append" in {event["kind"] for event in events}
    assert not any("before" in (event.get("topic") or "") for event in events if event["kind"] == "append")
    assert re.search(
        rf'name="minikafka_trace" value="{re.escape(str(file))}"', (tmp_path / "junit.xml").read_text()
    )


def test_a_cluster_of_its_own_has_the_shape_of_the_marker(run_tests: RunTests) -> None:
    """Names literal, settings merged with the session's, and a failure tells of it too."""
    source = """
import pytest

@pytest.mark.minikafka(brokers=2, config={"min.insync.replicas": 2}, topics=["orders:3:2"], seed=7)
def test_shape(minikafka_cluster):
    assert len(minikafka_cluster.brokers) == 2
    assert len(minikafka_cluster.topic("orders").partitions) == 3
    raise ValueError("to see the screen")

@pytest.mark.minikafka(brokers=3)
def test_own_shape_by_the_other_fixture(minikafka):
    assert len(minikafka.brokers) == 3

def test_session_shape(minikafka, minikafka_cluster):
    assert len(minikafka.brokers) == len(minikafka_cluster.brokers) == 1
    assert minikafka.bootstrap_servers != minikafka_cluster.bootstrap_servers

@pytest.mark.minikafka(borkers=3)
def test_mistaken(minikafka):
    pass

@pytest.mark.minikafka(config={"min.insync.replica": 3})
def test_mistaken_setting(minikafka_cluster):
    pass
"""
    result = run_tests(source)
    result.assert_outcomes(passed=2, failed=1, errors=2)
    result.stdout.fnmatch_lines_random(
        [
            "partitions  orders-0: leader *",
            "@pytest.mark.minikafka knows no borkers=; did you mean brokers=?",
            "setting 'min.insync.replica' is unknown; did you mean 'min.insync.replicas'?",
        ]
    )
    assert "clusters.py" not in result.stdout.str()


def test_a_broken_broker_fails_the_test_that_broke_it_and_no_other(run_tests: RunTests) -> None:
    """The fixture raises BrokerHalted, and the next test gets a cluster that works."""
    source = f"""{SEND}
def test_breaks(minikafka):
    def halt(supervisor):
        supervisor.node(1).node.turn = None  # whatever it is asked next breaks it

    minikafka.look(halt)
    with pytest.raises(Exception):
        minikafka.topic("orders", partitions=1)

def test_next(minikafka):
    send(minikafka, minikafka.topic("orders", partitions=1).name, "x")
"""
    result = run_tests(source)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*BrokerHalted: broker 1 halted*"])


def test_without_an_address_external_tests_are_skipped_by_name(run_tests: RunTests) -> None:
    """The reason says how to give one."""
    result = run_tests("def test_it(minikafka_external): pass")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        ["*needs a running Kafka: --minikafka-bootstrap HOST:PORT, or MINIKAFKA_BOOTSTRAP"]
    )


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="threads may parse at once from CPython 3.12 on")
def test_no_brokers_thread_imports_what_pytest_parses(run_tests: RunTests) -> None:
    """On CPython 3.11 two threads that parse at once break each other off, and a broker halted over it."""
    source = f"""{SEND}
import sys, threading

class Watch:
    importers = set()

    def find_spec(self, name, path, target=None):
        if name.startswith("minikafka."):
            self.importers.add((threading.current_thread().name, name))

@pytest.mark.minikafka(brokers=3, topics=["orders:1"])
def test_everyday_requests(minikafka):
    sys.meta_path.insert(0, Watch())
    from confluent_kafka import Consumer
    orders = minikafka.topic("orders").name
    producer = Producer({{**minikafka.client_config("confluent"), "transactional.id": minikafka.transactional_id()}})
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(orders, "x", partition=0)
    group = {{"group.id": minikafka.group_id(), "auto.offset.reset": "earliest"}}
    consumer = Consumer({{**minikafka.client_config("confluent"), **group}})
    consumer.subscribe([orders])
    producer.commit_transaction(20)
    assert consumer.poll(20).value() == b"x"
    consumer.commit(asynchronous=False)
    consumer.close()
    assert {{name for thread, name in Watch.importers if thread == "minikafka"}} == set()
"""
    run_tests(source).assert_outcomes(passed=1)
