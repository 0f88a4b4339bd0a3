"""Logs are opened off the loop: what the broker does while a job holds one, and what becomes of late news (D1-D3)."""

from __future__ import annotations

from dataclasses import replace

from minikafka.broker.checkpoints import CLEAN_SHUTDOWN, RECOVERY_POINTS, parse_offsets
from minikafka.broker.openings import _Opened
from minikafka.effects import ClosePeer, StartJob
from minikafka.log.replica_log import ReplicaLog
from minikafka.sim.host import Host
from minikafka.sim.world import World
from minikafka.types import TopicPartition
from minikafka.wire.messages import create_topics

from tests.simulation.test_stale_news import (
    TOPIC,
    append,
    ask_controller,
    create,
    delete,
    held,
    leader_of,
    produce,
    running,
)

NAME = TopicPartition(TOPIC, 0)


class Gate:
    """Holds the jobs of one host until it is opened."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._held: list[StartJob] = []
        self.run = host._execute[StartJob]
        host._execute[StartJob] = self._held.append

    @property
    def names(self) -> list[str]:
        return [job.name for job in self._held]

    def open(self) -> None:
        self._host._execute[StartJob] = self.run
        held, self._held = self._held, []
        for job in held:
            self.run(job)


def restarted_behind_a_gate(seed: int, *, brokers: int = 2, partitions: int = 1) -> tuple[World, Gate]:
    """Broker 1 was killed with records in its logs and comes back; the jobs that recover them are held."""
    world = running(seed, brokers=brokers)
    for name in create(world, partitions, brokers):
        produce(world, name, b"one", b"two")
    world.hosts[1].kill()
    gate = Gate(world.hosts[1])
    world.hosts[1].start()
    assert world.run_until(lambda: bool(gate.names), 20_000)
    return world, gate


def is_running(world: World) -> bool:
    broker = world.broker(1)
    return broker is not None and broker.is_running


def test_d2_a_broker_stays_fenced_until_its_logs_are_recovered() -> None:
    """It is registered and follows the metadata log, but nobody is sent to it, and its neighbour leads."""
    world, gate = restarted_behind_a_gate(1)
    assert not world.run_until(lambda: is_running(world), 5_000)
    leader = leader_of(world, NAME)
    assert leader is not None
    assert leader.leader == 2
    gate.open()
    assert world.run_until(lambda: is_running(world), 5_000)
    replica = world.replica(1, NAME)
    assert replica is not None
    assert replica.log.log_end_offset == 2


def test_d2_no_more_logs_are_recovered_at_a_time_than_the_setting_says() -> None:
    """`num.recovery.threads.per.data.dir` is 2; the rest wait, and all are opened in the end."""
    world, gate = restarted_behind_a_gate(2, brokers=1, partitions=5)
    assert len([name for name in gate.names if name.startswith("open")]) == 2
    gate.open()
    assert world.run_until(lambda: is_running(world), 20_000)
    names = [TopicPartition(TOPIC, index) for index in range(5)]
    assert world.run_until(lambda: all(leader_of(world, name) is not None for name in names), 5_000)
    assert [replica.log.log_end_offset for name in names for replica in held(world, name)] == [2] * 5


def test_d2_small_logs_share_jobs_and_are_served_together() -> None:
    """A job takes its share of those that wait. All of them become replicas in one turn, so no fetch from their leader
    is given up for one that joins later."""
    world, gate = restarted_behind_a_gate(8, brokers=2, partitions=20)
    host = world.hosts[1]
    given_up: list[ClosePeer] = []
    jobs: list[str] = []
    run, close = gate.run, host._execute[ClosePeer]
    host._execute[ClosePeer] = lambda effect: (given_up.append(effect), close(effect))
    gate.run = lambda job: (jobs.append(job.name), run(job))
    gate.open()
    assert world.run_until(lambda: is_running(world), 20_000)
    names = [TopicPartition(TOPIC, index) for index in range(20)]
    assert world.run_until(
        lambda: all(replica.log.log_end_offset == 2 for name in names for replica in held(world, name)), 5_000
    )
    assert all(len(held(world, name)) == 2 for name in names)
    opened = [job for job in jobs if job.startswith("open")]
    assert opened[:2] == ["open orders-0", "open orders-1"]
    assert opened[2] == "open orders-2 and 7 more"
    assert len(opened) < 10
    assert given_up == []


def test_d2_a_disk_that_fails_while_logs_are_opened_leaves_none_open() -> None:
    """The job ends at the first that cannot be opened; what it, and others before it, had opened is closed."""
    world, gate = restarted_behind_a_gate(9, brokers=1, partitions=12)
    opened: list[ReplicaLog] = []
    run = gate.run

    def run_failing_late(job: StartJob) -> None:
        run(replace(job, work=lambda: failing(job.work())) if job.name.endswith("more") else job)

    def failing(result: object) -> object:
        assert isinstance(result, _Opened)
        opened.extend(result.logs)
        result.logs.pop().port.close()
        return result._replace(error=OSError("the disk is gone"))

    gate.run = run_failing_late
    gate.open()
    broker = world.broker(1)
    assert broker is not None
    assert world.run_until(lambda: broker.storage.is_offline, 20_000)
    assert broker.storage.failure is not None
    assert broker.storage.failure.startswith("cannot open orders-")
    assert not broker.replicas.openings
    assert world.run_until(lambda: all(map(is_closed, opened)), 5_000)
    assert len(opened) > 1


def is_closed(log: ReplicaLog) -> bool:
    try:
        log.port.roll()
    except OSError as error:
        return str(error) == "the log is offline: it was closed"
    return False


def test_d2_a_topic_deleted_while_its_log_is_recovered_leaves_nothing() -> None:
    """The job cannot be called back; what it opens goes as soon as it ends."""
    world, gate = restarted_behind_a_gate(3)
    delete(world)
    gate.open()
    assert world.run_until(lambda: is_running(world), 5_000)
    assert world.replica(1, NAME) is None
    disk = world.hosts[1].disk
    assert world.run_until(
        lambda: not any(name.startswith(TOPIC) for name in disk.list_directory("/node-1")), 5_000
    )


def test_d2_a_topic_created_anew_while_the_old_log_is_recovered_begins_empty() -> None:
    """Same name, another topic: the old one's records do not become its records (F12)."""
    world, gate = restarted_behind_a_gate(4)
    delete(world)
    create_on_both(world)
    gate.open()
    assert world.run_until(lambda: world.replica(1, NAME) is not None and is_running(world), 20_000)
    replica = world.replica(1, NAME)
    assert replica is not None
    assert (replica.log.log_end_offset, replica.topic_id) == (0, topic_id(world))


