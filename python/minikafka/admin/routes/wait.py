"""`POST /v1/wait`: the conditions of `Cluster.wait`, for any language. Nothing polls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

from minikafka.admin.problem import Problem
from minikafka.admin.route import AnyRoute, Route, body
from minikafka.admin.scope import Scope
from minikafka.runtime.control.condition import Condition

LONGEST_S: Final = 600.0


class Held(NamedTuple):
    holds: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """Everything given must hold at once."""

    topic: Annotated[str | None, body("a topic; needed by everything but `brokers`")] = None
    partition: Annotated[int, body("of that topic", least=0)] = 0
    leader: Annotated[int | None, body("it is led by this broker")] = None
    leader_epoch: Annotated[int | None, body("in this leader epoch")] = None
    isr: Annotated[list[int] | None, body("these are its in-sync replicas, in any order")] = None
    log_start_offset: Annotated[int | None, body("the leader's is at least this")] = None
    high_watermark: Annotated[int | None, body("the leader's is at least this")] = None
    last_stable_offset: Annotated[int | None, body("the leader's is at least this")] = None
    log_end_offset: Annotated[int | None, body("the leader's is at least this")] = None
    brokers: Annotated[list[int] | None, body("these are the active brokers, no more and no fewer")] = None
    timeout: Annotated[
        float, body(f"seconds, up to {LONGEST_S:g}; then 504, with what was seen last", least=0)
    ] = 10.0

    def condition(self) -> Condition:
        """Raises ConfigError."""
        offsets = {
            "log_start_offset": self.log_start_offset,
            "high_watermark": self.high_watermark,
            "last_stable_offset": self.last_stable_offset,
            "log_end_offset": self.log_end_offset,
        }
        return Condition.of(
            topic=self.topic,
            partition=self.partition,
            leader=self.leader,
            leader_epoch=self.leader_epoch,
            isr=self.isr,
            brokers=self.brokers,
            **{name: offset for name, offset in offsets.items() if offset is not None},
        )


async def wait(scope: Scope, asked: Wait) -> Held:
    if asked.timeout > LONGEST_S:
        raise Problem(422, f"field 'timeout' is at most {LONGEST_S:g} seconds")
    await asked.condition().wait(scope, asked.timeout)
    return Held(True)


ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST", "/v1/wait",
        "Answer once everything asked for holds at once, looked at after each turn of a broker; 504 when it does not "
        "in time.",
        Wait, Held, wait, waits=True,
        example='{"topic": "orders", "partition": 0, "isr": [1, 2, 3], "timeout": 5}',
    ),
)  # fmt: skip
