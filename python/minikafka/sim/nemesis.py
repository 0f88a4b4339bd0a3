"""What goes wrong in the simulated world: one thing at a time, healed before the next.

Each misfortune says how to begin and how to end. `Nemesis` lets a while pass, begins one, lets a while pass, ends it,
and waits until the cluster is whole again, because the promise under test holds for one failure at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from minikafka._core import Disk as SimulatedDisk
from minikafka.config import INTERNAL_TOPICS
from minikafka.types import CONTROLLER_ID, BrokerId, Now
from minikafka.wire.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)

if TYPE_CHECKING:
    from minikafka.sim.world import World

QUIET_MS: Final = (50, 1_500)
TROUBLE_MS: Final = (20, 4_000)
RECHECK_US: Final = 50_000


class Misfortune(NamedTuple):
    """`begin` and `end` take the world and the broker it strikes."""

    name: str
    begin: Callable[[World, BrokerId], None]
    end: Callable[[World, BrokerId], None]


def _kill(world: World, broker: BrokerId) -> None:
    world.hosts[broker].kill()


def _power_loss(world: World, broker: BrokerId) -> None:
    world.hosts[broker].power_loss(world.fork(f"power-{world.clock.now_us}").getrandbits(32))


def _start(world: World, broker: BrokerId) -> None:
    if not world.hosts[broker].is_up:
        world.hosts[broker].start()


def _stop(world: World, broker: BrokerId) -> None:
    world.hosts[broker].stop()


def _pause(world: World, broker: BrokerId) -> None:
    world.hosts[broker].pause()


def _resume(world: World, broker: BrokerId) -> None:
    world.hosts[broker].resume()


def _isolate(world: World, broker: BrokerId) -> None:
    world.network.cut([(broker, other) for other in world.hosts if other != broker])


def _cut_controller(world: World, broker: BrokerId) -> None:
    world.network.cut([(broker, CONTROLLER_ID)])


def _heal(world: World, broker: BrokerId) -> None:
    world.network.heal()


def _kill_controller(world: World, broker: BrokerId) -> None:
    world.hosts[CONTROLLER_ID].kill()


def _start_controller(world: World, broker: BrokerId) -> None:
    world.hosts[CONTROLLER_ID].start()


def _move_away(world: World, broker: BrokerId) -> None:
    """Every partition of user topics leaves this broker, as an admin may ask."""
    _reassign(world, [other for other in world.brokers if other != broker], asker=_another(world, broker))


def _move_back(world: World, broker: BrokerId) -> None:
    """To all brokers again, the one that was away first: when it has caught up it is the preferred leader."""
    others = [other for other in world.brokers if other != broker]
    _reassign(world, [broker, *others], asker=_another(world, broker))


def _move_to_a_dying(world: World, broker: BrokerId) -> None:
    """It dies before the partitions that are to leave it have, or while they come back."""
    _move_away(world, broker)
    _kill(world, broker)


def _start_and_move_back(world: World, broker: BrokerId) -> None:
    _start(world, broker)
    _move_back(world, broker)


def _another(world: World, broker: BrokerId) -> BrokerId:
    return next(other for other in world.brokers if other != broker)


def _reassign(world: World, replicas: list[BrokerId], asker: BrokerId) -> None:
    broker = world.broker(asker)
    if broker is None:
        return
    topics = [
        ReassignableTopic(
            name=name,
            partitions=[ReassignablePartition(partition_index=index, replicas=replicas) for index in topic.partitions],
        )
        for name, topic in sorted(broker.image.topics.items())
        if name not in INTERNAL_TOPICS
    ]
    request = AlterPartitionReassignmentsRequest(topics=topics)
    world.hosts[asker].ask(
        lambda now: broker.peers.call(CONTROLLER_ID, request, 1, _unheard, _unheard, now, channel="nemesis")
    )


def _unheard(answer: object, now: Now) -> None:
    """Nobody is interested; whether the cluster is whole again is looked at, not asked."""


def _fill_disk(world: World, broker: BrokerId) -> None:
    _simulated_disk(world, broker).set_full(True)


def _replace_disk(world: World, broker: BrokerId) -> None:
    """Room again; but a disk that failed is not trusted in this life."""
    _simulated_disk(world, broker).set_full(False)
    world.hosts[broker].kill()
    world.hosts[broker].start()


def _simulated_disk(world: World, broker: BrokerId) -> SimulatedDisk:
    return cast(SimulatedDisk, world.hosts[broker].disk)


KILL: Final = Misfortune("kill", _kill, _start)
STOP: Final = Misfortune("stop", _stop, _start)
PAUSE: Final = Misfortune("pause", _pause, _resume)
ISOLATE: Final = Misfortune("isolate", _isolate, _heal)
CUT_CONTROLLER: Final = Misfortune("cut from the controller", _cut_controller, _heal)
KILL_CONTROLLER: Final = Misfortune("kill the controller", _kill_controller, _start_controller)
POWER_LOSS: Final = Misfortune("power loss", _power_loss, _start)

MOVE: Final = Misfortune("move partitions away", _move_away, _move_back)
MOVE_AND_KILL: Final = Misfortune("move partitions away, and kill", _move_to_a_dying, _start_and_move_back)
FULL_DISK: Final = Misfortune("full disk", _fill_disk, _replace_disk)

ONE_AT_A_TIME: Final = (
    KILL,
    STOP,
    PAUSE,
    ISOLATE,
    CUT_CONTROLLER,
    KILL_CONTROLLER,
    MOVE,
    MOVE_AND_KILL,
    FULL_DISK,
)
"""None of these loses what a replica has: with acks=all and min ISR 2 no acknowledged record may go."""


class Nemesis:
    """Strikes until `until_us`, then leaves the world whole."""

    def __init__(
        self,
        world: World,
        random: Random,
        misfortunes: tuple[Misfortune, ...],
        is_whole: Callable[[], bool],
        until_us: int,
    ) -> None:
        self._world = world
        self._random = random
        self._misfortunes = misfortunes
        self._is_whole = is_whole
        self._until_us = until_us
        self.struck: list[str] = []
        self.is_done = False

    def run(self) -> None:
        self._after(QUIET_MS, self._strike)

    def _after(self, between_ms: tuple[int, int], run: Callable[[], None]) -> None:
        self._world.clock.after(self._random.randint(*between_ms) * 1000, run)

    def _strike(self) -> None:
        if self._world.clock.now_us >= self._until_us:
            self.is_done = True
            return
        misfortune = self._random.choice(self._misfortunes)
        broker = self._random.choice(self._world.brokers)
        self.struck.append(f"{self._world.clock.now_us // 1000} ms: {misfortune.name} {broker}")
        misfortune.begin(self._world, broker)
        self._after(TROUBLE_MS, lambda: self._end(misfortune, broker))

    def _end(self, misfortune: Misfortune, broker: BrokerId) -> None:
        if misfortune is STOP and self._world.hosts[broker].is_up:
            # A clean stop takes as long as it takes.
            self._world.clock.after(RECHECK_US, lambda: self._end(misfortune, broker))
            return
        misfortune.end(self._world, broker)
        self._wait_until_whole()

    def _wait_until_whole(self) -> None:
        if self._is_whole():
            self._after(QUIET_MS, self._strike)
        else:
            self._world.clock.after(RECHECK_US, self._wait_until_whole)
