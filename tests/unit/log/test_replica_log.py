"""The log and what is derived from it stay in step: rolls, restarts, truncation (L9, L11, D2-D4, I9, T11, F12)."""

from __future__ import annotations

from minikafka.config import TopicSettings
from minikafka.log.derived_state import DerivedState
from minikafka.log.model import ModelDisk
from minikafka.log.replica_log import ReplicaLog

from tests.unit.partition.kit import TOPIC_ID, World, records

SMALL: dict[str, str | int] = {"segment.bytes": 400}


def remembered(log: ReplicaLog) -> list[tuple[object, ...]]:
    """Everything derived, comparable."""
    producers = [
        (
            state.producer_id,
            state.epoch,
            tuple(state.batches),
            state.coordinator_epoch,
            state.current_transaction_first_offset,
            state.last_timestamp_ms,
        )
        for state in log.producers.all()
    ]
    open_ones, aborted = log.transactions.open_transactions(), log.transactions.aborted()
    return [
        ("producers", *producers),
        ("open", *open_ones),
        ("aborted", *aborted),
        ("epochs", *log.epochs.entries()),
    ]


def last_batches_only(everything: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """As a snapshot keeps it."""
    producers = [(*one[:2], one[2][-1:], *one[3:]) for one in everything[0][1:]]  # type: ignore[index]
    return [("producers", *producers), *everything[1:]]


def busy(settings: dict[str, str | int] | None = None, disk: ModelDisk | None = None) -> World:
    """Several segments, producers, epochs, an aborted, a committed and an open transaction."""
    world = World(settings or SMALL, disk=disk).lead(epoch=1)
    for sequence in range(3):
        world.append(records(b"x" * 50, producer_id=1, epoch=0, sequence=sequence))
        world.append(records(b"x" * 50, producer_id=2, epoch=3, sequence=sequence, transactional=True))
    world.end(2, 3, commit=False, coordinator_epoch=4)
    world.lead(epoch=2)
    world.append(records(b"x" * 50, producer_id=2, epoch=3, sequence=3, transactional=True))
    world.end(2, 3, commit=True, coordinator_epoch=4)
    for sequence in range(3, 9):
        world.append(records(b"x" * 50, producer_id=1, epoch=0, sequence=sequence))
    world.append(records(producer_id=3, epoch=0, sequence=0, transactional=True))
    return world


def reopen(world: World, *, clean: bool) -> World:
    return World(SMALL, disk=world.disk, clean=clean)


def test_l9_a_full_segment_is_rolled_and_producer_state_snapshotted() -> None:
    """A segment starts where the next batch goes; the snapshot carries its base offset."""
    world = busy()
    bases = [segment.base_offset for segment in world.log.port.segments()]
    assert len(bases) > 2
    snapshots = [name for name in world.disk.files if name.endswith(".snapshot")]
    assert snapshots == [f"data/orders-0/{base:020d}.snapshot" for base in bases[1:]]
    assert world.partition.wants_flush


def test_l9_an_old_segment_is_rolled_by_record_time() -> None:
    """`segment.ms` after the segment's first batch timestamp."""
    world = World({"segment.ms": 1_000}).lead()
    start = 1_700_000_000_000
    world.append(records(timestamp=start))
    world.append(records(timestamp=start + 1_000))
    assert world.log.port.segment_count == 1
    world.append(records(timestamp=start + 1_001))
    assert world.log.port.segment_count == 2


def test_i9_a_kill_rebuilds_everything_from_the_log() -> None:
    """Whatever was derived is derived again, snapshots or not: the window is five deep."""
    world = busy()
    again = reopen(world, clean=False)
    assert remembered(again.log) == remembered(world.log)


def test_i9_a_clean_stop_restores_from_its_snapshot() -> None:
    """Everything is there, but of each producer only the last batch."""
    world = busy()
    world.log.close_cleanly()
    again = reopen(world, clean=True)
    assert remembered(again.log) == last_batches_only(remembered(world.log))
    assert world.log.recovery_point == world.log.log_end_offset


def test_i9_after_a_clean_stop_the_window_of_five_is_one() -> None:
    """A retry of the last batch is a duplicate, of the one before out of order (trap 7)."""
    world = busy()
    world.log.close_cleanly()
    again = reopen(world, clean=True).lead(epoch=3)
    assert again.append(records(b"x" * 50, producer_id=1, epoch=0, sequence=8)).duplicate
    assert again.refusal(records(b"x" * 50, producer_id=1, epoch=0, sequence=7)) == 45


def test_i9_a_damaged_snapshot_gives_way_to_the_older_one() -> None:
    """It is deleted, and the headers after the older one are replayed."""
    world = busy()
    world.log.close_cleanly()
    newest = max(name for name in world.disk.files if name.endswith(".snapshot"))
    world.disk.files[newest] = world.disk.files[newest][:-1]
    again = reopen(world, clean=True)
    assert newest not in world.disk.files
    assert last_batches_only(remembered(again.log)) == last_batches_only(remembered(world.log))


def test_i9_stray_snapshots_of_earlier_stops_go() -> None:
    """Only those at segment bases, and the newest, are kept."""
    world = busy()
    world.log.close_cleanly()
    stop = world.log.log_end_offset
    again = reopen(world, clean=True).lead(epoch=3)
    again.append()
    again.log.close_cleanly()
    reopen(again, clean=True)
    names = [name[-29:-9] for name in world.disk.files if name.endswith(".snapshot")]
    bases = {segment.base_offset for segment in again.log.port.segments()}
    assert {int(name) for name in names} == (bases - {0}) | {again.log.log_end_offset}
    assert stop not in bases


def test_d3_a_restart_without_any_file_is_a_fresh_log() -> None:
    """Nothing on disk: empty, whatever the checkpoints said."""
    world = World(clean=True)
    assert (world.log.log_end_offset, remembered(world.log)[0]) == (0, ("producers",))


def test_d4_the_high_watermark_is_capped_by_what_the_log_holds() -> None:
    """A checkpointed one may be ahead of a log that lost its tail."""
    world = World().lead()
    world.append()
    assert World(disk=world.disk, high_watermark=99).high_watermark == 1


def test_r11_truncation_undoes_what_was_derived() -> None:
    """At every offset, the log cut there knows what a log that never went further knows."""
    whole = busy()
    ends = sorted({0, *(header.last_offset + 1 for header in whole.log.port.headers(0, max_batches=99))})
    for end in ends:
        world = busy()
        world.log.truncate_to(end)
        fresh = DerivedState(ModelDisk(), "none", world.log.port)
        fresh.load(clean=False)
        expected = ReplicaLog(ModelDisk(), "none", world.log.port)
        expected._derived = fresh
        expected.producers, expected.transactions = fresh.producers, fresh.transactions
        assert world.log.log_end_offset == end
        assert last_batches_only(remembered(world.log))[:3] == last_batches_only(remembered(expected))[:3], (
            end
        )
        assert all(entry.start_offset < end for entry in world.log.epochs.entries())


def test_t11_aborted_transactions_cut_away_do_not_come_back() -> None:
    """Truncate an abort marker, write something else there, stop cleanly and restart: nothing is aborted."""
    world = World({"segment.bytes": 1 << 20}).lead(epoch=1)
    world.append(records(producer_id=2, epoch=0, sequence=0, transactional=True))
    world.end(2, 0, commit=False)
    world.log.close_cleanly()
    again = World(disk=world.disk).lead(epoch=2)
    assert again.log.transactions.aborted_between(0, 9) == [(2, 0)]
    again.log.truncate_to(1)
    again.append(records(producer_id=2, epoch=0, sequence=1, transactional=True))
    again.end(2, 0, commit=True)
    again.log.close_cleanly()
    assert World(disk=world.disk).log.transactions.aborted_between(0, 9) == []


def test_l11_epochs_survive_a_restart_even_without_records() -> None:
    """The checkpoint is written as soon as an epoch begins; one that starts at the log's end goes, as in Kafka."""
    world = World().lead(epoch=1)
    world.append()
    world.lead(epoch=5)
    world.lead(epoch=6)
    world.append()
    world.lead(epoch=7)
    again = World(disk=world.disk, clean=False)
    assert again.log.epochs.entries() == world.log.epochs.entries()[:-1]
    assert again.log.epochs.end_of(5, 2) == (5, 1)


def test_l11_lost_epochs_are_read_from_the_batches() -> None:
    """Without the checkpoint file, after any death but a clean stop."""
    world = busy()
    del world.disk.files["data/orders-0/leader-epoch-checkpoint"]
    assert reopen(world, clean=False).log.epochs.entries() == world.log.epochs.entries()


def test_l12_a_rising_log_start_keeps_producers() -> None:
    """Retention does not forget them (I10); transactions aborted below it go."""
    world = busy()
    before = len(world.log.producers.all())
    world.log.advance_log_start_offset(10)
    assert len(world.log.producers.all()) == before
    assert world.log.transactions.aborted() == []
    assert world.log.epochs.entries()[0].start_offset == 10


def test_f12_what_a_deleted_topic_left_is_not_ours() -> None:
    """A directory of the same name with another topic id is emptied."""
    world = busy()
    removed: list[str] = []
    world.disk.remove_tree = removed.append  # type: ignore[method-assign,assignment]
    for topic_id in (TOPIC_ID, bytes(16)):
        ReplicaLog.open(
            world.disk,
            "data/orders-0",
            topic_id=topic_id,
            settings=TopicSettings(),
            recovery_point=0,
            log_start_offset=0,
            clean=True,
        )
    assert removed == ["data/orders-0"]


def test_i9_recovery_replays_from_the_newest_snapshot_below_the_recovery_point() -> None:
    """After a death that was not clean: not the whole log again, and nothing believed that may have been lost."""
    world = busy()
    rolls = sorted(segment.base_offset for segment in world.log.port.segments())
    assert len(rolls) > 3
    recovery_point = rolls[2] + 1
    again = World(SMALL, disk=world.disk, clean=False, recovery_point=recovery_point)
    assert again.log.opening.replayed_from == rolls[2]
    assert last_batches_only(remembered(again.log)) == last_batches_only(remembered(world.log))


def test_i9_recovery_writes_the_snapshots_of_the_segments_it_goes_through() -> None:
    """So that the next death does not cost a replay of the whole log again."""
    world = busy()
    for name in [name for name in world.disk.files if name.endswith((".snapshot", ".txnindex"))]:
        del world.disk.files[name]
    again = World(SMALL, disk=world.disk, clean=False)
    assert again.log.opening.replayed_from == 0
    end = again.log.log_end_offset
    third = World(SMALL, disk=world.disk, clean=False, recovery_point=end)
    assert third.log.opening.replayed_from == third.log.port.active_segment_base_offset
    assert last_batches_only(remembered(third.log)) == last_batches_only(remembered(world.log))


def test_d2_recovery_below_the_checkpoint_counts_as_a_truncation() -> None:
    """The checkpoint says more than the log holds: it has to be lowered before the offsets are written again."""
    world = World().lead(epoch=1)
    world.append()
    again = World(disk=world.disk, clean=False, recovery_point=5)
    assert (again.log.log_end_offset, again.log.truncations) == (1, 1)
    assert again.log.recovery_point <= 1
    assert World(disk=world.disk, clean=False, recovery_point=0).log.truncations == 0
