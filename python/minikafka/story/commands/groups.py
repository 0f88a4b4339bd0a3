"""Consumer groups, member by member.

    member a group=g topics=orders                         a classic member that gives everything up before a rebalance
    member a group=g topics=orders protocol=cooperative    a classic member that gives up only what it must (G9)
    member a group=g topics=orders protocol=consumer       a member of the KIP-848 protocol
    leave a                                                says goodbye
    crash a                                                says nothing more; its session ends (G6, G16)
    owners g                                               who may read what now

Members run by themselves, a heartbeat every 300 ms: `advance` lets them.
"""

from __future__ import annotations

from minikafka.errors import ConfigError
from minikafka.sim.members.base import Member, names
from minikafka.sim.members.classic import ClassicMember
from minikafka.sim.members.consumer import ConsumerMember
from minikafka.story.command import Command
from minikafka.story.commands.producing import NOWAIT
from minikafka.story.session import Story
from minikafka.story.told_member import ToldMember

SETTLES_MS = 2_000
PROTOCOLS = ("range", "cooperative", "consumer")


def member(story: Story, command: Command) -> None:
    """It joins; the group has two seconds to come to rest, unless `nowait`."""
    command.only("group", "topics", "protocol")
    name = command.word(0, "a name")
    group = command.options.get("group", "g")
    topics = command.options.get("topics", "orders").split(",")
    protocol = command.options.get("protocol", PROTOCOLS[0])
    if protocol not in PROTOCOLS:
        raise ConfigError(f"protocol is {', '.join(PROTOCOLS)}, not {protocol!r}")
    around = ToldMember(story)
    made: Member
    if protocol == "consumer":
        made = ConsumerMember(around, name, group, topics)
    else:
        made = ClassicMember(around, name, group, topics, cooperative=protocol == "cooperative")
    story.clients[name] = made
    made.join()
    _settle(story, command)


def leave(story: Story, command: Command) -> None:
    """The others hear of it at their next heartbeat."""
    _member(story, command).leave()
    _settle(story, command)


def crash(story: Story, command: Command) -> None:
    """The coordinator finds out when the session ends."""
    _member(story, command).crash()


def owners(story: Story, command: Command) -> None:
    """As the members see it."""
    group = command.word(0, "a group")
    for name in sorted(story.clients):
        one = story.clients[name]
        if isinstance(one, Member) and one.group == group and one.is_alive:
            story.tell(f"  {name}  {names(sorted(one.owned))}")


def _member(story: Story, command: Command) -> Member:
    name = command.word(0, "a member")
    found = story.clients.get(name)
    if not isinstance(found, Member):
        raise ConfigError(f"there is no member {name!r}")
    return found


def _settle(story: Story, command: Command) -> None:
    if NOWAIT not in command.words:
        story.world.run_until(lambda: False, SETTLES_MS)
