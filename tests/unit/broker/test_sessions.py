"""Connections as the node sees them: how much one may have under way, in which order replies and its end come."""

from __future__ import annotations

from minikafka.broker.interception import Interception
from minikafka.broker.outbox import Outbox
from minikafka.broker.request import Request
from minikafka.broker.sessions import MAX_QUEUED_REQUESTS, Session, Sessions
from minikafka.broker.timers import Timers
from minikafka.effects import CloseConnection, ConnectionOpened, PauseReading, ResumeReading, Send
from minikafka.types import Buffer, Now
from minikafka.wire.codec import RequestHeader
from minikafka.wire.messages import produce

NOW = Now(1_000, 5_000_000)
CONNECTION = 1


class Node:
    """Sessions whose every request is a produce: parked after its append until the test answers it."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        interception = Interception(1, Timers(self.outbox), lambda topic_id: None)
        self.sessions = Sessions(self.outbox, interception, self._dispatch)
        self.handled: list[Request[object]] = []
        self.lets_pass = True
        self.sessions.opened(ConnectionOpened(CONNECTION, "here", False))

    def _dispatch(self, session: Session, frame: Buffer, now: Now) -> None:
        header = RequestHeader(0, 9, len(self.handled), "c")
        request: Request[object] = Request(session, header, produce.ProduceRequest(acks=-1))
        session.begin(request)
        self.handled.append(request)
        if self.lets_pass:
            request.let_next_pass()

    def receive(self, count: int) -> None:
        self.sessions.receive(CONNECTION, [b""] * count, NOW)


def answer(request: Request[object]) -> None:
    request.reply(produce.ProduceResponse())


def test_no_more_produces_of_a_connection_wait_than_are_allowed() -> None:
    """A client that pipelines produces faster than they replicate fills neither the purgatory nor the reply queue."""
    node = Node()
    node.receive(3 * MAX_QUEUED_REQUESTS)
    assert len(node.handled) == MAX_QUEUED_REQUESTS
    assert any(isinstance(effect, PauseReading) for effect in node.outbox.take())
    for request in node.handled[:10]:
        answer(request)
    assert node.sessions.run_unblocked(NOW)
    assert len(node.handled) == MAX_QUEUED_REQUESTS + 10


def test_a_connection_goes_on_until_everything_sent_is_answered() -> None:
    """Whatever was held back is handled once there is room, and reading goes on."""
    node = Node()
    node.receive(3 * MAX_QUEUED_REQUESTS)
    answered = 0
    while answered < len(node.handled):
        answer(node.handled[answered])
        answered += 1
        node.sessions.run_unblocked(NOW)
    effects = node.outbox.take()
    assert answered == 3 * MAX_QUEUED_REQUESTS
    assert sum(isinstance(effect, Send) for effect in effects) == answered
    assert any(isinstance(effect, ResumeReading) for effect in effects)


def test_l14_a_failed_acks_0_closes_after_the_replies_before_it() -> None:
    """The connection is closed when the turn of the failed produce comes: what was acknowledged before it is still
    told, and nothing sent after it is handled."""
    node = Node()
    node.receive(1)
    node.lets_pass = False
    node.receive(2)
    node.outbox.take()
    node.handled[1].close("a produce with acks=0 failed")
    node.sessions.run_unblocked(NOW)
    assert len(node.handled) == 2
    assert node.outbox.take() == []
    answer(node.handled[0])
    effects = node.outbox.take()
    assert [type(effect) for effect in effects] == [Send, CloseConnection]
    node.sessions.run_unblocked(NOW)
    assert len(node.handled) == 2
