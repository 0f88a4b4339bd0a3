"""What a round of compaction leaves, on the real log and on the model alike (L16, D6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from minikafka._core import Disk, build_batch
from minikafka.log.batch import inspect_batches, read_records
from minikafka.log.model import ModelDisk
from minikafka.log.port import BatchHeader, Cleaning
from minikafka.partition.cleaning import CannotClean, Cleaned, clean, round_of
from minikafka.partition.compaction import cleanable
from minikafka.partition.partition import Isolation

from tests.unit.partition.kit import WALL_MS, World, records

COMPACT: dict[str, str | int] = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0",
    "delete.retention.ms": 1000,
}
PLENTY = 1 << 20


@pytest.fixture(params=["real", "model"])
def disk(request: pytest.FixtureRequest) -> ModelDisk:
    """Both are a `port.Disk`."""
    return cast("ModelDisk", Disk.simulated(1)) if request.param == "real" else ModelDisk()


@pytest.fixture
def world(disk: ModelDisk) -> World:
    return World(COMPACT, disk=disk).lead()


def put(world: World, **values: str | None) -> None:
    """One batch of these keys and values."""
    pairs = [
        (WALL_MS, key.encode(), None if value is None else value.encode(), ())
        for key, value in values.items()
    ]
    world.append(build_batch(pairs))


def roll(world: World) -> None:
    """End the active segment."""
    world.log._roll()


def begin(world: World, *, ms: int = 0, buffer_bytes: int = PLENTY) -> tuple[Cleaning, Cleaned]:
    """A round, up to the swap."""
    log, now_ms = world.log, WALL_MS + ms
    what = cleanable(
        log.port.segments(),
        world.settings,
        cleaned_offset=log.cleaned_offset or 0,
        log_start_offset=log.log_start_offset,
        last_stable_offset=world.partition.last_stable_offset,
        now_ms=now_ms,
    )
    cleaning = log.port.begin_cleaning(what.first_uncleanable_offset, buffer_bytes=buffer_bytes)
    return cleaning, clean(cleaning, round_of(log, what, world.settings, now_ms))


def finish(world: World, cleaning: Cleaning, done: Cleaned) -> bool:
    return world.log.finish_cleaning(
        cleaning,
        end_offset=done.end_offset,
        rewritten_offset=done.rewritten_offset,
        aborted=done.aborted,
    )


def clean_now(world: World, *, ms: int = 0, buffer_bytes: int = PLENTY) -> None:
    """A whole round, at this time after WALL_MS."""
    assert finish(world, *begin(world, ms=ms, buffer_bytes=buffer_bytes))


def reads(world: World) -> Iterator[bytes]:
    """What a reader is sent, fetch by fetch, from the log start to the end."""
    port = world.log.port
    offset = port.log_start_offset
    while offset < port.log_end_offset:
        found = port.read(offset, max_bytes=1, upper_bound=port.log_end_offset, at_least_one_batch=True)
        assert found.next_offset > offset, "a reader gets on"
        yield found.data
        offset = found.next_offset


def content(world: World) -> list[tuple[int, str, str | None]]:
    """(offset, key, value) of every record."""
    return [
        (record.offset, (record.key or b"").decode(), None if record.value is None else record.value.decode())
        for data in reads(world)
        for record in read_records(data)
        if len(record.key or b"") < 4  # no markers
    ]


def headers(world: World) -> list[BatchHeader]:
    return [header for data in reads(world) for header in inspect_batches(data)]


def test_l16_the_last_record_of_every_key_stays_where_it_was(world: World) -> None:
    """Offsets do not change; what went leaves holes; the active segment is as it was."""
    put(world, a="1", b="1")
    put(world, a="2", c="1")
    roll(world)
    put(world, b="2", c="2")
    roll(world)
    put(world, a="3")
    clean_now(world)
    assert content(world) == [(2, "a", "2"), (4, "b", "2"), (5, "c", "2"), (6, "a", "3")]
    assert (world.log.log_start_offset, world.log.log_end_offset) == (0, 7)
    assert world.log.cleaned_offset == 6


def test_l16_a_second_round_cleans_what_the_first_one_left(world: World) -> None:
    """The clean part is rewritten for the sake of the new keys."""
    put(world, a="1", b="1")
    roll(world)
    put(world, x="1")
    clean_now(world)
    put(world, b="2")
    roll(world)
    clean_now(world)
    assert content(world) == [(0, "a", "1"), (2, "x", "1"), (3, "b", "2")]


def test_l16_small_segments_are_merged_into_one(world: World) -> None:
    """All of them here, because together they are smaller than `segment.bytes`; lookups go on working."""
    for number in range(5):
        put(world, **{f"k{number}": "v"})
        roll(world)
    assert world.log.port.segment_count == 6
    clean_now(world)
    assert world.log.port.segment_count == 2
    assert [offset for offset, _, _ in content(world)] == [0, 1, 2, 3, 4]
    assert world.log.port.offset_for_timestamp(WALL_MS, upper_bound=99) == (0, WALL_MS)


def test_l16_a_tombstone_goes_once_its_delete_horizon_passed(world: World) -> None:
    """The first round stamps it (attribute bit 6, base timestamp), a later one, `delete.retention.ms` on, drops it. The
    record keeps its own timestamp."""
    put(world, a="1", b="1")
    put(world, a=None)
    roll(world)
    put(world, x="1")
    roll(world)
    clean_now(world, ms=5)
    assert content(world) == [(1, "b", "1"), (2, "a", None), (3, "x", "1")]
    stamped = next(header for header in headers(world) if header.base_offset == 2)
    assert (stamped.has_delete_horizon, stamped.base_timestamp) == (True, WALL_MS + 1005)
    assert [record.timestamp for data in reads(world) for record in read_records(data)] == [WALL_MS] * 3
    for ms, is_there in ((1004, True), (1005, False)):
        world.log.cleaned_offset = 0
        clean_now(world, ms=ms)
        assert ("a" in {key for _, key, _ in content(world)}) is is_there
    assert content(world) == [(1, "b", "1"), (3, "x", "1")]


def test_l16_a_record_without_a_key_goes(world: World) -> None:
    """Such records may be left from before the topic was compacted."""
    batch = build_batch([(WALL_MS, None, b"old", ()), (WALL_MS, b"k", b"v", ())])
    world.log.append_as_leader(batch, 0)
    put(world, x="1")
    roll(world)
    clean_now(world)
    assert content(world) == [(1, "k", "v"), (2, "x", "1")]


def test_l16_the_last_batch_of_a_round_is_emptied_not_dropped(world: World) -> None:
    """What it holds may be superseded by then, in a later round; one that is not the last of a round goes."""
    put(world, a="1")
    put(world, b="1")
    roll(world)
    put(world, b="2")
    roll(world)
    put(world, x="1")
    world.log.cleaned_offset = 0
    clean_now(world)
    # One merged segment: offset 1 went with its batch, offset 2 is the last of the round.
    assert [(header.base_offset, header.record_count) for header in headers(world)] == [
        (0, 1),
        (2, 1),
        (3, 1),
    ]
    put(world, b="3")
    roll(world)
    put(world, y="1")
    clean_now(world)
    assert [(header.base_offset, header.record_count) for header in headers(world)] == [
        (0, 1),
        (3, 1),
        (4, 1),
        (5, 1),
    ]


def test_l16_a_segment_keeps_its_end_by_an_empty_batch(disk: ModelDisk) -> None:
    """Every segment goes on ending where the next one begins (D2), even if nothing is left in it."""
    world = World({**COMPACT, "segment.bytes": 100}, disk=disk).lead()
    for value in "1234":
        put(world, a=value)
    clean_now(world)
    assert world.log.port.segment_count == 4
    found = headers(world)
    assert [(header.base_offset, header.record_count) for header in found] == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert world.log.port.max_timestamp_offset(upper_bound=4) == (2, WALL_MS)
    assert world.log.port.offset_for_timestamp(0, upper_bound=4) == (2, WALL_MS)


def test_l16_the_batch_with_a_producers_last_sequence_is_emptied_not_dropped(world: World) -> None:
    """So a retry is still recognised, and the next sequence still known, after a restart (I9)."""
    world.append(records(b"1", producer_id=7, epoch=2, sequence=0))
    world.append(records(b"2", b"3", producer_id=7, epoch=2, sequence=1))
    put(world, k="4", x="1")
    roll(world)
    clean_now(world)
    assert content(world) == [(3, "k", "4"), (4, "x", "1")]
    empty = headers(world)[0]
    assert (empty.base_offset, empty.last_offset, empty.record_count) == (1, 2, 0)
    assert (empty.producer_id, empty.producer_epoch, empty.base_sequence, empty.last_sequence) == (7, 2, 1, 2)
    again = World(COMPACT, disk=world.disk, clean=False)
    state = again.log.producers.get(7)
    assert state is not None
    assert (state.epoch, state.last_sequence) == (2, 2)


def test_l16_records_of_an_aborted_transaction_go_at_once_and_its_marker_later(world: World) -> None:
    """First the records; while batches of the transaction were there the marker stays as it is, then it gets a delete
    horizon, and after that it goes. A committed transaction's records stay, whatever its producer aborted before."""
    put(world, a="kept")
    world.append(records(b"gone", producer_id=7, epoch=0, sequence=0, transactional=True, key=b"a"))
    world.end(7, 0, commit=False)
    world.append(records(b"stays", producer_id=7, epoch=0, sequence=1, transactional=True, key=b"b"))
    world.end(7, 0, commit=True)
    put(world, x="1")
    roll(world)

    def markers() -> list[tuple[int, bool]]:
        return [(one.base_offset, one.has_delete_horizon) for one in headers(world) if one.is_control]

    kept = [(0, "a", "kept"), (3, "b", "stays"), (5, "x", "1")]
    expected = [[(2, False), (4, False)], [(2, True), (4, False)], [(4, False)]]
    for ms, left in zip((0, 10, 1010), expected, strict=True):
        world.log.cleaned_offset = 0
        clean_now(world, ms=ms)
        assert content(world) == kept
        assert markers() == left
    assert world.log.transactions.aborted() == []
    read = world.read(0, Isolation.READ_COMMITTED)
    assert read.aborted == []


