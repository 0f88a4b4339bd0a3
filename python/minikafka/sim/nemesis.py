"""What goes wrong in the simulated world, and the one who makes it so.

Each misfortune says how to begin and how to end; everything random in it comes from the world. They differ in what they
may cost:

    a process or a link fails       what a replica has written it keeps
    an administrator acts           nothing may be lost, whatever is asked for
    power fails, a disk fails       a replica loses what it had not fsynced

What follows for a given configuration is in `promise.py`. `Nemesis` works off a schedule: a while of quiet, a strike, a
while of trouble, its end; then it waits until the cluster is whole again, unless the schedule says that the next strike
falls into this one. At the end it leaves the world whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.config import INTERNAL_TOPICS
from minikafka.errors import ConfigError
from minikafka.sim.network import CLIENT
from minikafka.sim.schedule import Strike
from minikafka.types import CONTROLLER_ID, BrokerId, Now, TopicPartition
from minikafka.wire.messages.alter_partition_reassignments import (
    AlterPartitionReassignmentsRequest,
    ReassignablePartition,
    ReassignableTopic,
)

if TYPE_CHECKING:
    from minikafka.sim.world import World

RECHECK_US: Final = 50_000
SLOW_LINK_US: Final = 300_000
SLOW_DISK_US: Final = 400_000
STARVED_US: Final = 700_000
FAILING_SYNCS: Final = 3
TOPIC: Final = "orders"
"""The topic that workloads write to, and that administrators act on."""


class Misfortune(NamedTuple):
    """`loses_unsynced`: a replica may come back without what it had not fsynced."""

    name: str
    begin: Callable[[World, Strike], None]
    end: Callable[[World, Strike], None]
    loses_unsynced: bool = False


# Processes.


def _kill(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].kill()


def _start(world: World, strike: Strike) -> None:
    _start_host(world, strike.broker)


def _start_host(world: World, node: BrokerId) -> None:
    if not world.hosts[node].is_up:
        world.hosts[node].start()


def _stop(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].stop()


def _pause(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].pause()


def _resume(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].resume()


def _starve(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].starved_us = STARVED_US


def _feed(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].starved_us = 0


def _kill_controller(world: World, strike: Strike) -> None:
    world.hosts[CONTROLLER_ID].kill()


def _start_controller(world: World, strike: Strike) -> None:
    _start_host(world, CONTROLLER_ID)


def _kill_all(world: World, strike: Strike) -> None:
    for node in world.brokers:
        world.hosts[node].kill()


def _start_all(world: World, strike: Strike) -> None:
    for node in world.hosts:
        _start_host(world, node)


# Links.


def _isolate(world: World, strike: Strike) -> None:
    world.network.cut((strike.broker, other) for other in world.hosts if other != strike.broker)


def _cut_controller(world: World, strike: Strike) -> None:
    world.network.cut([(strike.broker, CONTROLLER_ID)])


def _cut_link(world: World, strike: Strike) -> None:
    world.network.cut([(strike.broker, strike.other)])


def _cut_one_way(world: World, strike: Strike) -> None:
    world.network.cut([(strike.broker, strike.other)], one_way=True)


def _cut_clients(world: World, strike: Strike) -> None:
    """What the broker says reaches no client; what they say reaches it."""
    world.network.cut([(strike.broker, CLIENT)], one_way=True)


def _slow_link(world: World, strike: Strike) -> None:
    world.network.slow([(strike.broker, strike.other)], SLOW_LINK_US)


def _heal(world: World, strike: Strike) -> None:
    world.network.heal()


# Power and disks.


def _power_loss(world: World, strike: Strike) -> None:
    _cut_power(world, strike.broker)


def _power_loss_of_all(world: World, strike: Strike) -> None:
    for node in world.hosts:
        _cut_power(world, node)


def _cut_power(world: World, node: BrokerId) -> None:
    world.hosts[node].power_loss(world.fork(f"power-{world.clock.now_us}-{node}").getrandbits(32))


def _slow_disk(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].slow_disk_us = SLOW_DISK_US


def _usual_disk(world: World, strike: Strike) -> None:
    world.hosts[strike.broker].slow_disk_us = 0


def _fail_syncs(world: World, strike: Strike) -> None:
    world.disk(strike.broker).fail_sync(_logs_of(strike.broker), FAILING_SYNCS)


def _logs_of(broker: BrokerId) -> str:
    """The logs of the topic under load; the broker's own notes stay readable and writable."""
    return f"/node-{broker}/{TOPIC}"


