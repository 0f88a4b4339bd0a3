"""Classic groups and their offsets (G1-G11)."""

from __future__ import annotations

from minikafka.wire.messages.delete_groups import DeleteGroupsRequest
from minikafka.wire.messages.describe_groups import DescribeGroupsRequest
from minikafka.wire.messages.find_coordinator import FindCoordinatorRequest
from minikafka.wire.messages.heartbeat import HeartbeatRequest
from minikafka.wire.messages.join_group import JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse
from minikafka.wire.messages.leave_group import LeaveGroupRequest, MemberIdentity
from minikafka.wire.messages.list_groups import ListGroupsRequest
from minikafka.wire.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from minikafka.wire.messages.sync_group import SyncGroupRequest, SyncGroupRequestAssignment

from conformance.dialogues.requests import UNKNOWN_ID, committed_offsets, make_topic, offsets_of
from conformance.dialogues.talk import Talk

METADATA = b"\0\1\0\0\0\1\0\x07grouped\xff\xff\xff\xff\0\0\0\0"
"""A consumer's subscription to the topic `grouped`."""


def join(
    group: str,
    member: str = "",
    *,
    instance: str | None = None,
    session_ms: int = 10_000,
    kind: str = "consumer",
    protocols: tuple[str, ...] = ("range",),
    metadata: bytes = METADATA,
) -> JoinGroupRequest:
    offered = [JoinGroupRequestProtocol(name, metadata) for name in protocols]
    return JoinGroupRequest(group, session_ms, 10_000, member, instance, kind, offered)


def sync(
    group: str,
    generation: int,
    member: str,
    *,
    instance: str | None = None,
    kind: str | None = None,
    protocol: str | None = None,
    leads: bool = True,
) -> SyncGroupRequest:
    assignments = [SyncGroupRequestAssignment(member, b"all of it")] if leads else []
    return SyncGroupRequest(group, generation, member, instance, kind, protocol, assignments)


def joined(talk: Talk, group: str, *, version: int = 9, instance: str | None = None) -> tuple[str, int]:
    """A member on its own, as far as Stable; its id and generation."""
    answer = talk.settle("join", join(group, instance=instance), version)
    assert isinstance(answer, JoinGroupResponse)
    if answer.error_code:
        again = talk.settle("join with the id", join(group, answer.member_id, instance=instance), version)
        assert isinstance(again, JoinGroupResponse)
        answer = again
    talk.settle("sync", sync(group, answer.generation_id, answer.member_id, instance=instance), 3)
    return answer.member_id, answer.generation_id


def find_coordinator(talk: Talk) -> None:
    for kind in (0, 1):
        for version in range(7):
            if version < 4:
                if kind and not version:
                    continue
                talk.settle(f"type {kind}", FindCoordinatorRequest("found", kind), version)
            else:
                request = FindCoordinatorRequest(key_type=kind, coordinator_keys=["found", "found-too"])
                talk.settle(f"type {kind}", request, version)
    for kind, key in ((9, "found"), (0, ""), (1, ""), (2, "found"), (2, "a:b:0")):
        talk.settle(f"type {kind} key {key!r}", FindCoordinatorRequest(key, kind), 3)
        talk.settle(
            f"type {kind} key {key!r}", FindCoordinatorRequest(key_type=kind, coordinator_keys=[key]), 4
        )
        if kind == 2:
            request = FindCoordinatorRequest(key_type=kind, coordinator_keys=["no colons"])
            talk.settle("type 2 malformed", request, 6)
    talk.settle("no keys", FindCoordinatorRequest(key_type=0, coordinator_keys=[]), 4)


def join_group(talk: Talk) -> None:
    make_topic(talk, "grouped", 2)
    for version in range(10):
        group = f"joined-{version}"
        answer = talk.settle("join", join(group), version)
        assert isinstance(answer, JoinGroupResponse)
        if version >= 4:
            talk.settle("with the id", join(group, answer.member_id), version)
        talk.settle("unknown member", join(group, "nobody"), version)
        talk.settle("no common protocol", join(group, protocols=("sticky",)), version)
        talk.settle("another type", join(group, kind="connect"), version)
    for session in (5_999, 1_800_001, 0, -1):
        talk.settle(f"session {session}", join("joined-timeouts", session_ms=session), 9)
    talk.settle("empty group", join(""), 9)
    talk.settle("no protocols", join("joined-none", protocols=()), 9)
    talk.settle("no type", join("joined-none", kind=""), 9)
    talk.settle("member of no group", join("joined-nobody", "nobody"), 9)
    talk.settle("static member of no group", join("joined-static", "nobody", instance="one"), 9)


