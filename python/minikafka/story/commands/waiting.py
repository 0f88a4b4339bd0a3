"""Time in a story: nothing happens between commands but what these let happen.

    advance 10s
    until orders-0 isr=1,2            also leader=, leader_epoch=, high_watermark=, log_end_offset=, last_stable_offset=

Time is the simulated clock's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from minikafka.errors import ConfigError
from minikafka.partition.partition import Partition
from minikafka.story.command import Command, duration_ms, numbers
from minikafka.story.session import Story
from minikafka.types import NO_LEADER, TopicPartition

UNTIL_WITHIN_MS: Final = 300_000
SETTLES_MS: Final = 5
"""Answers that the awaited moment set off arrive before the command ends."""
ROUNDED_MS: Final = 100

SEEN: Final[dict[str, Callable[[Partition], list[int]]]] = {
    "isr": lambda replica: sorted(replica.isr),
    "leader_epoch": lambda replica: [replica.leader_epoch],
    "high_watermark": lambda replica: [replica.high_watermark],
    "last_stable_offset": lambda replica: [replica.progress().last_stable_offset],
    "log_end_offset": lambda replica: [replica.log.log_end_offset],
}


def advance(story: Story, command: Command) -> None:
    """Let so much time pass."""
    command.only()
    within_ms = duration_ms(command.word(0, "a duration such as 10s"))
    story.world.run_until(lambda: False, within_ms)


def until(story: Story, command: Command) -> None:
    """Let time pass until the leader's replica shows all this; tells how long it took, to a tenth of a second."""
    command.only("leader", *SEEN)
    name = command.partition()
    wanted = {key: sorted(numbers(value, "a number")) for key, value in command.options.items()}
    if not wanted:
        raise ConfigError(f"until wants one of leader, {', '.join(SEEN)}")
    began_us = story.world.clock.now_us
    story.wait(lambda: _holds(story, name, wanted), f"{name} {command.options}", UNTIL_WITHIN_MS)
    story.world.run_until(lambda: False, SETTLES_MS)
    took_ms = (story.world.clock.now_us - began_us) // 1_000
    if took_ms >= ROUNDED_MS:
        story.tell(f"... {round(took_ms / ROUNDED_MS) / 10:g} s pass")


def _holds(story: Story, name: TopicPartition, wanted: dict[str, list[int]]) -> bool:
    """An old leader that does not know yet what it lost is not asked."""
    controller = story.world.controller()
    state = None if controller is None else controller.image.partition(name)
    if state is None or state.leader == NO_LEADER:
        return False
    replica = story.world.replica(state.leader, name)
    if replica is None or not replica.is_leader:
        return False
    seen = {"leader": [state.leader]} | {key: look(replica) for key, look in SEEN.items()}
    return all(seen[key] == value for key, value in wanted.items())