def _fill_disk(world: World, strike: Strike) -> None:
    world.disk(strike.broker).set_full(True)


def _make_room(world: World, strike: Strike) -> None:
    """Room again; but a disk that failed is not trusted in this life."""
    world.disk(strike.broker).set_full(False)
    _kill(world, strike)
    _start(world, strike)


def _replace_disk(world: World, strike: Strike) -> None:
    """The machine is taken down, and comes back with the disk as it was found."""
    world.disk(strike.broker).fail_sync(_logs_of(strike.broker), 0)
    _cut_power(world, strike.broker)
    _start(world, strike)


# Administrators.


def _prefer(world: World, strike: Strike) -> None:
    world.admin().elect_preferred()


def _configure(world: World, strike: Strike) -> None:
    world.admin().set_topic_config(TOPIC, "segment.bytes", str(1 << (10 + strike.lasts_ms % 10)))


def _delete_records(world: World, strike: Strike) -> None:
    controller = world.controller()
    for index in range(2):
        name = TopicPartition(TOPIC, index)
        state = None if controller is None else controller.image.partition(name)
        if state is not None and state.leader in world.hosts:
            world.admin().delete_records(name, state.leader)


def _nothing(world: World, strike: Strike) -> None:
    """It was over when it was done."""


def _move_away(world: World, strike: Strike) -> None:
    """Every partition of user topics leaves this broker, as an admin may ask."""
    _reassign(world, [other for other in world.brokers if other != strike.broker], asker=strike.other)


def _move_back(world: World, strike: Strike) -> None:
    """To all brokers again, the one that was away first: when it has caught up it is the preferred leader."""
    others = [other for other in world.brokers if other != strike.broker]
    _reassign(world, [strike.broker, *others], asker=strike.other)


def _move_to_a_dying(world: World, strike: Strike) -> None:
    """It dies before the partitions that are to leave it have, or while they come back."""
    _move_away(world, strike)
    _kill(world, strike)


def _start_and_move_back(world: World, strike: Strike) -> None:
    _start(world, strike)
    _move_back(world, strike)


