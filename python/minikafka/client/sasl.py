"""SASL PLAIN and SCRAM (RFC 4616, RFC 5802), for brokers that want to know who asks. Ours never do."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from minikafka.errors import ConfigError, ErrorCode, RequestRefused
from minikafka.wire.messages.sasl_authenticate import SaslAuthenticateRequest, SaslAuthenticateResponse
from minikafka.wire.messages.sasl_handshake import SaslHandshakeRequest, SaslHandshakeResponse

if TYPE_CHECKING:
    from minikafka.client.connection import Connection

HASHES: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
MECHANISMS: Final = ("PLAIN", *HASHES)
MAX_ITERATIONS: Final = 1_000_000
"""A hostile server may not keep us hashing for ever."""


@dataclass(frozen=True, slots=True)
class Sasl:
    """Who we are, and how that is said."""

    mechanism: str
    username: str
    password: str

    @classmethod
    def of(cls, properties: Mapping[str, str]) -> Sasl:
        """Raises ConfigError for what is missing."""
        mechanism = properties.get("sasl.mechanism", "PLAIN").upper()
        if mechanism not in MECHANISMS:
            raise ConfigError(f"sasl.mechanism is one of {', '.join(MECHANISMS)}, not {mechanism!r}")
        for name in ("sasl.username", "sasl.password"):
            if name not in properties:
                raise ConfigError(f"security.protocol SASL_... wants -X {name}=...")
        return cls(mechanism, properties["sasl.username"], properties["sasl.password"])

    def authenticate(self, connection: Connection) -> None:
        """Raises RequestRefused, Unreachable."""
        answer = connection.call(SaslHandshakeRequest(self.mechanism), SaslHandshakeResponse, highest=1)
        if answer.error_code:
            offered = ", ".join(answer.mechanisms)
            raise RequestRefused(
                answer.error_code, f"{connection.address} does not take {self.mechanism}, but {offered}"
            )
        if self.mechanism == "PLAIN":
            _say(connection, f"\0{self.username}\0{self.password}".encode())
        else:
            self._scram(connection, HASHES[self.mechanism])

    def _scram(self, connection: Connection, name: str) -> None:
        nonce = secrets.token_urlsafe(24)
        user = self.username.replace("=", "=3D").replace(",", "=2C")
        first_bare = f"n={user},r={nonce}"
        first = _say(connection, f"n,,{first_bare}".encode()).decode("utf-8", "replace")
        fields = dict(part.split("=", 1) for part in first.split(",") if "=" in part)
        rounds = int(fields["i"]) if fields.get("i", "").isdigit() else 0
        if (
            not fields.get("r", "").startswith(nonce)
            or "s" not in fields
            or not 1 <= rounds <= MAX_ITERATIONS
        ):
            raise _failed(connection, "sent a SCRAM challenge that makes no sense")
        salted = hashlib.pbkdf2_hmac(name, self.password.encode(), base64.b64decode(fields["s"]), rounds)
        without_proof = f"c=biws,r={fields['r']}"
        signed = f"{first_bare},{first},{without_proof}".encode()
        client_key = hmac.digest(salted, b"Client Key", name)
        signature = hmac.digest(hashlib.new(name, client_key).digest(), signed, name)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        final = _say(connection, f"{without_proof},p={base64.b64encode(proof).decode()}".encode())
        expected = hmac.digest(hmac.digest(salted, b"Server Key", name), signed, name)
        if final != b"v=" + base64.b64encode(expected):
            raise _failed(connection, "does not know the password it asked for")


def _say(connection: Connection, token: bytes) -> bytes:
    answer = connection.call(SaslAuthenticateRequest(token), SaslAuthenticateResponse, highest=2)
    if answer.error_code:
        raise _failed(connection, f"said {answer.error_message or 'authentication failed'}")
    return bytes(answer.auth_bytes)


def _failed(connection: Connection, why: str) -> RequestRefused:
    return RequestRefused(ErrorCode.SASL_AUTHENTICATION_FAILED, f"{connection.address} {why}")
