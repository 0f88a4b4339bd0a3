"""What a run's settings promise after what was done to it, as the checker asks it (`checker/allowed.py`).

Read off the settings themselves, so that a scenario cannot claim one thing and run another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from minikafka.checker.allowed import ALL, Configuration
from minikafka.lab.recorder import Strike
from minikafka.lab.scenario import Client, Setting
from minikafka.lab.scenario import Configuration as Chosen

ACKS: Final[dict[Setting, int]] = {"all": ALL, "-1": ALL, "1": 1, "0": 0}


def promise(chosen: Chosen, strikes: Sequence[Strike]) -> Configuration:
    """Defaults are the client's and Kafka's; Java's producers are idempotent unless told otherwise (KIP-679)."""
    producer, consumer = chosen.producer, chosen.consumer
    transactional = chosen.is_transactional or "transactional.id" in producer
    return Configuration(
        acks=ACKS[str(producer.get("acks", "all"))],
        idempotent=transactional or bool(producer.get("enable.idempotence", chosen.client is Client.JAVA)),
        transactional=transactional,
        isolation=str(consumer.get("isolation.level", "read_committed")),
        in_flight=int(producer.get("max.in.flight.requests.per.connection", 5)),
        retries=int(producer.get("retries", 1)) > 0,
        checks_delivery=chosen.listens,
        sends_again=chosen.sends_again,
        commits=chosen.commits,
        min_insync_replicas=int(chosen.topic.get("min.insync.replicas", 1)),
        fsync=chosen.durability == "fsync",
        transaction_version=chosen.features.get("transaction.version", 2),
        died=frozenset(one.death for one in strikes if one.death is not None),
    )
