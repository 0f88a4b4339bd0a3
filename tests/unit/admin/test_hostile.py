"""Whatever may come over a socket: nothing hangs, nothing grows, nothing is believed."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from minikafka import Cluster, ConfigError
from minikafka.admin import connection, server
from minikafka.admin.guards import Guard, host_name
from minikafka.admin.problem import Problem

from tests.unit.admin.http import Http, drain

TOKEN = "a-token-of-some-length"


@pytest.fixture
def ask(small: Cluster) -> Http:
    return Http(small.admin_url)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\r\n\r\nnot http at all\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000, 431),
        (b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"GET /%ff%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET /v1/topics/%2e%2e%2f HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET /v1/brokers/0x10 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 422),
        (b"GET /v1/brokers/" + b"9" * 5_000 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 422),
        (b"GET /v1/cluster?" + b"a=1&" * 60 + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
        (b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
        (b"GET http://evil.example/v1/cluster HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 403),
    ],
)  # fmt: skip
def test_a_bad_request_is_told_so_and_the_connection_closed(ask: Http, sent: bytes, status: int) -> None:
    """And the next one is answered as ever."""
    answered = ask.raw(sent)
    assert answered.startswith(f"HTTP/1.1 {status} ".encode()), answered[:200]
    assert b'{"error": {"code": ' in answered
    assert ask.get("/v1/status/live") == {"live": True}


def test_a_chunked_body_is_counted_as_it_comes(ask: Http) -> None:
    """Its length is not known before it is too long."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    head = b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with ask.socket() as sock:
        sock.sendall(head)
        with contextlib.suppress(ConnectionError):
            for _ in range(17):
                sock.sendall(chunk)
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        ('{"a": 1', "application/json", 400, "not JSON"),
        ("[1, 2]", "application/json", 400, "not an object"),
        ('{"timeout": NaN}', "application/json", 400, "NaN"),
        ('{"a": 1, "a": 2}', "application/json", 400, "given twice"),
        ("[" * 100_000, "application/json", 400, "not JSON"),
        ('{"partition": 1' + "0" * 10_000 + "}", "application/json", 400, "not JSON"),
        ('{"partition": 10000000000000000000}', "application/json", 422, "'partition' is a whole number"),
        ('{"topic": "t"}', "text/plain", 415, "Content-Type: application/json"),
        ('{"topic": "t"}', "application/x-www-form-urlencoded", 415, "Content-Type: application/json"),
    ],
)
def test_a_body_that_is_not_what_it_should_be(
    ask: Http, body: str, kind: str, status: int, says: str
) -> None:
    """Refused with the reason; a form cannot send what is accepted."""
    head = f"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    answered = ask.raw(f"{head}Connection: close\r\n\r\n{body}".encode())
    assert answered.startswith(f"HTTP/1.1 {status} ".encode()), answered[:300]
    assert says in answered.decode()


