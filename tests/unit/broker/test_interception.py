"""Fault rules: which requests they strike, how often, and what becomes of replies."""

from __future__ import annotations

import pytest
from minikafka.broker.addressed import addressed
from minikafka.broker.interception import Interception
from minikafka.broker.outbox import Outbox
from minikafka.broker.refusal import refusal
from minikafka.broker.request import Request
from minikafka.broker.sessions import Session
from minikafka.broker.timers import Timers
from minikafka.effects import CloseConnection, ConnectionOpened, Effect, Send, SetTimer
from minikafka.errors import ErrorCode
from minikafka.faults.actions import (
    Close,
    Delay,
    DropRequest,
    DropResponse,
    Error,
    Hold,
    Reorder,
)
from minikafka.faults.book import Rules
from minikafka.faults.rule import Match, Rule, When
from minikafka.types import Now
from minikafka.wire import codec
from minikafka.wire.codec import RequestHeader
from minikafka.wire.messages import end_txn, fetch, join_group, metadata, produce

NOW = Now(1_000, 5_000_000)
VERSION = 12
TOPIC_ID = bytes(15) + b"\x07"


def produce_to(topic: str, *partitions: int, topic_id: bytes = bytes(16)) -> produce.ProduceRequest:
    data = [produce.PartitionProduceData(index=index) for index in partitions]
    return produce.ProduceRequest(
        acks=-1, topic_data=[produce.TopicProduceData(name=topic, topic_id=topic_id, partition_data=data)]
    )


class Door:
    """One connection of a node with fault rules."""

    def __init__(self, *rules: Rule, internal: bool = False) -> None:
        self.outbox = Outbox()
        self.timers = Timers(self.outbox)
        self.rules = Rules(rules)
        self.interception = Interception(
            1, self.timers, lambda topic_id: "by-id" if topic_id == TOPIC_ID else None, self.rules
        )
        self.handled_late: list[int] = []
        self.session = Session(ConnectionOpened(1, "here", internal), self.outbox, self.interception, [])
        self._correlation = 0

    def ask(self, body: object, *, api_key: int = 0, client_id: str = "c") -> tuple[Request[object], bool]:
        """A request, and whether a rule took it before its handler."""
        self._correlation += 1
        header = RequestHeader(api_key, VERSION, self._correlation, client_id)
        request = Request(self.session, header, body)
        self.session.begin(request)
        return request, self.interception.before(request, NOW, self._handle)

    def _handle(self, request: Request[object], now: Now) -> None:
        """A request that a rule kept: what the router does in the end."""
        self.handled_late.append(request.header.correlation_id)
        request.reply(produce.ProduceResponse())

    @property
    def fired(self) -> list[int]:
        return [armed.fired for armed in self.rules.in_force]

    def heal(self) -> None:
        """Heal all; the node hears of it."""
        self.rules.clear()
        self.interception.healed(NOW)

    def produce(self, topic: str = "t", *partitions: int) -> Request[object]:
        """A produce that its handler has answered."""
        request, taken = self.ask(produce_to(topic, *(partitions or (0,))))
        assert not taken
        request.reply(produce.ProduceResponse())
        return request

    def effects(self) -> list[Effect]:
        return self.outbox.take()

    def sent(self) -> list[int]:
        """Correlation ids of the replies that left since the last look."""
        frames = [bytes(effect.data)[4:] for effect in self.effects() if isinstance(effect, Send)]
        return [codec.decode_response(0, VERSION, frame)[0] for frame in frames]


def test_without_rules_nothing_is_touched() -> None:
    """The common case: requests pass, replies leave."""
    door = Door()
    door.produce()
    assert door.sent() == [1]


def test_a_dropped_reply_closes_the_connection_after_the_replies_before_it() -> None:
    """The first answer leaves, the second is discarded, and what would have come later is not sent either."""
    door = Door(Rule(DropResponse(), Match("Produce"), When(times=1, skip=1)))
    door.produce()
    door.produce()
    effects = door.effects()
    assert [type(effect) for effect in effects] == [Send, CloseConnection]
    assert door.session.closed


def test_a_dropped_reply_waits_for_its_turn_to_close() -> None:
    """A reply that is ready before an older one closes the connection only once the older one has left."""
    door = Door(Rule(DropResponse(), Match(topic="second"), When(times=1)))
    first, _ = door.ask(produce_to("first", 0))
    first.let_next_pass()
    second, _ = door.ask(produce_to("second", 0))
    second.reply(produce.ProduceResponse())
    assert door.effects() == []
    first.reply(produce.ProduceResponse())
    assert [type(effect) for effect in door.effects()] == [Send, CloseConnection]


