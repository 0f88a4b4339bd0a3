"""What a broker's directory holds after deaths at bad moments, and what the next life makes of it."""

from __future__ import annotations

from minikafka.broker.checkpoints import RECOVERY_POINTS, parse_offsets
from minikafka.types import TopicPartition

from tests.simulation.test_stale_news import create, delete, produce, running

DIRECTORY = "/node-1"


def test_f12_a_new_topic_does_not_begin_where_a_deleted_one_of_its_name_did() -> None:
    """Checkpoints are kept by name and written now and then, so after a kill they may still tell of a deleted log.
    A log that is created begins at offset 0 all the same."""
    world = running(1, brokers=1)
    name = create(world, 1, 1)[0]
    produce(world, name, b"one", b"two")
    old = world.replica(1, name)
    assert old is not None
    old.delete_records(-1)
    assert world.run_until(lambda: False, 61_000) is False, "the checkpoint is written each minute"
    delete(world)
    world.hosts[1].kill()
    world.hosts[1].start()
    assert world.run_until(world.all_running, 20_000)
    create(world, 1, 1)
    new = world.replica(1, name)
    assert new is not None
    assert (new.log.log_start_offset, new.log.log_end_offset, new.log.recovery_point) == (0, 0, 0)


def test_a_deletion_cut_short_by_a_death_is_finished_by_the_next_life() -> None:
    """A replica's directory is renamed, then removed; whoever dies in between leaves it under its new name."""
    world = running(2, brokers=1)
    name = TopicPartition("orders", 0)
    create(world, 1, 1)
    disk = world.hosts[1].disk
    delete(world)
    world.hosts[1].kill()
    doomed = f"{name}.{bytes(16).hex()}-delete"
    disk.make_directory(f"{DIRECTORY}/{doomed}")
    disk.write_file(f"{DIRECTORY}/{doomed}/partition.metadata", b"version: 0\n")
    assert doomed in disk.list_directory(DIRECTORY)
    world.hosts[1].start()
    assert world.run_until(world.all_running, 20_000)
    assert doomed not in disk.list_directory(DIRECTORY)


def test_d2_a_checkpoint_under_way_does_not_undo_a_truncations() -> None:
    """The recovery point a truncation lowered is on disk before the next append; a checkpoint that was gathered before
    it, and is written after it, must not raise it again."""
    world = running(3, brokers=1)
    name = create(world, 1, 1)[0]
    produce(world, name, b"one", b"two")
    broker, replica = world.broker(1), world.replica(1, name)
    assert broker is not None
    assert replica is not None
    replica.log.port.flush()
    gathered = broker.storage.checkpoint_files(recovery_points=True)
    replica.log.truncate_to(1)
    broker.storage.write(broker.storage.checkpoint_files(recovery_points=True))
    broker.storage.write(gathered)
    written = broker.storage.disk.read_file(broker.storage.path(RECOVERY_POINTS))
    assert parse_offsets(written)[name] == 1
