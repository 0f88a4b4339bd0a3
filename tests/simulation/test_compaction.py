"""Compaction in a whole cluster: each replica by itself, through every misfortune, and nobody misses a key (L16)."""

from __future__ import annotations

from typing import Final

import pytest
from minikafka.broker import checkpoints
from minikafka.log.batch import build_batch
from minikafka.partition import cleaning
from minikafka.sim import nemesis
from minikafka.sim.checker import replicas_agree
from minikafka.sim.client import Producer
from minikafka.sim.run import run
from minikafka.sim.world import World, directory_of
from minikafka.types import TopicPartition

NAME = TopicPartition("orders", 0)
COMPACT: Final = {
    "log.cleanup.policy": "compact",
    "log.segment.bytes": 400,
    "log.cleaner.backoff.ms": 200,
    "log.cleaner.min.cleanable.ratio": "0",
}
WITH_POWER_LOSS = (nemesis.POWER_LOSS, nemesis.KILL, nemesis.ISOLATE)


@pytest.mark.parametrize("seed", range(1, 13))
def test_l16_no_failure_loses_the_last_record_of_a_key(seed: int) -> None:
    """Brokers die, lose their leader and truncate while their logs are cleaned."""
    report = run(seed, config=COMPACT)
    assert report.violations == [], report.struck
    assert report.holes > 50


@pytest.mark.parametrize("seed", range(1, 13))
def test_l16_no_power_cut_loses_the_last_record_of_a_key(seed: int) -> None:
    """With fsync before every promise: half-done swaps are finished or forgotten (D6)."""
    report = run(seed, config=COMPACT, durability="fsync", misfortunes=WITH_POWER_LOSS)
    assert report.violations == [], report.struck
    assert report.holes > 50


def test_a_cleaner_that_drops_the_last_record_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: whatever is dirty is taken for superseded."""
    keep_nothing = cleaning.Retention(cleaning.Keep.NOTHING, keep_empty=True)
    monkeypatch.setattr(cleaning.Retentions, "of", lambda self, header: keep_nothing)
    assert any("lost" in one for one in run(1, config=COMPACT).violations)


def started(config: dict[str, str | int] | None = None, *, brokers: int = 1) -> World:
    world = World(1, brokers=brokers, config={**COMPACT, **(config or {})}, trace=True)
    world.start()
    assert world.run_until(world.all_running, 20_000)
    broker = world.broker(1)
    assert broker is not None
    world.hosts[1].ask(lambda now: broker.auto_create.create([NAME.topic], now))
    return world


def produce(world: World, count: int, name: str = "p") -> None:
    """So many acknowledged records with three keys."""
    values = [b"%d" % number for number in range(count)]
    producer = Producer(world, name, NAME, values, world.fork(name), lambda value: b"%d" % (int(value) % 3))
    producer.run()
    assert world.run_until(lambda: producer.is_done, 120_000)


def segments(world: World, node: int = 1) -> int:
    replica = world.replica(node, NAME)
    assert replica is not None
    return replica.log.port.segment_count


def cleaned_offset(world: World, node: int = 1) -> int:
    replica = world.replica(node, NAME)
    assert replica is not None
    return replica.log.cleaned_offset or 0


def test_l16_a_dirty_log_is_cleaned_by_itself_and_the_event_says_so() -> None:
    """A trace event with the rule, sizes and where the log is clean."""
    world = started()
    produce(world, 40)
    assert world.run_until(lambda: cleaned_offset(world) > 30, 5_000)
    events = [event for event in world.history.events() if event.kind == "clean"]
    assert {event.rule for event in events} == {"L16"}
    assert events[-1].get("outcome") == "cleaned"
    assert segments(world) < 5


def test_l10_the_cleaner_checkpoint_survives_a_restart() -> None:
    """`cleaner-offset-checkpoint`, in Kafka's form; what was clean is not cleaned again."""
    world = started()
    produce(world, 40)
    assert world.run_until(lambda: cleaned_offset(world) > 30, 5_000)
    world.run_until(lambda: False, 500)
    path = f"{directory_of(1)}/{checkpoints.CLEANED_OFFSETS}"
    offset = cleaned_offset(world)
    assert checkpoints.parse_offsets(world.hosts[1].disk.read_file(path))[NAME] == offset
    world.hosts[1].kill()
    world.hosts[1].start()
    assert world.run_until(world.all_running, 20_000)
    cleanings = len([event for event in world.history.events() if event.kind == "clean"])
    world.run_until(lambda: False, 2_000)
    assert cleaned_offset(world) == offset
    assert len([event for event in world.history.events() if event.kind == "clean"]) == cleanings


def test_l16_without_log_cleaner_enable_nothing_is_cleaned() -> None:
    """The log only grows."""
    world = started({"log.cleaner.enable": "false"})
    produce(world, 40)
    world.run_until(lambda: False, 2_000)
    assert cleaned_offset(world) == 0
    assert segments(world) > 5


def test_l16_replicas_that_cleaned_differently_agree_and_one_that_lost_a_record_does_not() -> None:
    """The checker compares records on a compacted topic, and is not blind there."""
    world = started({"default.replication.factor": 2}, brokers=2)
    produce(world, 30)
    assert world.run_until(lambda: cleaned_offset(world, 1) > 20 and cleaned_offset(world, 2) > 20, 10_000)
    replicas = {node: found for node in (1, 2) if (found := world.replica(node, NAME)) is not None}
    assert replicas_agree.check(replicas) == []
    last = min(replica.high_watermark for replica in replicas.values()) - 1
    replicas[2].log.truncate_to(last)
    replicas[2].log.append_as_leader(build_batch([(0, b"0", b"never", ())]), 0)
    assert replicas_agree.check(replicas) != []
