"""What a broker's directory holds after deaths at bad moments, and what the next life makes of it."""

from __future__ import annotations

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
