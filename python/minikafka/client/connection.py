"""One blocking connection to one broker: each request in the newest version that both sides, and the caller, know."""

from __future__ import annotations

import socket
import struct
from typing import Final, TypeVar

from minikafka import __version__
from minikafka.client.settings import ClientSettings
from minikafka.errors import ErrorCode, RequestRefused, Unreachable
from minikafka.wire import codec
from minikafka.wire.message import Message
from minikafka.wire.messages.api_versions import ApiVersion, ApiVersionsRequest, ApiVersionsResponse

ANY_VERSION: Final = 0x7FFF
MAX_RESPONSE_BYTES: Final = 256 * 1024 * 1024
"""Far above what a fetch asks for, which one large batch may exceed; a greater length is no Kafka's."""
NEGOTIATION_VERSION: Final = 3
_LENGTH: Final = struct.Struct(">i")
_CORRELATION_AND_ERROR: Final = struct.Struct(">ih")

AnswerT = TypeVar("AnswerT", bound=Message)


class Connection:
    """Open from construction to `close`. One request at a time; `send` and `receive` are its halves, for `select`.

    Raises Unreachable whenever the broker cannot be reached, goes away, is silent past the timeout or speaks nonsense.
    """

    def __init__(self, host: str, port: int, settings: ClientSettings) -> None:
        self.address = f"{host}:{port}"
        self._settings = settings
        self._correlation_id = 0
        self._awaited = (0, 0)
        try:
            self._socket = socket.create_connection((host, port), settings.timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            raise self._lost(error) from error
        try:
            self._socket = settings.secured(self._socket, host)
            self.api_versions = {api.api_key: api for api in self._negotiate().api_keys}
            if settings.sasl is not None:
                settings.sasl.authenticate(self)
        except OSError as error:
            self.close()
            raise self._lost(error) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Idempotent."""
        self._socket.close()

    def fileno(self) -> int:
        """For `select`: readable once the answer begins."""
        return self._socket.fileno()

    def call(
        self, request: Message, answer: type[AnswerT], *, highest: int = ANY_VERSION, timeout_s: float = 0.0
    ) -> AnswerT:
        """Ask and wait, up to `timeout_s` where the broker may take longer than usual. `highest`: the newest version
        the caller can fill in and read. Raises RequestRefused when there is no version in common."""
        self.send(request, highest=highest)
        return self.receive(answer, timeout_s=timeout_s)

    def send(self, request: Message, *, highest: int = ANY_VERSION) -> None:
        """Raises RequestRefused when there is no version in common, Unreachable."""
        version = self.version_of(type(request), highest)
        self._correlation_id += 1
        frame = codec.encode_request(
            request.API_KEY, version, self._correlation_id, self._settings.client_id, request
        )
        self._awaited = (request.API_KEY, version)
        self._write(frame)

    def receive(self, answer: type[AnswerT], *, timeout_s: float = 0.0) -> AnswerT:
        """The answer to the last `send`. Raises Unreachable."""
        self._socket.settimeout(self._settings.timeout_s + timeout_s)
        try:
            correlation_id, message = codec.decode_response(*self._awaited, self._read_frame())
        except codec.DecodeError as error:
            raise self._lost(error) from error
        if correlation_id != self._correlation_id or not isinstance(message, answer):
            raise Unreachable(f"{self.address} answered another request than the one sent")
        return message

    def version_of(self, request: type[Message], highest: int = ANY_VERSION) -> int:
        """The version in which `request` goes out. Raises RequestRefused when there is none in common."""
        low, high = codec.schema_versions(request.API_KEY)
        offered = self.api_versions.get(request.API_KEY)
        if offered is not None:
            version = min(high, highest, offered.max_version)
            if version >= max(low, offered.min_version):
                return version
        name = request.__name__.removesuffix("Request")
        has = (
            "does not have it"
            if offered is None
            else f"has versions {offered.min_version} to {offered.max_version}"
        )
        raise RequestRefused(
            ErrorCode.UNSUPPORTED_VERSION,
            f"{name} is needed in a version from {low} to {min(high, highest)}; {self.address} {has}",
        )

    def _negotiate(self) -> ApiVersionsResponse:
        """A broker that does not know our version of the question answers in version 0 and says so (KIP-511)."""
        request = ApiVersionsRequest(client_software_name="minikafka", client_software_version=__version__)
        for version in (NEGOTIATION_VERSION, 0):
            self.api_versions = {request.API_KEY: ApiVersion(request.API_KEY, 0, version)}
            self.send(request)
            frame = self._read_frame()
            if len(frame) < _CORRELATION_AND_ERROR.size:
                break
            _, code = _CORRELATION_AND_ERROR.unpack_from(frame)
            if code != ErrorCode.UNSUPPORTED_VERSION:
                try:
                    _, answer = codec.decode_response(request.API_KEY, version, frame)
                except codec.DecodeError:
                    break
                assert isinstance(answer, ApiVersionsResponse)
                return answer
        raise Unreachable(f"{self.address} does not speak Kafka's protocol")

    def _read_frame(self) -> bytes:
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        if not 0 <= length <= MAX_RESPONSE_BYTES:
            raise Unreachable(
                f"{self.address} announced an answer of {length} bytes: not Kafka, or a secured listener"
            )
        return self._read(length)

    def _read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                chunk = self._socket.recv(min(size - len(data), 1 << 20))
            except OSError as error:
                raise self._lost(error) from error
            if not chunk:
                raise Unreachable(f"{self.address} closed the connection instead of answering")
            data += chunk
        return bytes(data)

    def _write(self, frame: bytes) -> None:
        try:
            self._socket.sendall(frame)
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> Unreachable:
        why = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        return Unreachable(f"{self.address}: {why}")