def test_a_held_reply_holds_all_later_ones() -> None:
    """Replies are never skipped on a living connection: clients break on that, and Kafka never does it."""
    door = Door(Rule(DropResponse(hold=True), Match("Produce"), When(times=1)))
    first, _ = door.ask(produce_to("t", 0))
    first.let_next_pass()
    second, _ = door.ask(produce_to("t", 0))
    first.reply(produce.ProduceResponse())
    second.reply(produce.ProduceResponse())
    assert door.effects() == []
    assert not door.session.closed


def test_a_delayed_reply_leaves_later_and_in_order() -> None:
    """The delay counts from when the reply was ready, in broker time."""
    door = Door(Rule(Delay(200), Match("Produce"), When(times=1)))
    first, _ = door.ask(produce_to("t", 0))
    first.let_next_pass()
    second, _ = door.ask(produce_to("t", 0))
    first.reply(produce.ProduceResponse())
    second.reply(produce.ProduceResponse())
    (at_once,) = door.effects()
    assert isinstance(at_once, SetTimer)
    door.timers.fired(at_once.key, NOW)
    (later,) = door.effects()
    assert isinstance(later, SetTimer)
    assert later.deadline_ms == NOW.monotonic_ms + 200
    door.timers.fired(later.key, Now(NOW.monotonic_ms + 200, NOW.wall_ms))
    assert door.sent() == [1, 2]


def test_an_error_is_told_for_every_partition_and_nothing_is_handled() -> None:
    """The handler never sees the request."""
    door = Door(Rule(Error(ErrorCode.NOT_LEADER_OR_FOLLOWER), Match(topic="t", partition=1)))
    _, taken = door.ask(produce_to("t", 0, 1))
    assert taken
    (sent,) = door.effects()
    assert isinstance(sent, Send)
    _, body = codec.decode_response(0, VERSION, bytes(sent.data)[4:])
    assert isinstance(body, produce.ProduceResponse)
    answers = body.responses[0].partition_responses
    assert [(answer.index, answer.error_code) for answer in answers] == [(0, 6), (1, 6)]


def test_close_ends_the_connection_unanswered() -> None:
    """As if the broker had died with the request in hand."""
    door = Door(Rule(Close(), Match("EndTxn"), When(times=1)))
    _, taken = door.ask(end_txn.EndTxnRequest(transactional_id="x"), api_key=26)
    assert taken
    assert [type(effect) for effect in door.effects()] == [CloseConnection]


def test_a_request_that_is_lost_takes_everything_behind_it_along() -> None:
    """Nothing is skipped on a living connection: what comes behind is not looked at, and nothing is ever answered."""
    door = Door(Rule(DropRequest(), Match("Produce"), When(times=1)))
    lost, taken = door.ask(produce_to("t", 0))
    assert (taken, door.session.blocker) == (True, lost)
    door.heal()
    assert (door.effects(), door.handled_late, door.session.blocker) == ([], [], lost)


@pytest.mark.parametrize("what", ["request", "response"])
def test_what_is_held_goes_on_once_the_rule_is_healed(what: str) -> None:
    """`what="request"`: it is not carried out before. `what="response"`: it was, and its answer waits."""
    door = Door(Rule(Hold(what), Match("Produce"), When(times=1)))  # type: ignore[arg-type]
    request, taken = door.ask(produce_to("t", 0))
    assert taken is (what == "request")
    if not taken:
        request.reply(produce.ProduceResponse())
    assert (door.effects(), door.handled_late) == ([], [])
    door.heal()
    assert door.handled_late == ([1] if what == "request" else [])
    assert door.sent() == [1]


def test_healing_one_rule_lets_go_only_of_what_it_kept() -> None:
    """Another rule's replies stay where they are."""
    door = Door(Rule(Hold(), Match(topic="a")), Rule(Hold(), Match(topic="b")))
    for topic in "ab":
        request, _ = door.ask(produce_to(topic, 0))
        request.let_next_pass()
        request.reply(produce.ProduceResponse())
    door.rules.remove(door.rules.in_force[0])
    door.interception.healed(NOW)
    assert door.sent() == [1]
    door.heal()
    assert door.sent() == [2]


