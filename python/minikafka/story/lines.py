"""How a story shows what happened: one line per event, columns aligned.

    broker 1    R4   high_watermark      orders-0    1 -> 2 ...
    who         rule kind                about       facts

A controller's line begins with `controller`, a client's with its name. What only a machine wants to know (connections,
sizes, ids of clients) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from minikafka.history import Event
from minikafka.trace import Fact
from minikafka.types import CONTROLLER_ID, NO_PRODUCER_ID, TopicPartition

HIDDEN: Final = frozenset(
    {
        "connection",
        "crc",
        "client_id",
        "bytes",
        "from_broker",
        "call",
        "broker_epoch",
        "topic_id",
        "directory_id",
        "fired",
    }
)
"""Facts that would differ for no reason a reader cares about."""
UUID: Final = re.compile(r"-[0-9a-zA-Z_-]{20,36}(?=$|[,; /)])")
"""What makes a member id unique behind the client's name."""
NO_PRODUCER: Final = frozenset({"producer_id", "producer_epoch", "first_sequence"})


def line(who: str, rule: str, kind: str, about: str, facts: str) -> str:
    return f"{who:<10}  {rule:<3}  {kind:<18}  {about:<10}  {facts}".rstrip()


def event_line(event: Event) -> str:
    """One event of a broker or the controller."""
    who = "controller" if event.broker == CONTROLLER_ID else f"broker {event.broker}"
    about = "" if event.told.partition is None else str(event.told.partition)
    return line(who, event.rule, event.kind, about, facts_text(event.facts))


def client_line(who: str, what: str, about: TopicPartition | str, facts: str) -> str:
    """What a client sees."""
    return line(who, "", what, str(about), facts)


def facts_text(facts: dict[str, Fact]) -> str:
    """`name=value` each, false flags left out; the reason last, in words."""
    hidden = HIDDEN | NO_PRODUCER if facts.get("producer_id") == NO_PRODUCER_ID else HIDDEN
    shown = [
        f"{name}={_value(fact)}"
        for name, fact in facts.items()
        if name not in hidden and name != "why" and fact is not None and fact is not False and fact != ""
    ]
    why = facts.get("why")
    return " ".join(shown) + (f"  ({why})" if why else "")


def _value(fact: Fact) -> str:
    if fact is True:
        return "yes"
    if isinstance(fact, str) or not isinstance(fact, Sequence):
        return UUID.sub("", str(fact))
    return UUID.sub("", ",".join(map(str, fact))) or "none"