def _reassign(world: World, replicas: list[BrokerId], asker: BrokerId) -> None:
    broker = world.broker(asker)
    if broker is None:
        return
    topics = [
        ReassignableTopic(
            name=name,
            partitions=[
                ReassignablePartition(partition_index=index, replicas=replicas) for index in topic.partitions
            ],
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


KILL: Final = Misfortune("kill", _kill, _start)
STOP: Final = Misfortune("stop", _stop, _start)
PAUSE: Final = Misfortune("pause", _pause, _resume)
STARVE: Final = Misfortune("starve", _starve, _feed)
KILL_CONTROLLER: Final = Misfortune("kill-controller", _kill_controller, _start_controller)
KILL_ALL: Final = Misfortune("kill-all", _kill_all, _start_all)
ISOLATE: Final = Misfortune("isolate", _isolate, _heal)
CUT_CONTROLLER: Final = Misfortune("cut-controller", _cut_controller, _heal)
CUT_LINK: Final = Misfortune("cut-link", _cut_link, _heal)
CUT_ONE_WAY: Final = Misfortune("cut-one-way", _cut_one_way, _heal)
CUT_CLIENTS: Final = Misfortune("cut-clients", _cut_clients, _heal)
SLOW_LINK: Final = Misfortune("slow-link", _slow_link, _heal)
SLOW_DISK: Final = Misfortune("slow-disk", _slow_disk, _usual_disk)
PREFER: Final = Misfortune("prefer", _prefer, _nothing)
CONFIGURE: Final = Misfortune("configure", _configure, _nothing)
DELETE_RECORDS: Final = Misfortune("delete-records", _delete_records, _nothing)
POWER_LOSS: Final = Misfortune("power-loss", _power_loss, _start, loses_unsynced=True)
POWER_LOSS_OF_ALL: Final = Misfortune(
    "power-loss-of-all", _power_loss_of_all, _start_all, loses_unsynced=True
)
FAIL_SYNCS: Final = Misfortune("fail-syncs", _fail_syncs, _replace_disk, loses_unsynced=True)
FULL_DISK: Final = Misfortune("full-disk", _fill_disk, _make_room)
MOVE: Final = Misfortune("move-away", _move_away, _move_back)
MOVE_AND_KILL: Final = Misfortune("move-away-and-kill", _move_to_a_dying, _start_and_move_back)

PROCESSES_AND_LINKS: Final = (
    KILL, STOP, PAUSE, STARVE, KILL_CONTROLLER, ISOLATE, CUT_CONTROLLER, CUT_LINK, CUT_ONE_WAY, CUT_CLIENTS, SLOW_LINK,
    SLOW_DISK, FULL_DISK,
)  # fmt: skip
ADMINISTRATORS: Final = (PREFER, CONFIGURE, DELETE_RECORDS)
MOVES: Final = (MOVE, MOVE_AND_KILL)
"""For three replicas, one misfortune at a time: who moved a partition away must live to move it back."""
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
ALL: Final = (
    *PROCESSES_AND_LINKS, KILL_ALL, *ADMINISTRATORS, *MOVES, POWER_LOSS, POWER_LOSS_OF_ALL, FAIL_SYNCS
)  # fmt: skip
BY_NAME: Final = MappingProxyType({misfortune.name: misfortune for misfortune in ALL})


def check(strikes: Sequence[Strike], brokers: Sequence[BrokerId]) -> None:
    """Raises ConfigError for a misfortune or a broker that this world does not have."""
    for strike in strikes:
        if strike.misfortune not in BY_NAME:
            raise ConfigError(f"no misfortune is called {strike.misfortune!r}: they are {', '.join(BY_NAME)}")
        if not {strike.broker, strike.other} <= set(brokers):
            raise ConfigError(f"strike {strike} is on brokers other than {list(brokers)}")


class Nemesis:
    """Works off `strikes`, then leaves the world whole. struck: what happened, in words."""

    def __init__(self, world: World, strikes: Sequence[Strike], is_whole: Callable[[], bool]) -> None:
        self._world = world
        self._left = list(strikes)
        self._is_whole = is_whole
        self._under_way = 0
        self._is_due = False
        self.struck: list[str] = []
        self.is_done = False

    def run(self) -> None:
        """Begin; goes on by itself."""
        self._next()

    def _next(self) -> None:
        if self._left:
            strike = self._left.pop(0)
            self._is_due = True
            self._world.clock.after(strike.quiet_ms * 1000, lambda: self._strike(strike))
        elif not self._under_way:
            self._leave_whole()
            self.is_done = True

    def _strike(self, strike: Strike) -> None:
        clock = self._world.clock
        misfortune = BY_NAME[strike.misfortune]
        self.struck.append(f"{clock.now_us // 1000} ms: {strike}")
        self._under_way += 1
        self._is_due = False
        misfortune.begin(self._world, strike)
        clock.after(strike.lasts_ms * 1000, lambda: self._end(misfortune, strike))
        if self._left and self._left[0].together:
            self._next()

    def _end(self, misfortune: Misfortune, strike: Strike) -> None:
        host = self._world.hosts[strike.broker]
        if misfortune is STOP and host.is_stopping:
            # A clean stop takes as long as it takes.
            self._world.clock.after(RECHECK_US, lambda: self._end(misfortune, strike))
            return
        misfortune.end(self._world, strike)
        self._under_way -= 1
        self._wait_until_whole()

    def _wait_until_whole(self) -> None:
        if self._under_way or self._is_due:
            return
        if not self._left or self._is_whole():
            self._next()
        else:
            self._world.clock.after(RECHECK_US, self._wait_until_whole)

    def _leave_whole(self) -> None:
        """Whatever a schedule left undone."""
        self._world.network.heal()
        for node, host in self._world.hosts.items():
            self._world.disk(node).set_full(False)
            host.starved_us = host.slow_disk_us = 0
            host.resume()
            _start_host(self._world, node)
