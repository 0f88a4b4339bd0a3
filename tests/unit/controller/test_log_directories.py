"""What the cluster does when a broker says that a disk of it failed (D7, KIP-858)."""

from __future__ import annotations

from minikafka.controller.image import LOST
from minikafka.controller.leadership import elect_leaderless, prefer_first_replicas
from minikafka.controller.log_directories import report_offline
from minikafka.controller.reassign import Move, reassign
from minikafka.controller.topics import NewTopic, create_topic
from minikafka.controller.view import ClusterView
from minikafka.partition.state import UNASSIGNED, PartitionState
from minikafka.types import TopicPartition
from minikafka.wire.records.cluster_metadata import PartitionRecord

from tests.unit.controller.builders import broker, cluster, partition, state_of, three_brokers

A, B = b"a" * 16, b"b" * 16
ONE, TWO, THREE = (bytes([number]) * 16 for number in (1, 2, 3))


def after_failure(view: ClusterView, broker_id: int, *failed: bytes) -> ClusterView:
    return view.after(report_offline(view, broker_id, failed))


def test_d7_replicas_of_a_failed_directory_leave_isr_and_leadership() -> None:
    """D7: those in the directory, and no others of the same broker, which stays unfenced."""
    view = cluster(
        broker(1, log_dirs=[A, B]),
        broker(2),
        partition(0, replicas=(1, 2), isr=(1, 2), directories=[A, TWO]),
        partition(1, replicas=(1, 2), isr=(1, 2), directories=[B, TWO]),
        partition(2, replicas=(2, 1), isr=(1, 2), leader=2, directories=[TWO, A]),
    )
    view = after_failure(view, 1, A)
    led, other, followed = (state_of(view, index) for index in range(3))
    assert (led.leader, led.isr, led.leader_epoch) == (2, (2,), 6)
    assert (other.leader, other.isr) == (1, (1, 2))
    assert (followed.leader, followed.isr, followed.leader_epoch) == (2, (2,), 5)
    assert view.image.brokers[1].log_dirs == (B,)
    assert view.image.is_active(1)
    assert [view.image.is_offline(1, state) for state in (led, other, followed)] == [True, False, True]


def test_d7_the_same_report_again_changes_nothing() -> None:
    """D7: every heartbeat names the failed directory."""
    view = cluster(*three_brokers(), partition(directories=[ONE, TWO, THREE]))
    assert report_offline(after_failure(view, 1, ONE), 1, [ONE]) == []
    assert report_offline(view, 1, [b"unheard-of-......"]) == []


def test_d7_the_last_directory_leaves_a_broker_that_may_lead_nothing() -> None:
    """D7: it lives on, without a place for any replica: elections, the balancer, new topics and moves pass it by."""
    view = cluster(*three_brokers(), partition(directories=[ONE, TWO, THREE]))
    view = after_failure(view, 1, ONE)
    assert view.image.brokers[1].log_dirs == (LOST,)
    assert state_of(view).leader == 2
    assert prefer_first_replicas(view) == []
    for _ in range(3):
        records, _ = create_topic(view, NewTopic("new", 3, 2), bytes(15) + b"\x09")
        made = [record for record in records if isinstance(record, PartitionRecord)]
        assert all(1 not in record.replicas for record in made)
    three, _ = create_topic(view, NewTopic("new", 1, 3), bytes(15) + b"\x09")
    (only,) = [record for record in three if isinstance(record, PartitionRecord)]
    assert (sorted(only.replicas), 1 in only.isr) == ([1, 2, 3], False)


def test_d7_no_election_finds_a_replica_on_a_failed_disk() -> None:
    """D7: not even an unclean one."""
    leaderless = partition(replicas=(1,), isr=(1,), directories=[ONE])
    view = cluster(*three_brokers(), leaderless, configs={"unclean.leader.election.enable": "true"})
    view = after_failure(view, 1, ONE)
    assert state_of(view).leader == -1
    assert elect_leaderless(view) == []


def test_d7_a_new_replica_is_assigned_to_its_brokers_only_directory() -> None:
    """KIP-858: with one directory there is nothing to choose; with two, the broker has to say."""
    alone = partition(replicas=(1,), isr=(1,), directories=[ONE])
    view = cluster(broker(1), broker(2), broker(3, log_dirs=[A, B]), alone)
    view = view.after(reassign(view, Move(TopicPartition("orders", 0), (3, 2, 1))))
    assert state_of(view).directories == (UNASSIGNED, TWO, ONE)
    assert state_of(view).directory_of(1) == ONE
    assert PartitionState(replicas=(1, 2)).directory_of(2) == UNASSIGNED