def test_l16_a_marker_outlives_its_transactions_last_empty_batch(world: World) -> None:
    """The aborted batch holds its producer's last sequence: emptied, and so its marker has something to end."""
    world.append(records(b"gone", producer_id=7, epoch=0, sequence=0, transactional=True, key=b"a"))
    world.end(7, 0, commit=False)
    put(world, x="1")
    roll(world)
    for ms in (0, 10, 5000):
        world.log.cleaned_offset = 0
        clean_now(world, ms=ms)
    assert [(one.base_offset, one.record_count) for one in headers(world)] == [(0, 0), (1, 1), (2, 1)]
    again = World(COMPACT, disk=world.disk, clean=False)
    assert again.log.transactions.open_transactions() == []


def test_l16_a_transaction_that_is_open_is_not_touched(world: World) -> None:
    """Its segment, and all after it, lie above the last stable offset."""
    put(world, a="1")
    roll(world)
    world.append(records(b"2", producer_id=7, epoch=0, sequence=0, transactional=True, key=b"a"))
    roll(world)
    put(world, a="3")
    roll(world)
    clean_now(world)
    assert [offset for offset, _, _ in content(world)] == [0, 1, 2]


def test_l16_a_full_map_ends_the_round_early(world: World) -> None:
    """Three keys fit. Above the end of the round everything stays; the next round goes on from there."""
    put(world, a="1", b="1")
    put(world, a="2", c="1")
    put(world, a="3")
    roll(world)
    clean_now(world, buffer_bytes=3 * 24)
    assert content(world) == [(1, "b", "1"), (2, "a", "2"), (3, "c", "1"), (4, "a", "3")]
    assert world.log.cleaned_offset == 4
    clean_now(world, buffer_bytes=3 * 24)
    assert content(world) == [(1, "b", "1"), (3, "c", "1"), (4, "a", "3")]
    assert world.log.cleaned_offset == 5