def test_a_delayed_request_is_carried_out_later() -> None:
    """It has no effect before, as if the network were slow."""
    door = Door(Rule(Delay(200, "request"), Match("Produce"), When(times=1)))
    door.ask(produce_to("t", 0))
    (at_once,) = door.effects()
    assert isinstance(at_once, SetTimer)
    door.timers.fired(at_once.key, NOW)
    (later,) = door.effects()
    assert isinstance(later, SetTimer)
    assert (later.deadline_ms, door.handled_late) == (NOW.monotonic_ms + 200, [])
    door.timers.fired(later.key, Now(NOW.monotonic_ms + 200, NOW.wall_ms))
    assert door.handled_late == [1]


def test_a_request_is_overtaken_by_those_of_other_connections_only() -> None:
    """The next two that match are carried out first; what is about something else, or its own, does not count."""
    door = Door(Rule(Reorder(behind=2), Match(topic="t"), When(times=1)))
    door.ask(produce_to("t", 0))
    other = Session(ConnectionOpened(2, "there", False), door.outbox, door.interception, [])
    for topic, session in (("t", door.session), ("other", other), ("t", other), ("t", other)):
        assert door.handled_late == []
        header = RequestHeader(0, VERSION, 9, "c")
        door.interception.handled(Request(session, header, produce_to(topic, 0)), NOW)
    assert door.handled_late == [1]


def test_a_request_that_nobody_overtakes_waits_until_its_rule_is_healed() -> None:
    """It is never lost."""
    door = Door(Rule(Reorder(), Match("Produce")))
    door.ask(produce_to("t", 0))
    assert door.handled_late == []
    door.heal()
    assert door.handled_late == [1]


@pytest.mark.parametrize(
    "match",
    [
        Match("Fetch"),
        Match(topic="other"),
        Match(topic="t", partition=5),
        Match(client_id="someone else"),
        Match(broker=2),
        Match(version=3),
        Match(transactional_id="x"),
        Match(group="g"),
        Match(between_brokers=True),
    ],
)
def test_a_rule_strikes_only_what_it_is_about(match: Match) -> None:
    """One thing that differs is enough to be left alone."""
    door = Door(Rule(Close(), match))
    _, taken = door.ask(produce_to("t", 0))
    assert (taken, door.fired) == (False, [0])


def test_requests_between_brokers_are_left_alone_unless_meant() -> None:
    """A fault on Fetch is about consumers, not about replication."""
    about_clients, about_brokers = (
        Rule(Close(), Match("Produce")),
        Rule(Close(), Match("Produce", between_brokers=True)),
    )
    _, taken = Door(about_clients, internal=True).ask(produce_to("t", 0))
    assert not taken
    _, taken = Door(about_brokers, internal=True).ask(produce_to("t", 0))
    assert taken


def test_times_and_skip_count_matching_requests_only() -> None:
    """`skip` passes over the first, `times` limits, `fired` tells."""
    door = Door(Rule(Error(ErrorCode.UNKNOWN_SERVER_ERROR), Match(topic="t"), When(times=2, skip=1)))
    taken = [door.ask(produce_to(topic, 0))[1] for topic in ("t", "other", "t", "t", "t")]
    assert taken == [False, False, True, True, False]
    assert door.fired == [2]


def test_topics_are_found_by_name_and_by_id() -> None:
    """Newer versions send only ids; the node knows their names."""
    assert addressed(produce_to("t", 0, 1), lambda _: None).partitions == [("t", 0), ("t", 1)]
    by_id = addressed(produce_to("", 2, topic_id=TOPIC_ID), lambda _: "by-id")
    assert by_id.partitions == [("by-id", 2)]
    asked = metadata.MetadataRequest(topics=[metadata.MetadataRequestTopic(name="t")])
    assert addressed(asked, lambda _: None).partitions == [("t", None)]
    join = join_group.JoinGroupRequest(
        group_id="g", protocols=[join_group.JoinGroupRequestProtocol(name="range", metadata=b"")]
    )
    assert addressed(join, lambda _: None) == ([], ["g"], [])


def test_a_refusal_is_the_response_of_its_api() -> None:
    """Top-level where the API has it, else beside what was asked."""
    plain = refusal(3, end_txn.EndTxnRequest(), ErrorCode.NOT_COORDINATOR)
    assert plain == end_txn.EndTxnResponse(error_code=16)
    asked = fetch.FetchRequest(
        topics=[fetch.FetchTopic(topic="t", partitions=[fetch.FetchPartition(partition=3)])]
    )
    answer = refusal(12, asked, ErrorCode.KAFKA_STORAGE_ERROR)
    assert isinstance(answer, fetch.FetchResponse)
    assert [(one.partition_index, one.error_code) for one in answer.responses[0].partitions] == [(3, 56)]