def one_member(talk: Talk) -> None:
    member, generation = joined(talk, "single")
    for version in range(5):
        talk.settle("heartbeat", HeartbeatRequest("single", generation, member), version)
    for what, group, number, who in (
        ("wrong generation", "single", generation + 1, member),
        ("unknown member", "single", generation, "nobody"),
        ("no member", "single", generation, ""),
        ("unknown group", "single-none", generation, member),
        ("empty group", "", generation, member),
    ):
        talk.settle(what, HeartbeatRequest(group, number, who), 4)
        talk.settle(what, sync(group, number, who), 3)
        talk.settle(what, committed_offsets(group, "grouped", member=who, generation=number), 8)
        talk.settle(what, committed_offsets(group, "grouped", member=who, generation=number), 9)
    talk.settle("unknown instance", HeartbeatRequest("single", generation, member, "one"), 4)
    for kind, protocol in (("connect", "range"), ("consumer", "sticky"), (None, None), ("consumer", "range")):
        talk.settle(
            f"sync as {kind} {protocol}", sync("single", generation, member, kind=kind, protocol=protocol), 5
        )
    for version in range(6):
        talk.settle("sync", sync("single", generation, member, kind="consumer", protocol="range"), version)
    talk.settle("commit", committed_offsets("single", "grouped", member=member, generation=generation), 8)
    talk.settle("commit without a member", committed_offsets("single", "grouped"), 8)
    talk.settle("same metadata, as leader", join("single", member), 9)
    talk.settle("heartbeat while completing", HeartbeatRequest("single", generation + 1, member), 4)
    moving = committed_offsets("single", "grouped", member=member, generation=generation + 1)
    talk.settle("commit while completing", moving, 8)
    talk.settle("old generation", HeartbeatRequest("single", generation, member), 4)
    talk.settle("sync", sync("single", generation + 1, member), 3)


def two_members(talk: Talk) -> None:
    """G4-G7: a second member joins; the first hears of it by heartbeat."""
    first, generation = joined(talk, "pair", version=3)
    talk.send("second joins", join("pair"), 3, on="second")
    rebalancing = talk.settle(
        "heartbeat", HeartbeatRequest("pair", generation, first), 4, done=lambda answer: _code(answer) == 27
    )
    assert rebalancing
    talk.settle("sync while preparing", sync("pair", generation, first), 3)
    talk.settle(
        "commit while preparing", committed_offsets("pair", "grouped", member=first, generation=generation), 8
    )
    talk.settle("wrong generation", HeartbeatRequest("pair", generation + 1, first), 4)
    talk.ask("described while preparing", DescribeGroupsRequest(["pair"]), 5)
    leader = talk.settle("first joins again", join("pair", first), 3)
    follower = talk.receive(on="second")
    assert isinstance(leader, JoinGroupResponse)
    assert isinstance(follower, JoinGroupResponse)
    second = follower.member_id
    talk.ask("described while completing", DescribeGroupsRequest(["pair"]), 5)
    talk.send("second syncs", sync("pair", generation + 1, second, leads=False), 3, on="second")
    both = [SyncGroupRequestAssignment(first, b"first's"), SyncGroupRequestAssignment(second, b"second's")]
    talk.settle("first syncs", SyncGroupRequest("pair", generation + 1, first, assignments=both), 3)
    talk.receive(on="second")
    talk.ask("described", DescribeGroupsRequest(["pair"]), 5)
    talk.ask("follower, same metadata", join("pair", second), 9, on="second")
    talk.settle("leave", LeaveGroupRequest("pair", second), 2)
    talk.settle("left already", LeaveGroupRequest("pair", second), 2)
    talk.settle("heartbeat of who left", HeartbeatRequest("pair", generation + 1, second), 4)


def static_members(talk: Talk) -> None:
    """G8: the instance's new member takes over, the old one is fenced."""
    old, _ = joined(talk, "static", instance="one")
    answer = talk.settle("takes over", join("static", instance="one"), 9)
    assert isinstance(answer, JoinGroupResponse)
    new, number = answer.member_id, answer.generation_id
    talk.settle("old heartbeat", HeartbeatRequest("static", number, old, "one"), 4)
    talk.settle("old sync", sync("static", number, old, instance="one"), 3)
    talk.settle("old join", join("static", old, instance="one"), 9)
    commit = committed_offsets("static", "grouped", member=old, generation=number, instance="one")
    talk.settle("old commit", commit, 8)
    talk.settle("old heartbeat without instance", HeartbeatRequest("static", number, old), 4)
    talk.settle("unknown instance", HeartbeatRequest("static", number, new, "two"), 4)
    talk.settle("new sync", sync("static", number, new, instance="one"), 3)
    talk.settle("new heartbeat", HeartbeatRequest("static", number, new, "one"), 4)
    talk.settle("takes over, other metadata", join("static", instance="one", metadata=METADATA + b"\0"), 9)
    talk.settle("takes over, before v5", join("static"), 4)
    for what, member, instance in (
        ("fenced", old, "one"),
        ("unknown instance", "", "two"),
        ("unknown member", "nobody", None),
        ("instance", "", "one"),
        ("instance again", "", "one"),
    ):
        identity = MemberIdentity(member, instance)
        talk.settle(f"leave: {what}", LeaveGroupRequest("static", members=[identity]), 4)


def leave_group(talk: Talk) -> None:
    for version in range(6):
        group = f"left-{version}"
        member, _ = joined(talk, group)
        for what, name, who in (
            ("unknown", group, "nobody"),
            ("unknown group", "left-none", member),
            ("empty group", "", member),
            ("sound", group, member),
            ("again", group, member),
        ):
            request = LeaveGroupRequest(name, who)
            if version >= 3:
                request = LeaveGroupRequest(name, members=[MemberIdentity(who)])
            talk.settle(what, request, version)