def create_on_both(world: World) -> None:
    """The topic again. The broker whose jobs are held is fenced, so it is placed there by hand."""
    assignment = create_topics.CreatableReplicaAssignment(partition_index=0, broker_ids=[2, 1])
    topic = create_topics.CreatableTopic(
        name=TOPIC, num_partitions=-1, replication_factor=-1, assignments=[assignment]
    )
    ask_controller(world, create_topics.CreateTopicsRequest(topics=[topic], timeout_ms=10_000), 7)


def topic_id(world: World) -> bytes:
    broker = world.broker(2)
    assert broker is not None
    topic = broker.image.topic(TOPIC)
    assert topic is not None
    return topic.topic_id


def test_d1_a_broker_killed_while_it_recovers_recovers_again() -> None:
    """The job of a life that is over reports to nobody; the next life starts from the same files."""
    world, gate = restarted_behind_a_gate(5, brokers=1)
    world.hosts[1].kill()
    gate.open()
    world.hosts[1].start()
    assert world.run_until(lambda: leader_of(world, NAME) is not None, 20_000)
    replica = world.replica(1, NAME)
    assert replica is not None
    assert replica.log.log_end_offset == 2


def test_d1_a_broker_stopped_while_it_recovers_leaves_no_clean_note() -> None:
    """A log that was not recovered yet may be torn; a note would have it believed."""
    world, gate = restarted_behind_a_gate(6, brokers=1)
    world.hosts[1].stop()
    assert world.run_until(lambda: not world.hosts[1].is_up, 20_000)
    assert world.hosts[1].disk.read_file(f"/node-1/{CLEAN_SHUTDOWN}") is None
    assert gate.names


def test_d3_a_clean_stop_does_not_come_back_with_a_power_cut() -> None:
    """The note is taken away for good before anything is written: else the torn files of this life were believed."""
    for seed in range(20):
        world = running(seed, brokers=1)
        (name,) = create(world, 1, 1)
        world.hosts[1].stop()
        assert world.run_until(lambda world=world: not world.hosts[1].is_up, 20_000)  # type: ignore[misc]
        world.hosts[1].start()
        assert world.run_until(lambda world=world: leader_of(world, NAME) is not None, 20_000)  # type: ignore[misc]
        append(world, name, 1)
        world.hosts[1].power_loss(seed)
        assert world.hosts[1].disk.read_file(f"/node-1/{CLEAN_SHUTDOWN}") is None


def test_d3_a_log_that_no_life_since_its_death_has_opened_is_not_believed() -> None:
    """A clean stop speaks for the logs that were open. One that belonged to nobody then is recovered by whoever opens
    it: its recovery point, which a clean stop would have moved to its end, is not in the checkpoint."""
    world = running(7, brokers=1)
    (name,) = create(world, 1, 1)
    produce(world, name, b"one", b"two")
    assert world.run_until(lambda: False, 61_000) is False, "the checkpoint is written each minute"
    world.hosts[1].kill()
    world.hosts[1].start()
    assert world.run_until(lambda: leader_of(world, name) is not None, 20_000)
    broker = world.broker(1)
    assert broker is not None
    assert name in broker.storage._recovery_points
    broker.replicas._partitions.pop(name)
    broker.storage.end_cleanly()
    assert world.hosts[1].disk.read_file(f"/node-1/{CLEAN_SHUTDOWN}") is not None
    assert parse_offsets(world.hosts[1].disk.read_file(f"/node-1/{RECOVERY_POINTS}")) == {}