def test_l16_a_map_too_small_for_one_batch_is_said(world: World) -> None:
    """Nothing would ever be cleaned."""
    put(world, a="1", b="1", c="1")
    roll(world)
    with pytest.raises(CannotClean, match="dedupe"):
        begin(world, buffer_bytes=2 * 24)


def test_l16_a_truncation_gives_the_round_up(world: World) -> None:
    """What was read is not the log any more; the log stays as the truncation left it."""
    put(world, a="1")
    put(world, a="2")
    roll(world)
    cleaning, done = begin(world)
    world.log.truncate_to(1)
    assert cleaning.is_given_up
    assert not finish(world, cleaning, done)
    assert content(world) == [(0, "a", "1")]


def test_l16_appends_and_rolls_go_on_while_a_round_is_under_way(world: World) -> None:
    """The swap replaces only what was read."""
    put(world, a="1")
    put(world, a="2")
    roll(world)
    cleaning, done = begin(world)
    put(world, a="3")
    roll(world)
    put(world, a="4")
    assert finish(world, cleaning, done)
    assert [offset for offset, _, _ in content(world)] == [1, 2, 3]


def test_l16_a_truncation_makes_what_follows_dirty_again(world: World) -> None:
    """The offset up to which the log is clean never lies above what was cut off."""
    put(world, a="1")
    put(world, b="2")
    roll(world)
    clean_now(world)
    assert world.log.cleaned_offset == 2
    world.log.truncate_to(1)
    assert world.log.cleaned_offset == 1


@pytest.mark.parametrize("compression", range(5))
def test_l16_compressed_batches_are_packed_again_as_they_were(compression: int) -> None:
    """Header values, record headers and timestamps come through; the model does not compress."""
    world = World(COMPACT, disk=cast("ModelDisk", Disk.simulated(1))).lead()
    rows = [(WALL_MS + index, b"k%d" % (index % 7), b"v" * 50, [("h", b"x")]) for index in range(20)]
    world.append(build_batch(rows, compression=compression))
    roll(world)
    clean_now(world)
    (header,) = headers(world)
    assert (header.compression, header.record_count, header.last_offset) == (compression, 7, 19)
    found = [record for data in reads(world) for record in read_records(data)]
    assert [record.offset for record in found] == list(range(13, 20))
    assert {record.headers for record in found} == {(("h", b"x"),)}
    assert found[-1].timestamp == header.max_timestamp == WALL_MS + 19


def test_l16_a_follower_takes_over_holes_and_empty_batches(world: World) -> None:
    """Replication is by bytes: what the leader lacks the follower lacks as well."""
    world.append(records(b"1", producer_id=7, epoch=2, sequence=0, key=b"a"))
    put(world, b="1")
    put(world, a="2", b="2")
    roll(world)
    clean_now(world)
    follower = World(COMPACT).follow()
    for data in reads(world):
        follower.log.append_as_follower(data, inspect_batches(data))
    assert content(follower) == content(world)
    assert follower.log.log_end_offset == world.log.log_end_offset
    assert follower.log.producers.get(7) is not None