def offset_commit(talk: Talk) -> None:
    topic_id = make_topic(talk, "kept", 2)
    for version in range(2, 11):
        group = f"keeper-{version}"
        topic = topic_id if version >= 10 else "kept"
        other = UNKNOWN_ID if version >= 10 else "kept-none"
        for what, request in (
            ("sound", committed_offsets(group, topic)),
            ("null metadata", committed_offsets(group, topic, metadata_text=None)),
            ("long metadata", committed_offsets(group, topic, metadata_text="x" * 4097)),
            ("unknown topic", committed_offsets(group, other)),
            ("unknown partition", committed_offsets(group, topic, partition=9)),
            ("negative offset", committed_offsets(group, topic, -1, partition=1)),
            ("empty group", committed_offsets("", topic)),
            ("member of an empty group", committed_offsets(group, topic, member="nobody", generation=1)),
            ("generation of an empty group", committed_offsets(group, topic, generation=1)),
            ("member of no group", committed_offsets("keeper-none", topic, member="nobody", generation=1)),
            ("member without generation", committed_offsets("keeper-none", topic, member="nobody")),
        ):
            talk.settle(what, request, version)
        if version >= 7:
            static = committed_offsets(group, topic, member="nobody", generation=1, instance="one")
            talk.settle("static member of an empty group", static, version)


def offset_fetch(talk: Talk) -> None:
    topic_id = make_topic(talk, "fetched", 2)
    talk.settle("commit", committed_offsets("fetcher", "fetched", 5, metadata_text="note"), 8)
    for version in range(1, 11):
        talk.settle("two", offsets_of(version, "fetcher", "fetched", (0, 1), topic_id=topic_id), version)
        if version >= 2:
            talk.settle("all", offsets_of(version, "fetcher", None), version)
            talk.settle("all of no group", offsets_of(version, "fetcher-none", None), version)
        talk.settle("unknown topic", offsets_of(version, "fetcher", "none", topic_id=UNKNOWN_ID), version)
        talk.settle(
            "unknown partition", offsets_of(version, "fetcher", "fetched", (9,), topic_id=topic_id), version
        )
        talk.settle(
            "unknown group", offsets_of(version, "fetcher-none", "fetched", topic_id=topic_id), version
        )
        talk.settle("empty group", offsets_of(version, "", "fetched", topic_id=topic_id), version)
        if version >= 9:
            member = offsets_of(version, "fetcher", "fetched", topic_id=topic_id, member=("nobody", 3))
            talk.settle("as a member", member, version)


def group_tools(talk: Talk) -> None:
    make_topic(talk, "tooled", 2)
    talk.settle("commit", committed_offsets("tool-offsets", "tooled"), 8)
    member, _ = joined(talk, "tool-member")
    talk.settle("commit", committed_offsets("tool-member", "tooled", member=member, generation=1), 8)
    for version in range(7):
        names = ["tool-offsets", "tool-member", "tool-none", ""]
        talk.settle("describe", DescribeGroupsRequest(names), version)
    talk.settle(
        "describe operations", DescribeGroupsRequest(["tool-member"], include_authorized_operations=True), 5
    )
    for states, types, version in (
        ([], [], 0),
        ([], [], 3),
        (["Stable"], [], 4),
        (["stable"], [], 4),
        (["Sleeping"], [], 4),
        (["Empty"], ["classic"], 5),
        ([], ["Consumer"], 5),
        ([], ["nonsense"], 5),
    ):
        talk.settle(f"list {states} {types}", ListGroupsRequest(states, types), version)
    for version in range(4):
        names = ["tool-member", "tool-none", ""]
        talk.settle("delete", DeleteGroupsRequest(names), version)

    def offsets(what: str, group: str, topic: str, partition: int) -> None:
        named = OffsetDeleteRequestTopic(topic, [OffsetDeleteRequestPartition(partition)])
        talk.settle(what, OffsetDeleteRequest(group, [named]), 0)

    offsets("subscribed", "tool-member", "grouped", 0)
    offsets("not subscribed", "tool-member", "tooled", 0)
    offsets("sound", "tool-offsets", "tooled", 0)
    offsets("not there", "tool-offsets", "tooled", 1)
    offsets("unknown partition", "tool-offsets", "tooled", 9)
    offsets("unknown topic", "tool-offsets", "tooled-none", 0)
    offsets("unknown group", "tool-none", "tooled", 0)
    offsets("empty group", "", "tooled", 0)
    talk.settle("delete", DeleteGroupsRequest(["tool-offsets"]), 2)
    talk.settle("delete again", DeleteGroupsRequest(["tool-offsets"]), 2)


def _code(answer: object) -> int:
    return int(getattr(answer, "error_code", 0))


SCRIPTS = {
    each.__name__: each
    for each in (
        find_coordinator,
        join_group,
        one_member,
        two_members,
        static_members,
        leave_group,
        offset_commit,
        offset_fetch,
        group_tools,
    )
}
