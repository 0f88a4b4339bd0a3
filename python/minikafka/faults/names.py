"""APIs and error codes by Kafka's names."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from minikafka.errors import ConfigError, ErrorCode
from minikafka.wire.support import SERVED

BETWEEN_BROKERS: Final = {
    56: "AlterPartition",
    58: "Envelope",
    62: "BrokerRegistration",
    63: "BrokerHeartbeat",
    67: "AllocateProducerIds",
}
"""APIs that only brokers speak, by key."""
API_NAMES: Final = {key: served.name for key, served in SERVED.items()} | BETWEEN_BROKERS
"""By API key."""
_BY_LOWER: Final = {name.lower(): (key, name) for key, name in API_NAMES.items()}


def api_key(name: str) -> int:
    """The key of an API by Kafka's name, such as `Produce` or `EndTxn`, in any case.

    Raises ConfigError with the nearest name.
    """
    return _api(name)[0]


def api_name(name: str) -> str:
    """The name as Kafka writes it. Raises ConfigError with the nearest name."""
    return _api(name)[1]


def _api(name: str) -> tuple[int, str]:
    found = _BY_LOWER.get(name.lower())
    if found is None:
        near = get_close_matches(name.lower(), _BY_LOWER, n=1)
        raise ConfigError(
            f"no API named {name!r}" + (f"; did you mean {_BY_LOWER[near[0]][1]}?" if near else "")
        )
    return found


def error_code(code: str | int) -> ErrorCode:
    """By name or number. Raises ConfigError with the nearest name."""
    if isinstance(code, int):
        try:
            return ErrorCode(code)
        except ValueError:
            raise ConfigError(f"no error code {code}") from None
    name = code.upper()
    if name in ErrorCode.__members__:
        return ErrorCode[name]
    raise ConfigError(f"no error code {code!r}{nearest(name, ErrorCode.__members__)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or nothing when nothing is near."""
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
