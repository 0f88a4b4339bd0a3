"""Fetch sessions as a broker keeps them (F10, KIP-227)."""

from __future__ import annotations

from typing import Final

import pytest
from minikafka.broker.fetch_session import (
    FINAL_EPOCH,
    INITIAL_EPOCH,
    LAST_EPOCH,
    CachedPartition,
    FetchSession,
    Key,
    Reader,
    next_epoch,
)
from minikafka.broker.fetch_sessions import EVICTION_MS, Asked, FetchSessions
from minikafka.broker.purgatory import Bound, Mark
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.values import Isolation, Read
from minikafka.types import NO_TOPIC_ID, Now, TopicPartition
from minikafka.wire.messages.fetch import FetchPartition

CONSUMER: Final = Reader(Isolation.READ_UNCOMMITTED, -1, -1, only_leader=False, rack="")
FOLLOWER: Final = Reader(Isolation.REPLICA, 2, 7, only_leader=True, rack="")


def at(ms: int) -> Now:
    return Now(ms, ms)


def asking(*names: str, offset: int = 0) -> dict[Key, CachedPartition]:
    """Partition 0 of each topic."""
    wanted = [FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=100) for _ in names]
    partitions = [
        CachedPartition(name, NO_TOPIC_ID, TopicPartition(name, 0), one)
        for name, one in zip(names, wanted, strict=True)
    ]
    return {partition.key: partition for partition in partitions}


def key(name: str) -> Key:
    return name, NO_TOPIC_ID, 0


def opened(
    sessions: FetchSessions, *names: str, reader: Reader = CONSUMER, ms: int = 0
) -> FetchSession | None:
    asked = sessions.asked(0, INITIAL_EPOCH, asking(*names), [], reader, by_id=False, now=at(ms))
    assert asked.opens
    return sessions.open(asked.partitions, reader, by_id=False, now=at(ms))


def one(sessions: FetchSessions, *names: str, reader: Reader = CONSUMER, ms: int = 0) -> FetchSession:
    session = opened(sessions, *names, reader=reader, ms=ms)
    assert session is not None
    return session


def go_on(
    sessions: FetchSessions,
    session: FetchSession,
    epoch: int | None = None,
    partitions: dict[Key, CachedPartition] | None = None,
    *,
    forgetting: list[Key] | None = None,
    reader: Reader = CONSUMER,
    by_id: bool = False,
    ms: int = 0,
) -> Asked:
    return sessions.asked(
        session.id,
        session.epoch if epoch is None else epoch,
        partitions or {},
        forgetting or [],
        reader,
        by_id=by_id,
        now=at(ms),
    )


def refusal(*args: object, **options: object) -> ErrorCode:
    with pytest.raises(Rejected) as refused:
        go_on(*args, **options)  # type: ignore[arg-type]
    return refused.value.code


def names(partitions: list[CachedPartition]) -> list[str]:
    return [partition.topic for partition in partitions]


def empty(high_watermark: int = 0, log_start_offset: int = 0) -> Read:
    return Read(b"", high_watermark, high_watermark, log_start_offset, [], None, at_end=True)


def test_f10_epochs_count_up_and_begin_again_at_one() -> None:
    """0 opens and -1 closes, so neither is ever the epoch of a session."""
    assert next_epoch(INITIAL_EPOCH) == 1
    assert next_epoch(1) == 2
    assert next_epoch(LAST_EPOCH) == 1
    assert next_epoch(FINAL_EPOCH) == FINAL_EPOCH


def test_f10_a_session_remembers_what_is_not_named_again() -> None:
    """A later request names what changed; what it forgets is gone."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a", "b", "c")
    asked = go_on(sessions, session, 1, asking("b", offset=5), forgetting=[key("a")])
    assert asked.session is session
    assert {name: known.wanted.fetch_offset for (name, _, _), known in session.partitions.items()} == {
        "b": 5,
        "c": 0,
    }


def test_f10_only_the_epoch_expected_goes_on() -> None:
    """A request that comes twice, or after one that was lost, is refused [71]; the session is as it was."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    go_on(sessions, session, 1)
    assert refusal(sessions, session, 1) is ErrorCode.INVALID_FETCH_SESSION_EPOCH
    assert refusal(sessions, session, 3) is ErrorCode.INVALID_FETCH_SESSION_EPOCH
    go_on(sessions, session, 2)


