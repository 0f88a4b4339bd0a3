"""A classic group: who is in it, which generation they share, and which request of theirs is parked.

The log remembers a group only at rest (`states.py`): generation, protocol, leader, members and their assignments.
Everything else here is the conversation that leads to the next resting state. It is volatile by design: when the
coordinator moves, parked requests hear NOT_COORDINATOR [16] and the members ask again at the new one.

Nothing in this file decides when to rebalance (`rebalance.py`) or what a request hears (`join.py`, `sync.py`, ...).
"""

from __future__ import annotations

from minikafka.errors import ErrorCode, Rejected
from minikafka.group.classic.member import Member
from minikafka.group.classic.requests import Identity, JoinAnswer, Protocol
from minikafka.group.classic.states import (
    COMPLETING_REBALANCE,
    DEAD,
    EMPTY,
    PREPARING_REBALANCE,
    VALID_PREVIOUS_STATES,
    ClassicGroupState,
)
from minikafka.group.classic.subscription import CONSUMER_PROTOCOL_TYPE, subscribed_topics


class ClassicGroup:
    """State of one classic group. Methods keep it consistent; they ask nobody and answer nobody.

    generation_id: rises by one with each completed rebalance; 0 before the first.
    members: in the order they joined; static members keep their place when they come back under a new id.
    static_members: instance id -> member id; always exactly the members that have an instance id.
    pending_members: ids given out by JoinGroup v4+ whose bearers have not joined yet (a dict for its order).
    pending_sync_members: members of this generation that have not sent SyncGroup yet.
    new_member_joined: someone joined during the initial delay, so it may be extended once more (G3).
    subscribed_topics: of all members; None when the protocol is unknown to the broker.
    state_timestamp_ms: wall clock of the last change of state; -1 when unknown (written by old brokers).
    """

    def __init__(self, group_id: str, state_timestamp_ms: int) -> None:
        self.group_id = group_id
        self.state = EMPTY
        self.previous_state = DEAD
        self.state_timestamp_ms = state_timestamp_ms
        self.generation_id = 0
        self.protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.leader_id: str | None = None
        self.members: dict[str, Member] = {}
        self.static_members: dict[str, str] = {}
        self.pending_members: dict[str, None] = {}
        self.pending_sync_members: dict[str, None] = {}
        self.new_member_joined = False
        self.subscribed_topics: frozenset[str] | None = None

    # Questions.

    @property
    def can_rebalance(self) -> bool:
        return self.state in VALID_PREVIOUS_STATES[PREPARING_REBALANCE]

    @property
    def has_all_members_joined(self) -> bool:
        return not self.pending_members and all(member.is_awaiting_join for member in self.members.values())

    @property
    def has_parked_requests(self) -> bool:
        return any(
            member.join_reply is not None or member.sync_reply is not None for member in self.members.values()
        )

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest any member asked for."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    @property
    def is_simple(self) -> bool:
        """No member ever joined: the id only names committed offsets."""
        return self.protocol_type is None and self.state is EMPTY and not self.pending_members

    @property
    def uses_consumer_protocol(self) -> bool:
        return self.protocol_type == CONSUMER_PROTOCOL_TYPE

    def is_subscribed_to(self, topic: str) -> bool:
        """Whether a live member reads the topic; when that cannot be known of a consumer group, assume so."""
        if self.subscribed_topics is None:
            return self.uses_consumer_protocol
        return topic in self.subscribed_topics

    def candidate_protocols(self) -> list[str]:
        """Protocols every member supports."""
        lists = [[protocol.name for protocol in member.protocols] for member in self.members.values()]
        return [name for name in lists[0] if all(name in names for names in lists)] if lists else []

    def supports(self, protocol_type: str, protocols: tuple[Protocol, ...]) -> bool:
        """Whether a member with these protocols could be in the group without leaving it without a common one (G2)."""
        if self.state is EMPTY or not self.members:
            return bool(protocol_type) and bool(protocols)
        candidates = self.candidate_protocols()
        return self.protocol_type == protocol_type and any(
            protocol.name in candidates for protocol in protocols
        )

    def select_protocol(self) -> str:
        """Each votes for the first of its protocols that all support; most votes win, then the oldest member's."""
        candidates = self.candidate_protocols()
        votes: dict[str, int] = {}
        for member in self.members.values():
            choice = member.vote(candidates)
            votes[choice] = votes.get(choice, 0) + 1
        return max(votes, key=lambda name: votes[name])

    def check_member(self, identity: Identity) -> Member:
        """The member who asks.

        Raises Rejected: FENCED_INSTANCE_ID [82] when a newer member took over its instance id (G8),
        UNKNOWN_MEMBER_ID [25] when it is not in the group.
        """
        if identity.instance_id is not None:
            holder = self.static_members.get(identity.instance_id)
            if holder is None:
                raise Rejected(
                    ErrorCode.UNKNOWN_MEMBER_ID,
                    f"no member has the instance id {identity.instance_id}",
                    rule="G8",
                )
            if holder != identity.member_id:
                raise Rejected(
                    ErrorCode.FENCED_INSTANCE_ID,
                    f"{identity.instance_id} was taken over by {holder}",
                    rule="G8",
                )
        member = self.members.get(identity.member_id)
        if member is None:
            raise Rejected(
                ErrorCode.UNKNOWN_MEMBER_ID,
                f"{identity.member_id!r} is not in group {self.group_id}",
                rule="G8",
            )
        return member

    def join_answer(self, member: Member) -> JoinAnswer:
        """The current generation, told to one member; the leader also hears everyone's metadata (G4)."""
        is_leader = member.member_id == self.leader_id
        everyone = (
            tuple(other.as_joined(self.protocol_name) for other in self.members.values()) if is_leader else ()
        )
        return JoinAnswer(
            ErrorCode.NONE,
            member.member_id,
            self.generation_id,
            self.protocol_type,
            self.protocol_name,
            self.leader_id or "",
            everyone,
        )

    # Changes.

    def transition_to(self, state: ClassicGroupState, timestamp_ms: int) -> None:
        """`timestamp_ms`: wall clock."""
        assert self.state in VALID_PREVIOUS_STATES[state], f"{self.group_id}: {self.state} -> {state}"
        self.previous_state = self.state
        self.state = state
        self.state_timestamp_ms = timestamp_ms

    def add(self, member: Member, protocol_type: str) -> None:
        """The first member decides the protocol type and leads until a rebalance finds it missing."""
        assert member.member_id not in self.members
        if member.instance_id is not None:
            assert member.instance_id not in self.static_members
            self.static_members[member.instance_id] = member.member_id
        if not self.members:
            self.protocol_type = protocol_type
        if self.leader_id is None:
            self.leader_id = member.member_id
        self.members[member.member_id] = member
        self.pending_members.pop(member.member_id, None)

    def remove(self, member_id: str) -> None:
        """Forget a member, or a member to be."""
        member = self.members.pop(member_id, None)
        if member is not None and member.instance_id is not None:
            self.static_members.pop(member.instance_id, None)
        if member_id == self.leader_id:
            self.leader_id = next(iter(self.members), None)
        self.pending_members.pop(member_id, None)
        self.pending_sync_members.pop(member_id, None)

    def rename_static_member(self, member: Member, new_member_id: str) -> None:
        """A static member came back under a new id: same place, same assignment, same role (G8)."""
        assert member.instance_id is not None
        old_member_id = member.member_id
        member.member_id = new_member_id
        self.members = {other.member_id: other for other in self.members.values()}
        self.static_members[member.instance_id] = new_member_id
        if self.leader_id == old_member_id:
            self.leader_id = new_member_id
        self.pending_sync_members.pop(old_member_id, None)

    def elect_joined_leader(self) -> bool:
        """Keep the leader if it rejoined, else take the oldest member who did. False: nobody rejoined."""
        leader = self.members.get(self.leader_id) if self.leader_id is not None else None
        if leader is not None and leader.is_awaiting_join:
            return True
        joined = next((member for member in self.members.values() if member.is_awaiting_join), None)
        if joined is not None:
            self.leader_id = joined.member_id
        return joined is not None

    def begin_next_generation(self, timestamp_ms: int) -> None:
        """Everyone who is coming has joined: choose the protocol, wait for the leader's assignment (or for members)."""
        self.generation_id += 1
        self.pending_sync_members = {}
        self.protocol_name = self.select_protocol() if self.members else None
        self.note_subscriptions()
        self.transition_to(COMPLETING_REBALANCE if self.members else EMPTY, timestamp_ms)

    def note_subscriptions(self) -> None:
        """Work out `subscribed_topics` from the members' metadata under the chosen protocol."""
        self.subscribed_topics = None
        if not self.uses_consumer_protocol or (self.members and self.protocol_name is None):
            return
        topics: list[str] = []
        for member in self.members.values():
            subscription = subscribed_topics(member.metadata(self.protocol_name))
            if subscription is None:
                return
            topics += subscription
        self.subscribed_topics = frozenset(topics)
