"""How to reach a Kafka: addresses, patience, and the security of its listener, by librdkafka's and Java's names."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from minikafka.errors import ConfigError

if TYPE_CHECKING:
    import ssl

    from minikafka.client.sasl import Sasl

DEFAULT_PORT: Final = 9092
PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
KNOWN: Final = (
    "acks",
    "auto.offset.reset",
    "client.id",
    "compression.type",
    "isolation.level",
    "request.timeout.ms",
    "sasl.mechanism",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "ssl.ca.location",
    "ssl.certificate.location",
    "ssl.key.location",
)
"""Properties of `-X`, as kcat's users know them."""
_TIMEOUT_MS: Final = "30000"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """bootstrap: where to begin, in order. timeout_s: how long one operation may take, retries included."""

    bootstrap: tuple[tuple[str, int], ...]
    client_id: str = "minikafka"
    timeout_s: float = 30.0
    tls: ssl.SSLContext | None = None
    sasl: Sasl | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, bootstrap: str, properties: Mapping[str, str]) -> ClientSettings:
        """From `HOST:PORT,...` and `-X` properties. Raises ConfigError."""
        for name in properties:
            if name not in KNOWN:
                near = get_close_matches(name, KNOWN, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(KNOWN)}"
                raise ConfigError(f"property {name!r} is unknown{hint}")
        protocol = properties.get("security.protocol", "PLAINTEXT").upper()
        if protocol not in PROTOCOLS:
            raise ConfigError(f"security.protocol is one of {', '.join(PROTOCOLS)}, not {protocol!r}")
        timeout = properties.get("request.timeout.ms", _TIMEOUT_MS)
        if not timeout.isdigit() or int(timeout) == 0:
            raise ConfigError(f"request.timeout.ms is a number of milliseconds, not {timeout!r}")
        return cls(
            bootstrap=tuple(_address(text.strip()) for text in bootstrap.split(",") if text.strip()),
            client_id=properties.get("client.id", "minikafka"),
            timeout_s=int(timeout) / 1000,
            tls=_tls(properties) if protocol.endswith("SSL") else None,
            sasl=_sasl(properties) if protocol.startswith("SASL") else None,
            properties=properties,
        )

    def secured(self, plain: socket.socket, host: str) -> socket.socket:
        """The socket to speak over: the same, or TLS on top of it. Raises OSError."""
        return plain if self.tls is None else self.tls.wrap_socket(plain, server_hostname=host)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        return text.strip("[]"), DEFAULT_PORT
    if not host or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _tls(properties: Mapping[str, str]) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=properties.get("ssl.ca.location"))
        certificate = properties.get("ssl.certificate.location")
        if certificate is not None:
            context.load_cert_chain(certificate, properties.get("ssl.key.location"))
    except OSError as error:
        raise ConfigError(f"cannot use the certificates given: {error}") from error
    return context


def _sasl(properties: Mapping[str, str]) -> Sasl:
    from minikafka.client.sasl import Sasl

    return Sasl.of(properties)
