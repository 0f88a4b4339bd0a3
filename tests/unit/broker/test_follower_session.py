"""What a follower tells its leader, request by request (F10)."""

from __future__ import annotations

from minikafka.broker.follower_session import Ask, FollowerSession
from minikafka.errors import ErrorCode
from minikafka.partition.follower import FetchPosition
from minikafka.types import TopicPartition
from minikafka.wire.messages.fetch import FetchRequest

OLD_ID, NEW_ID = bytes(16), bytes(range(16))
SESSION = 7
A, B = TopicPartition("a", 0), TopicPartition("a", 1)


def ask(offset: int = 0, topic_id: bytes = OLD_ID) -> Ask:
    return Ask(topic_id, FetchPosition(offset, 0, 0, 0), 100)


def named(request: FetchRequest) -> list[int]:
    return [partition.partition for topic in request.topics for partition in topic.partitions]


def forgotten(request: FetchRequest) -> list[tuple[bytes, int]]:
    return [(topic.topic_id, index) for topic in request.forgotten_topics_data for index in topic.partitions]


def head(request: FetchRequest) -> tuple[int, int]:
    return request.session_id, request.session_epoch


def an_open_session() -> FollowerSession:
    session = FollowerSession()
    session.next_request({A: ask(), B: ask()})
    assert session.answered(0, SESSION)
    return session


def test_f10_a_follower_begins_in_full_and_goes_on_with_what_changed() -> None:
    """Epoch 0 names all; from then on only a partition whose offset moved."""
    session = FollowerSession()
    first = session.next_request({A: ask(), B: ask()})
    assert (head(first), named(first)) == ((0, 0), [0, 1])
    session.answered(0, SESSION)
    second = session.next_request({A: ask(), B: ask(5)})
    assert (head(second), named(second)) == ((SESSION, 1), [1])
    session.answered(0, SESSION)
    third = session.next_request({})
    assert (head(third), named(third), forgotten(third)) == ((SESSION, 2), [], [])


def test_f10_a_leader_without_room_is_told_everything_each_time() -> None:
    """Session id 0 means: no session."""
    session = FollowerSession()
    session.next_request({A: ask(), B: ask()})
    session.answered(0, 0)
    assert not session.is_open
    again = session.next_request({A: ask(), B: ask()})
    assert (head(again), named(again)) == ((0, 0), [0, 1])


def test_f10_a_partition_given_up_is_forgotten_once() -> None:
    """And told in full when it comes back."""
    session = an_open_session()
    session.forget(B)
    assert forgotten(session.next_request({})) == [(OLD_ID, 1)]
    session.answered(0, SESSION)
    back = session.next_request({B: ask()})
    assert (named(back), forgotten(back)) == ([1], [])


def test_f10_a_partition_that_is_back_before_the_next_request_is_not_forgotten() -> None:
    """A broker forgets after it adds: naming it in both lists would lose it. Under another topic id it is another."""
    session = an_open_session()
    session.forget(B)
    back = session.next_request({B: ask()})
    assert (named(back), forgotten(back)) == ([1], [])
    session.answered(0, SESSION)
    session.forget(B)
    successor = session.next_request({B: ask(topic_id=NEW_ID)})
    assert (named(successor), forgotten(successor)) == ([1], [(OLD_ID, 1)])


def test_f10_an_unknown_session_is_begun_anew_without_an_id() -> None:
    """[70]: there is nothing to close."""
    session = an_open_session()
    assert not session.answered(ErrorCode.FETCH_SESSION_ID_NOT_FOUND, 0)
    again = session.next_request({A: ask(), B: ask()})
    assert (head(again), named(again)) == ((0, 0), [0, 1])


def test_f10_a_session_out_of_step_is_closed_and_begun_anew() -> None:
    """[71], or an answer that never came: the leader may have gone on, or not."""
    for begin_anew in (
        lambda session: session.answered(ErrorCode.INVALID_FETCH_SESSION_EPOCH, 0),
        lambda session: session.lost(),
    ):
        session = an_open_session()
        session.forget(B)
        begin_anew(session)
        again = session.next_request({A: ask()})
        assert (head(again), named(again), forgotten(again)) == ((SESSION, 0), [0], [])
