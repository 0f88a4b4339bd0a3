"""`minikafka serve` as a script that starts it sees it: one line, a file, signals, statuses."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from minikafka.cli.main import main
from minikafka.client.client import Client
from minikafka.client.settings import ClientSettings
from minikafka.client.topics import list_topics

from conformance.targets import free_ports

COMMAND = [sys.executable, "-m", "minikafka", "serve"]
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")}


@contextmanager
def serving(*words: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=CLEAN | variables,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_the_json_line_is_the_ready_file_and_an_interrupt_is_a_clean_stop(tmp_path: Path) -> None:
    """Both complete; topics asked for have leaders; SIGINT ends with 0 and an empty temporary directory."""
    file = tmp_path / "ready.json"
    words = ("-p", "0", "--json", "--ready-file", str(file), "--ready-text", "as Kafka says", "-t", "t:2")
    with serving(*words) as process:
        ready = json.loads(first_line(process))
        assert json.loads(file.read_text()) == ready
        assert ready["event"] == "ready"
        assert [broker["pid"] for broker in ready["brokers"]] == [process.pid]
        client = Client(ClientSettings.of(ready["bootstrap_servers"], {}))
        assert [each.leader for each in list_topics(client, ["t"])[0].partitions] == [1, 1]
        client.close()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, "", "as Kafka says\n")
    assert not Path(ready["data_dir"]).exists()


def test_variables_of_the_images_say_where_and_as_whom() -> None:
    """As testcontainers sets them; a setting among them is taken, one that maps to none is nobody's business."""
    port, inside = free_ports(2)
    variables = {
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},BROKER://:{inside},CONTROLLER://:2",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://kafka.example:32768,BROKER://inside:{inside}",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_NODE_ID": "1",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:2",
        "KAFKA_NUM_PARTITIONS": "3",
        "KAFKA_NOBODY_KNOWS": "1",
    }
    with serving("-t", "t", **variables) as process:
        first_line(process)
        for listening, told in ((port, ("kafka.example", 32768)), (inside, ("inside", inside))):
            client = Client(ClientSettings.of(f"127.0.0.1:{listening}", {}))
            metadata = client.metadata(["t"])
            client.close()
            assert [(broker.host, broker.port) for broker in metadata.brokers] == [told]
            assert len(metadata.topics[0].partitions) == 3
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_r19_one_listener_serves_a_client_that_the_other_would_send_astray() -> None:
    """What the default one tells cannot be reached from here; whoever comes on the further one never hears it."""
    listener = ("--listener", "APP://127.0.0.1:0", "--advertise", "nowhere.invalid:1")
    with serving("-n", "3", "-p", "0", "--json", "-t", "t:3:3", *listener) as process:
        brokers = json.loads(first_line(process))["brokers"]
        assert [(one["host"], one["port"]) for one in brokers] == [
            ("nowhere.invalid", port) for port in (1, 2, 3)
        ]
        config = {"bootstrap.servers": ",".join(one["listeners"]["APP"] for one in brokers), "log_level": 0}
        producer = Producer({**config, "enable.idempotence": True})
        for partition in range(3):
            producer.produce("t", b"v", partition=partition)
        assert producer.flush(20) == 0
        consumer = Consumer({**config, "group.id": "g", "auto.offset.reset": "earliest"})
        consumer.subscribe(["t"])
        assert [one.value() for one in consumer.consume(3, timeout=20)] == [b"v"] * 3
        consumer.close()
        process.terminate()
        assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--listener", "APP://h"), "is not NAME://HOST:PORT[,HOST[:PORT]]"),
        (("--listener", "A://127.0.0.1:0", "--listener", "A://127.0.0.1:0"), "two listeners A"),
        (("-p", "@taken"), "in use"),
        (("-c", "num.partition=1"), "did you mean 'num.partitions'"),
        (("-n", "0"), "at least one broker"),
        (("-t", "a:b"), "wants numbers"),
        (("-d", "/proc/nowhere"), "cannot use data directory"),
        (("--config-file", "/nowhere"), "cannot read /nowhere"),
        (("--host", "192.0.2.1", "-p", "0"), "192.0.2.1"),
    ],
)
def test_what_cannot_be_is_one_plain_line_and_status_2(
    words: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Ports, settings, directories, addresses: what and why, and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        given = [port if word == "@taken" else word for word in words]
        where = () if "-p" in words else ("-p", "0")
        status = main(["serve", *given, *where])
    printed = capfd.readouterr()
    assert (status, printed.out) == (2, ""), printed.err
    assert said in printed.err
    assert printed.err.count("\n") == 1


def test_a_second_signal_kills() -> None:
    """Whatever the first one's clean stop is still busy with."""
    script = (
        "import asyncio\n"
        "from minikafka.cli.foreground import StopSignals\n"
        "async def main():\n"
        "    signals = StopSignals(asyncio.get_running_loop())\n"
        "    print('ready', flush=True)\n"
        "    await signals.asked.wait()\n"
        "    print('asked', flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        for word in ("ready", "asked"):
            assert first_line(process) == f"{word}\n"
            process.terminate()
        assert process.wait(60) == -signal.SIGTERM