def test_who_sends_slowly_is_not_waited_for(ask: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither for the rest of a head nor for that of a body; who sends nothing is let go without a word."""
    monkeypatch.setattr(connection, "HEAD_S", 0.05)
    monkeypatch.setattr(connection, "BODY_S", 0.05)
    monkeypatch.setattr(connection, "IDLE_S", 0.05)
    assert ask.raw(b"GET / HTTP/1.1\r\nHost: loc").startswith(b"HTTP/1.1 408 ")
    slow = b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345"
    assert ask.raw(slow).startswith(b"HTTP/1.1 408 ")
    assert ask.raw(b"") == b""


def test_more_connections_than_are_served_are_told_so(
    small: Cluster, ask: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, and room again when others have gone."""
    monkeypatch.setattr(server, "CONNECTIONS", 2)
    line = b"GET /v1/status/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with ask.socket() as one, ask.socket() as other:
        for sock in (one, other):
            sock.sendall(line)
            assert sock.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        with ask.socket() as third:
            assert drain(third).startswith(b"HTTP/1.1 503 ")
        one.shutdown(socket.SHUT_WR)
        assert drain(one) == b""
    assert ask.get("/v1/status/live") == {"live": True}


def test_requests_one_behind_the_other_are_answered_in_order(ask: Http) -> None:
    """Keep-alive, pipelined, and a body that was announced first."""
    line = "GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n"
    sent = (
        line.format("/v1/status/live", "")
        + line.format("/nothing", "")
        + line.format("/v1/brokers", "Connection: close\r\n")
    )
    answered = ask.raw(sent.encode()).decode()
    assert [one[:3] for one in answered.split("HTTP/1.1 ")[1:]] == ["200", "404", "200"]

    with ask.socket() as sock:
        head = b"POST /v1/wait HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        sock.sendall(head + b"Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        assert sock.recv(1 << 16).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"{}")
        assert drain(sock).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:80"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "LOCALHOST:1"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "127.0.0.1"}, 200),
        ({"Host": "localhost", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost", "Origin": "null"}, 403),
        ({"Host": "localhost", "Origin": "http://localhost:3000"}, 403),
        ({"Host": "localhost", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "localhost:5", "Origin": "http://localhost:5", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_a_page_of_another_site_cannot_ask(ask: Http, headers: dict[str, str], status: int) -> None:
    """Neither under a name that was made to point here (DNS rebinding), nor from its own origin."""
    assert ask("GET", "/v1/cluster", headers=headers).status == status


def test_wider_than_loopback_only_with_a_token() -> None:
    """Whoever can connect would else be able to kill brokers."""
    with pytest.raises(ConfigError, match="needs a token: set MINIKAFKA_ADMIN_TOKEN"):
        Guard("0.0.0.0")
    with pytest.raises(ConfigError, match="at least 16"):
        Guard("0.0.0.0", "short")
    guard = Guard("0.0.0.0", TOKEN)
    guard.check({"host": "kafka:8080", "authorization": f"Bearer {TOKEN}"})
    for wrong in (
        {},
        {"authorization": TOKEN},
        {"authorization": f"Bearer {TOKEN}x"},
        {"authorization": "Bearer"},
    ):
        with pytest.raises(Problem) as refused:
            guard.check({"host": "kafka:8080", **wrong})
        assert refused.value.status == 401


def test_the_name_in_a_host_header() -> None:
    """With and without port, in IPv4 and IPv6."""
    names = {"A.b:1": "a.b", "[::1]:2": "::1", "[::1]": "::1", "127.0.0.1:3": "127.0.0.1"}
    assert {host: host_name(host) for host in names} == names


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_forked_child_lets_go_of_the_admins_sockets() -> None:
    """As of the brokers': what it holds would keep the port, and the connections, of a closed admin open."""
    wait_here, let_go = os.pipe()
    with Cluster(admin=True) as kafka:
        ask = Http(kafka.admin_url)
        with ask.socket() as sock:
            sock.sendall(b"GET /v1/status/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert sock.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
            child = os.fork()
            if child == 0:
                os.close(let_go)
                os.read(wait_here, 1)
                os._exit(0)
            kafka.close()
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(1 << 16) == b""
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((ask.host, ask.port))
    os.close(let_go)
    os.close(wait_here)
    assert os.waitpid(child, 0)[1] == 0


LEFT = """
import gc
import threading
from pathlib import Path
from minikafka import Cluster
from tests.unit.admin.http import Http

def left():
    with Cluster(admin=True) as kafka:
        ask = Http(kafka.admin_url)
        with ask.socket(), ask.listen("/v1/events") as events:
            next(events)
            ask.get("/v1/status/live")
            kafka.close()
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

print(left() == [left() for _ in range(3)][-1])
"""


def test_nothing_is_left_of_a_closed_admin() -> None:
    """No file and no thread, whatever was open; counted in a process of its own."""
    counted = subprocess.run(
        [sys.executable, "-c", LEFT],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert counted.stdout == "True\n", counted.stderr
