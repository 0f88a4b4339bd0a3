"""Points in time as people write them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from minikafka.errors import ConfigError

TIME_FORM: Final = "MS|ISO-8601"


def timestamp_ms(text: str) -> int:
    """Milliseconds since 1970, or ISO 8601, in UTC unless it says otherwise; as ms of wall time. Raises ConfigError."""
    if text.isdigit():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no time: milliseconds, or such as 2026-01-31T12:00:00Z") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def time_text(timestamp: int) -> str | None:
    """ms of wall time as ISO 8601 in UTC; None for none, or one that no calendar has."""
    if timestamp < 0:
        return None
    try:
        moment = datetime.fromtimestamp(timestamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
