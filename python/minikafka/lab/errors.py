"""How a run of the lab ends when it ends with neither yes nor no."""

from __future__ import annotations

from minikafka.errors import MinikafkaError


class Inconclusive(MinikafkaError):
    """The run proves nothing: the fault did not strike, nothing was sent, or the reader did not reach the end."""


class Skipped(MinikafkaError):
    """The cluster lacks what the scenario needs; the message says what."""