def test_f10_a_session_that_is_not_there_is_not_found() -> None:
    """[70]: evicted, closed, or of an earlier life of the broker, whose ids began elsewhere."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    sessions.asked(session.id, FINAL_EPOCH, {}, [], CONSUMER, by_id=False, now=at(0))
    assert len(sessions) == 0
    assert refusal(sessions, session, 1) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert one(FetchSessions(lambda: 10, 999), "a").id != session.id


def test_f10_a_full_fetch_closes_the_session_it_names() -> None:
    """Epoch 0 with an id: that one is given up for a new one."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    asked = sessions.asked(session.id, INITIAL_EPOCH, asking("a"), [], CONSUMER, by_id=False, now=at(0))
    assert asked.opens
    assert asked.session is None
    assert len(sessions) == 0


def test_f10_names_and_ids_do_not_mix() -> None:
    """[106]: a session begun with names cannot go on with ids."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    assert refusal(sessions, session, 1, by_id=True) is ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR


def test_f10_a_session_without_partitions_is_closed() -> None:
    """The request that forgets the last one is answered as a fetch without a session."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    asked = go_on(sessions, session, 1, forgetting=[key("a")])
    assert asked.session is None
    assert not asked.opens
    assert len(sessions) == 0


def test_f10_what_is_not_new_is_not_news() -> None:
    """Records, errors, another high watermark or log start are news; the same once more is not."""
    (partition,) = asking("a").values()
    assert partition.has_news(empty(3))
    partition.told(empty(3))
    assert not partition.has_news(empty(3))
    assert partition.has_news(empty(4))
    assert partition.has_news(empty(3, log_start_offset=1))
    assert partition.has_news(Read(b"records", 3, 3, 0, [], None))
    assert partition.has_news(Read(b"", 3, 3, 0, [], (1, 2)))
    assert partition.has_news(Read(b"", 3, 3, 0, [], None, preferred_replica=2))
    refused = Rejected(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert partition.has_news(refused)
    partition.told(refused)
    assert partition.has_news(refused)
    assert partition.has_news(empty(3))


def test_f10_who_is_told_to_truncate_has_heard_nothing_else() -> None:
    """F9: the reader looks at the diverging epoch only. Found by a simulated world (seed 51): after a power cut of all,
    the followers of an idle partition never learned its high watermark."""
    (partition,) = asking("a").values()
    partition.told(Read(b"", 3, 3, 0, [], (1, 2)))
    assert partition.has_news(empty(3))


def test_f10_a_partition_that_was_served_is_read_last() -> None:
    """Otherwise a busy one in front would fill every answer."""
    session = one(FetchSessions(lambda: 10, 0), "a", "b", "c")
    assert names(session.stirred()) == ["a", "b", "c"]
    session.serve_last(session.partitions[key("a")])
    assert names(session.stirred()) == ["b", "c", "a"]


def test_f10_only_what_may_have_moved_is_read() -> None:
    """A partition at rest is read again once it is asked for anew or something stirs it."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a", "b")
    for partition in session.stirred():
        session.rest(partition)
    assert session.stirred() == []
    sessions.stir(TopicPartition("b", 0))
    sessions.stir(TopicPartition("other", 0))
    assert names(session.stirred()) == ["b"]
    go_on(sessions, session, 1, asking("a", offset=1))
    assert names(session.stirred()) == ["a", "b"]


def test_f10_another_isolation_level_has_heard_nothing_yet() -> None:
    """What has no news for a read_committed reader may have for another."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    session.rest(session.partitions[key("a")])
    go_on(sessions, session, 1, reader=CONSUMER._replace(isolation=Isolation.READ_COMMITTED))
    assert names(session.stirred()) == ["a"]


class Fetch:
    """A parked fetch that says what woke it."""

    def __init__(self, bound: Bound) -> None:
        self.done = False
        self.bound = bound
        self.woken: list[Bound] = []
        self.has_expired = False

    def moved(self, mark: Mark, now: Now) -> None:
        self.woken.append(mark.bound)

    def expired(self, now: Now) -> None:
        self.done = self.has_expired = True


def test_f4_a_fetch_parked_in_a_session_is_woken_by_what_it_is_bound_by() -> None:
    """A consumer by the high watermark and by leadership, of the session's partitions only."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    fetch = Fetch(Bound.HIGH_WATERMARK)
    session.park(fetch)
    for bound in (Bound.LOG_END_OFFSET, Bound.HIGH_WATERMARK, Bound.LEADERSHIP):
        sessions.moved(Mark(TopicPartition("a", 0), bound), at(0))
        sessions.moved(Mark(TopicPartition("b", 0), bound), at(0))
    assert fetch.woken == [Bound.HIGH_WATERMARK, Bound.LEADERSHIP]


def test_f10_a_fetch_parked_in_a_session_that_is_closed_is_answered() -> None:
    """Its client has gone on elsewhere; nobody would wake it any more."""
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a")
    fetch = Fetch(Bound.HIGH_WATERMARK)
    session.park(fetch)
    sessions.asked(session.id, FINAL_EPOCH, {}, [], CONSUMER, by_id=False, now=at(0))
    assert fetch.has_expired


def test_f10_without_room_there_is_no_session() -> None:
    """Nobody in the cache is two minutes old: the newcomer gets none."""
    sessions = FetchSessions(lambda: 2, 0)
    one(sessions, "a")
    one(sessions, "b")
    assert opened(sessions, "c", "d") is None
    assert opened(FetchSessions(lambda: 0, 0), "a") is None


def test_f10_who_was_not_heard_of_for_two_minutes_goes_first() -> None:
    """Whatever its size, and a follower's as well."""
    sessions = FetchSessions(lambda: 2, 0)
    silent = one(sessions, "a", "b", "c", reader=FOLLOWER)
    other = one(sessions, "a")
    go_on(sessions, other, ms=EVICTION_MS)
    assert opened(sessions, "x", ms=EVICTION_MS) is None
    one(sessions, "x", ms=EVICTION_MS + 1)
    assert refusal(sessions, silent, 1) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_f10_of_sessions_in_use_the_smallest_old_one_goes_for_a_larger() -> None:
    """It must be older than two minutes as of its last request, and smaller than the newcomer."""
    sessions = FetchSessions(lambda: 2, 0)
    small, large = one(sessions, "a", "b"), one(sessions, "a", "b", "c")
    late = EVICTION_MS + 1
    for session in (small, large):
        go_on(sessions, session, ms=late)
    assert opened(sessions, "x", "y", ms=late) is None
    one(sessions, "x", "y", "z", ms=late)
    assert refusal(sessions, small, 2) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    go_on(sessions, large, 2, ms=late)


def test_f10_a_follower_takes_the_place_of_a_consumer_at_once() -> None:
    """Followers are privileged: any consumer's session may go for them, theirs for nobody young."""
    sessions = FetchSessions(lambda: 2, 0)
    consumer = one(sessions, "a", "b", "c")
    first = one(sessions, "a", reader=FOLLOWER)
    one(sessions, "a", reader=FOLLOWER)
    assert refusal(sessions, consumer, 1) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    go_on(sessions, first, 1, reader=FOLLOWER)
    assert opened(sessions, "a", "b", "c", "d", reader=FOLLOWER) is None
    assert opened(sessions, "a", "b", "c", "d") is None


def test_f10_what_all_sessions_remember_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that would grow past the bound ends as if evicted; a new one is not opened."""
    monkeypatch.setattr("minikafka.broker.fetch_sessions.MAX_CACHED_PARTITIONS", 3)
    sessions = FetchSessions(lambda: 10, 0)
    session = one(sessions, "a", "b")
    assert opened(sessions, "a", "b") is None
    assert refusal(sessions, session, 1, asking("c", "d")) is ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    assert len(sessions) == 0
    one(sessions, "a", "b", "c")
