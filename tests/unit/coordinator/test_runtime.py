"""The coordinator runtime: who is answered, when, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from minikafka.coordinator.led_partition import TIMER_RETRY_BACKOFF_MS
from minikafka.coordinator.runtime import CoordinatorRuntime
from minikafka.coordinator.shard import CoordinatorRecord, Result, Timer
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now

from tests.unit.coordinator.fakes import START, FakeTimers, FakeWriter, Words, later

DEADLINE_MS = 5_000


class World:
    """One runtime over one partition, and everything it ever told."""

    def __init__(self, *, auto_commit: bool = False, load: bool = True) -> None:
        self.writer = FakeWriter(auto_commit=auto_commit)
        self.timers = FakeTimers()
        self.runtime: CoordinatorRuntime[Words] = CoordinatorRuntime(
            "words", Words, self.writer, self.timers, DEADLINE_MS
        )
        self.told: list[str] = []
        if load:
            self.load()

    def load(self, epoch: int = 0, now: Now = START) -> None:
        self.runtime.begin_load(0, epoch, now)
        self.runtime.load(0, self.writer.entries(0))
        self.runtime.finish_load(0, now)

    @property
    def shard(self) -> Words:
        return self.runtime.shards()[0][1]

    def write(self, operation: Callable[[Words, Now], Result[str]], now: Now = START) -> None:
        self.runtime.write(0, operation, lambda answer, _: self.told.append(answer), self.reject, now)

    def say(self, word: str, now: Now = START) -> None:
        self.write(lambda shard, _: shard.say(word), now)

    def read(self, now: Now = START) -> None:
        self.runtime.read(
            0,
            lambda shard, _: [word for _, word in shard.words],
            lambda words, _: self.told.append(f"read {words}"),
            self.reject,
            now,
        )

    def reject(self, refusal: Rejected, _: Now) -> None:
        self.told.append(refusal.code.name)

    def commit(self, now: Now = START) -> None:
        self.writer.commit(self.runtime, 0, now)


def test_an_answer_waits_for_the_high_watermark() -> None:
    """State moves with the append; the client hears of it only once it is replicated."""
    world = World()
    world.say("a")
    assert world.shard.words == [(0, "a")]
    assert world.told == []
    world.commit()
    assert world.told == ["said a"]


def test_one_replica_answers_within_the_write() -> None:
    """With a single replica the high watermark is past the record as soon as it is appended."""
    world = World(auto_commit=True)
    world.say("a")
    assert world.told == ["said a"]
    assert not world.timers.deadlines, "nothing was parked, so no deadline is watched"


def test_answers_come_in_log_order() -> None:
    """Whoever hears of a write may rely on every write before it."""
    world = World()
    world.say("a")
    world.say("b")
    world.say("c")
    world.writer.high_watermarks[0] = 2
    world.runtime.on_high_watermark(0, 2, START)
    assert world.told == ["said a", "said b"]
    world.commit()
    assert world.told == ["said a", "said b", "said c"]


def test_a_read_waits_for_what_was_written_before_it() -> None:
    """The read barrier (ADR 0004): what was seen is told only once it cannot be lost any more."""
    world = World()
    world.say("a")
    world.read()
    world.say("b")
    assert world.told == []
    world.writer.high_watermarks[0] = 1
    world.runtime.on_high_watermark(0, 1, START)
    assert world.told == ["said a", "read ['a']"], "and it does not see what was written after it"


def test_a_read_of_committed_state_is_answered_at_once() -> None:
    """Nothing is in flight, nothing to wait for."""
    world = World(auto_commit=True)
    world.say("a")
    world.read()
    assert world.told == ["said a", "read ['a']"]


def test_a_refusal_changes_nothing() -> None:
    """A shard that rejects writes no record and moves no state."""
    world = World()

    def refuse(_: Words, __: Now) -> Result[str]:
        raise Rejected(ErrorCode.PRODUCER_FENCED)

    world.write(refuse)
    assert world.told == ["PRODUCER_FENCED"]
    assert world.writer.logs == {}
    assert world.shard.words == []


def test_a_refused_append_is_told_as_a_coordinator_error() -> None:
    """Under min ISR the client hears [15] and finds its coordinator again; state is as before."""
    world = World()
    world.writer.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS)
    world.say("a")
    world.writer.refusal = Rejected(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    world.say("b")
    assert world.told == ["COORDINATOR_NOT_AVAILABLE", "NOT_COORDINATOR"]
    assert world.shard.words == []


def test_an_answer_parked_too_long_becomes_coordinator_not_available() -> None:
    """[15] at the deadline; the record stays, and what follows from it still happens once."""
    world = World()
    followed: list[str] = []

    def operation(shard: Words, _: Now) -> Result[str]:
        result = shard.say("a")
        result.after.append(lambda _: followed.append("a"))
        return result

    world.write(operation)
    world.timers.fire(later(DEADLINE_MS - 1))
    assert world.told == []
    world.timers.fire(later(DEADLINE_MS))
    assert world.told == ["COORDINATOR_NOT_AVAILABLE"]
    world.commit(later(DEADLINE_MS + 1))
    assert world.told == ["COORDINATOR_NOT_AVAILABLE"]
    assert followed == ["a"]


def test_each_answer_has_its_own_deadline() -> None:
    """The one deadline timer is set again for whoever waits next."""
    world = World()
    world.say("a")
    world.say("b", later(1_000))
    world.timers.fire(later(DEADLINE_MS))
    assert world.told == ["COORDINATOR_NOT_AVAILABLE"]
    world.timers.fire(later(DEADLINE_MS + 1_000))
    assert world.told == ["COORDINATOR_NOT_AVAILABLE"] * 2


def test_requests_while_loading_hear_coordinator_load_in_progress() -> None:
    """[14] until the log is read; [16] when this broker does not lead at all."""
    world = World(load=False)
    world.say("a")
    world.runtime.begin_load(0, 3, START)
    world.say("a")
    world.read()
    assert world.told == ["NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_LOAD_IN_PROGRESS"]
    assert world.runtime.coordinator_epoch(0) == 3
    assert not world.runtime.is_active(0)


def test_reloading_gives_the_same_state() -> None:
    """Replay is the only way state moves, so the log alone rebuilds it."""
    world = World(auto_commit=True)
    for word in ("a", "b", "c"):
        world.say(word)
    before = world.shard.words
    world.runtime.unload(0, START)
    world.load(epoch=1)
    assert world.shard.words == before
    assert len(world.shard.loaded) == 1


def test_unloading_answers_everyone_who_waits() -> None:
    """Leadership lost: [16] to all, and a late high watermark tells nobody anything."""
    world = World()
    world.say("a")
    world.read()
    shard = world.shard
    world.runtime.unload(0, START)
    world.commit()
    assert world.told == ["NOT_COORDINATOR", "NOT_COORDINATOR"]
    assert shard.unloaded
    assert not world.timers.deadlines


def test_t17_what_loading_leads_to_waits_until_the_log_is_committed() -> None:
    """A tail that is not replicated may yet be lost with us: nothing follows from it before."""
    world = World(load=False)
    world.writer.append(0, [CoordinatorRecord(b"word", b"a")], -1, -1, START)
    world.load()
    assert world.shard.loaded == [START]
    assert world.shard.committed_after_load == 0
    world.commit()
    assert world.shard.committed_after_load == 1


def test_an_answer_that_leads_to_another_write_keeps_the_order() -> None:
    """A write made while answers are given joins the end of the queue."""
    world = World(auto_commit=True)

    def operation(shard: Words, _: Now) -> Result[str]:
        result = shard.say("a")
        result.after += [lambda now: world.say("c", now), lambda _: world.told.append("after a")]
        return result

    world.write(operation)
    assert world.told == ["said a", "after a", "said c"]


def test_a_result_without_a_response_answers_nobody() -> None:
    """The shard kept the request and answers it itself, later."""
    world = World(auto_commit=True)
    world.write(lambda _, __: Result([CoordinatorRecord(b"word", b"a")]))
    assert world.told == []
    assert world.shard.words == [(0, "a")]


def test_a_timer_decides_like_a_request() -> None:
    """When due it writes records; refused by the log, it tries again after a pause."""
    world = World(auto_commit=True)
    timer = Timer(("tick",), later(10).monotonic_ms, lambda _: Result([CoordinatorRecord(b"word", b"tick")]))
    world.write(lambda _, __: Result(timers=[timer]))
    world.writer.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS)
    world.timers.fire(later(10))
    assert world.shard.words == []
    world.writer.refusal = None
    world.timers.fire(later(10 + TIMER_RETRY_BACKOFF_MS))
    assert world.shard.words == [(0, "tick")]


def test_t17_what_a_shard_wants_after_loading_is_not_forgotten_when_refused() -> None:
    """Under min ISR the log takes nothing; sessions and markers that hang on it are asked for again."""
    world = World(auto_commit=True, load=False)
    world.writer.refusal = Rejected(ErrorCode.NOT_ENOUGH_REPLICAS)
    world.runtime.begin_load(0, 0, START)
    world.shard.says_when_loaded = "back"
    world.runtime.finish_load(0, START)
    assert world.shard.words == []
    world.writer.refusal = None
    world.timers.fire(later(TIMER_RETRY_BACKOFF_MS))
    assert world.shard.words == [(0, "back")]
    assert world.shard.committed_after_load == 1


def test_setting_a_timer_again_moves_it_and_cancelling_forgets_it() -> None:
    """One timer per key."""
    world = World(auto_commit=True)

    def timer(word: str, at_ms: int) -> Result[str]:
        record = CoordinatorRecord(b"word", word.encode())
        return Result(timers=[Timer(("tick",), later(at_ms).monotonic_ms, lambda _: Result([record]))])

    world.write(lambda _, __: timer("first", 10))
    world.write(lambda _, __: timer("second", 20))
    world.timers.fire(later(15))
    assert world.shard.words == []
    world.write(lambda _, __: Result(cancelled_timers=[("tick",)]))
    world.timers.fire(later(30))
    assert world.shard.words == []


def test_t12_a_marker_is_replayed_and_read_behind() -> None:
    """A marker appended by WriteTxnMarkers moves state like a record; reads wait for it too."""
    world = World()
    world.runtime.replay_marker(0, world.writer.append_marker(0), 7, 0, True, START)
    assert world.shard.markers == [0]
    world.read()
    assert world.told == []
    world.commit()
    assert world.told == ["read []"]


def test_transactional_records_carry_their_producer() -> None:
    """Offsets of a transaction are written as that producer's batch (T12)."""
    world = World()
    world.write(lambda shard, _: Result(shard.say("a").records, "ok", producer_id=9, producer_epoch=2))
    assert world.writer.producers == [(9, 2)]


def test_read_all_answers_once_every_shard_did() -> None:
    """ListTransactions and ListGroups see all partitions led here, or say why not."""
    world = World(auto_commit=True)
    world.runtime.begin_load(2, 0, START)
    seen: list[list[int]] = []

    def ask() -> None:
        world.runtime.read_all(
            lambda shard, _: shard.index, lambda all_, _: seen.append(all_), world.reject, START
        )

    ask()
    assert (seen, world.told) == ([], ["COORDINATOR_LOAD_IN_PROGRESS"])
    world.runtime.finish_load(2, START)
    ask()
    assert seen == [[0, 2]]


def test_t1_an_unknown_topic_is_coordinator_not_available() -> None:
    """[15] while the internal topic does not exist."""
    world = World()
    with pytest.raises(Rejected) as refused:
        world.runtime.partition_for("id")
    assert refused.value.code is ErrorCode.COORDINATOR_NOT_AVAILABLE
