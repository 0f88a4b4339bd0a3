r"""Looking at the cluster from outside: which events are told, and what every replica holds.

    trace append,isr        tell these kinds from here on; `trace default`: as at first, `trace off`: nothing
    records orders-0 on=2   what one replica's log holds, batch by batch
    show orders-0           every replica as a bar:

        orders-0  leader 1, epoch 0, isr 1,2,3, eligible leaders none
          broker 1  leader    0 ===--|-- 7
          broker 2  follower  0 =====|   5

In a bar `=` is on disk, `-` is in the page cache only, and `|` stands at the high watermark.
"""

from __future__ import annotations

from typing import Final

from minikafka.errors import ConfigError
from minikafka.log.batch import read_records, split
from minikafka.partition.partition import Partition
from minikafka.sim.checker.replicas_agree import content
from minikafka.story.command import Command, number
from minikafka.story.session import SHOWN_KINDS, Story
from minikafka.trace import KINDS
from minikafka.types import BrokerId, TopicPartition

BAR_OFFSETS: Final = 60
"""A longer log is shown by its last so many offsets."""


def trace(story: Story, command: Command) -> None:
    """Choose the kinds that are told."""
    kinds = command.word(0, "kinds such as append,isr")
    if kinds == "default":
        story.kinds = SHOWN_KINDS
        return
    chosen = frozenset() if kinds == "off" else frozenset(kinds.split(","))
    strange = sorted(chosen - set(KINDS))
    if strange:
        raise ConfigError(f"no kind of event {strange[0]!r}; there are {', '.join(KINDS)}")
    story.kinds = chosen


def show(story: Story, command: Command) -> None:
    """One partition, replica by replica."""
    command.only()
    name = command.partition()
    controller = story.world.controller()
    image = None if controller is None else controller.image
    state = None if image is None else image.partition(name)
    if state is None:
        raise ConfigError(f"the controller knows no {name}")
    leader = "none" if state.leader < 0 else str(state.leader)
    parts = [f"leader {leader}", f"epoch {state.leader_epoch}", f"isr {_list(state.isr)}"]
    if state.elr:
        parts.append(f"eligible leaders {_list(state.elr)}")
    story.tell(f"{name}  {', '.join(parts)}")
    for broker in state.replicas:
        story.tell(f"  broker {broker}  {_replica(story, broker, name)}")


def _list(brokers: tuple[BrokerId, ...]) -> str:
    return ",".join(map(str, sorted(brokers))) or "none"


def _replica(story: Story, broker: BrokerId, name: TopicPartition) -> str:
    host = story.world.hosts[broker]
    replica = story.world.replica(broker, name)
    if not host.is_up:
        return "dead"
    if replica is None:
        return "has no log of it"
    role = "leader" if replica.is_leader else "follower" if replica.is_follower else "offline"
    return f"{role:<8}  {bar(replica)}{'  (paused)' if host.paused else ''}"


def bar(replica: Partition) -> str:
    """A log as a line of characters, one an offset."""
    progress = replica.progress()
    start = max(progress.log_start_offset, progress.log_end_offset - BAR_OFFSETS)
    cells = []
    for offset in range(start, progress.log_end_offset + 1):
        if offset == progress.high_watermark:
            cells.append("|")
        if offset < progress.log_end_offset:
            cells.append("=" if offset < replica.log.recovery_point else "-")
    return f"{start} {''.join(cells)} {progress.log_end_offset}"


def records(story: Story, command: Command) -> None:
    """One replica's batches: offsets, leader epoch, values; what a marker says."""
    command.only("on")
    name = command.partition()
    on = command.options.get("on")
    broker = story.leader(name) if on is None else number(on, "a broker's number")
    replica = story.world.replica(broker, name)
    if replica is None:
        raise ConfigError(f"broker {broker} shows no log of {name}")
    log = replica.log
    for header, data in split(content(replica, log.log_start_offset, log.log_end_offset)):
        if header.is_control:
            holds = (
                f"{'COMMIT' if header.control_type == 1 else 'ABORT'} marker of producer {header.producer_id}"
            )
        else:
            holds = " ".join(value_text(record.value) for record in read_records(data))
        story.tell(f"  {header.base_offset:>3}  epoch {header.partition_leader_epoch}  {holds}")


def value_text(value: bytes | None) -> str:
    """As it was typed."""
    return "null" if value is None else f'"{value.decode(errors="replace")}"'
