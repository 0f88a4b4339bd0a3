"""The clients of the lab: confluent-kafka (librdkafka), each of which writes down what it did and what it was told.

Nothing here is imported before a scenario runs, so that `lab list` and `lab check` need no client library.
"""

from __future__ import annotations

from importlib.util import find_spec

from minikafka.errors import ConfigError


def require_library() -> None:
    """Raises ConfigError with the command that installs the client library, if it is not here."""
    if find_spec("confluent_kafka") is None:
        raise ConfigError(
            "the lab's clients are confluent-kafka, which is not installed: pip install 'minikafka[client]'"
        )
