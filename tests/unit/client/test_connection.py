"""What answers a connection may be no Kafka, or an old one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence

import pytest
from minikafka.client.connection import Connection
from minikafka.client.settings import ClientSettings
from minikafka.errors import ErrorCode, RequestRefused, Unreachable
from minikafka.wire import codec
from minikafka.wire.messages.api_versions import ApiVersion, ApiVersionsResponse
from minikafka.wire.messages.list_transactions import ListTransactionsRequest
from minikafka.wire.messages.metadata import MetadataRequest, MetadataResponse

QUICK = ClientSettings((), timeout_s=10.0)
IMPATIENT = ClientSettings((), timeout_s=0.05)


class Fake:
    """Accepts one connection, and answers each frame it gets with the next of its `answers`, then hangs up."""

    def __init__(self, answers: Sequence[bytes], *, silent: bool = False) -> None:
        self.heard: list[bytes] = []
        self._answers = answers
        self._silent = silent
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, connection.makefile("rwb") as stream:
            for answer in self._answers:
                self.heard.append(stream.read(int.from_bytes(stream.read(4), "big")))
                stream.write(answer)
                stream.flush()
            if self._silent:
                stream.read()


@pytest.fixture
def fakes() -> Iterator[list[Fake]]:
    started: list[Fake] = []
    yield started
    for fake in started:
        fake.close()


def versions(version: int, *apis: ApiVersion, error: int = 0, correlation: int = 1) -> bytes:
    return codec.encode_response(18, version, correlation, ApiVersionsResponse(error, list(apis)))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n", "not Kafka"),
        (b"\xff\xff\xff\xff", "not Kafka"),
        (b"\0\0\0\x02ab", "does not speak Kafka"),
        (b"\0\0\0\x0a\0\0\0\x01\0\0\xff\xff\xff\xff", "does not speak Kafka"),
        (b"\0\0\0\x0aabc", "closed the connection"),
    ],
)
def test_nonsense_is_told_and_ends(fakes: list[Fake], answer: bytes, said: str) -> None:
    """No hang, no traceback, no gigabytes set aside."""
    fakes.append(Fake([answer]))
    with pytest.raises(Unreachable, match=said):
        Connection("127.0.0.1", fakes[0].port, QUICK)


def test_silence_has_an_end(fakes: list[Fake]) -> None:
    """The time an operation may take."""
    fakes.append(Fake([], silent=True))
    with pytest.raises(Unreachable, match="no answer in time"):
        Connection("127.0.0.1", fakes[0].port, IMPATIENT)


def test_an_old_broker_is_asked_again_in_version_0(fakes: list[Fake]) -> None:
    """It answers what it does not know with UNSUPPORTED_VERSION, in version 0 (KIP-511)."""
    metadata = codec.encode_response(3, 4, 3, MetadataResponse())
    refusal = versions(0, error=ErrorCode.UNSUPPORTED_VERSION)
    fakes.append(Fake([refusal, versions(0, ApiVersion(3, 0, 4), correlation=2), metadata]))
    connection = Connection("127.0.0.1", fakes[0].port, QUICK)
    assert connection.call(MetadataRequest(None), MetadataResponse).brokers == []
    with pytest.raises(RequestRefused, match=r"ListTransactions is needed .* does not have it") as refused:
        connection.send(ListTransactionsRequest())
    connection.close()
    assert refused.value.code == ErrorCode.UNSUPPORTED_VERSION
    asked = [codec.decode_request_header(frame) for frame in fakes[0].heard]
    assert [(header.api_key, header.api_version) for header in asked] == [(18, 3), (18, 0), (3, 4)]


def test_a_broker_newer_than_the_caller_is_asked_what_the_caller_knows(fakes: list[Fake]) -> None:
    """`highest` caps; a broker whose oldest version is above it is refused by name."""
    fakes.append(Fake([versions(3, ApiVersion(3, 5, 13))]))
    connection = Connection("127.0.0.1", fakes[0].port, QUICK)
    assert connection.version_of(MetadataRequest) == 13
    assert connection.version_of(MetadataRequest, 12) == 12
    with pytest.raises(RequestRefused, match=r"from 0 to 4; .* has versions 5 to 13"):
        connection.version_of(MetadataRequest, 4)
    connection.close()


def test_an_answer_to_another_request_is_not_taken(fakes: list[Fake]) -> None:
    """Its correlation id gives it away."""
    fakes.append(
        Fake([versions(3, ApiVersion(3, 0, 12)), codec.encode_response(3, 12, 99, MetadataResponse())])
    )
    connection = Connection("127.0.0.1", fakes[0].port, QUICK)
    with pytest.raises(Unreachable, match="another request"):
        connection.call(MetadataRequest(None), MetadataResponse)
    connection.close()
