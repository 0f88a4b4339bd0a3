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
from minikafka.cli.main import main
from minikafka.client.client import Client
from minikafka.client.settings import ClientSettings
from minikafka.client.topics import list_topics

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
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {
        "KAFKA_LISTENERS": f"PLAINTEXT://:{port},BROKER://:1,CONTROLLER://:2",
        "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://kafka.example:32768,BROKER://inside:1",
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
        client = Client(ClientSettings.of(f"127.0.0.1:{port}", {}))
        metadata = client.metadata(["t"])
        client.close()
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert [(broker.host, broker.port) for broker in metadata.brokers] == [("kafka.example", 32768)]
    assert len(metadata.topics[0].partitions) == 3
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
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
