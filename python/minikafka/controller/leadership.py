"""What brokers coming and going does to the partitions they hold (R12-R16).

Each function gives the change records for every partition concerned. A broker that is on its way out counts
as dead before its registration says so, and one on its way in as alive, because both are decided in the same
batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from minikafka.config import TopicSettings
from minikafka.controller.election import Election
from minikafka.controller.partition_change import Rules, Target, partition_change
from minikafka.controller.view import ClusterView, min_insync_replicas
from minikafka.errors import ErrorCode, Rejected
from minikafka.partition.state import PartitionState
from minikafka.types import NO_LEADER, BrokerId
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import UnregisterBrokerRecord

_NOBODY: Final[frozenset[BrokerId]] = frozenset()


def broker_leaves(view: ClusterView, broker_id: BrokerId) -> list[Message]:
    """R12: out of every ISR, leaderships moved. For fencing, and for the start of a controlled shutdown."""
    leaving = frozenset({broker_id})
    return _changes(
        view,
        lambda state: broker_id in state.isr,
        is_alive=lambda other: other != broker_id and view.image.is_active(other),
        leaving=leaving,
    )


def broker_returns(view: ClusterView, broker_id: BrokerId) -> list[Message]:
    """An unfenced broker may lead again: partitions without a leader look once more."""
    return _changes(
        view,
        lambda state: state.leader == NO_LEADER,
        is_alive=lambda other: other == broker_id or view.image.is_active(other),
    )


def broker_returned_unclean(view: ClusterView, broker_id: BrokerId) -> list[Message]:
    """R14: it came back without proof of a clean shutdown, so it may lack what it had: out of ISR and ELR."""
    gone = frozenset({broker_id})
    return _changes(
        view,
        lambda state: broker_id in state.isr or broker_id in state.elr,
        is_alive=lambda other: other != broker_id and view.image.is_active(other),
        leaving=gone,
        unclean_shutdown=gone,
    )


def unregister(view: ClusterView, broker_id: BrokerId) -> list[Message]:
    """The broker is forgotten: as if it left, and then as if it had never been. Raises Rejected [102]."""
    registration = view.image.brokers.get(broker_id)
    if registration is None:
        why = f"Broker ID {broker_id} is not currently registered"
        raise Rejected(ErrorCode.BROKER_ID_NOT_REGISTERED, why, rule="R12")
    gone = UnregisterBrokerRecord(broker_id=broker_id, broker_epoch=registration.epoch)
    return [*broker_leaves(view, broker_id), gone]


def directories_fail(view: ClusterView, broker_id: BrokerId, failed: frozenset[bytes]) -> list[Message]:
    """D7: the broker lives on, but these log directories of it do not: its replicas there leave every ISR and lead
    nothing."""
    return _changes(
        view,
        lambda state: broker_id in state.replicas and state.directory_of(broker_id) in failed,
        is_alive=lambda other: other != broker_id and view.image.is_active(other),
        leaving=frozenset({broker_id}),
    )


def prefer_first_replicas(view: ClusterView) -> list[Message]:
    """R16, the balancer: leadership goes back to the first replica wherever that is in the ISR and alive."""
    return _changes(
        view,
        lambda state: (
            state.leader != state.replicas[0]
            and state.replicas[0] in state.isr
            and view.image.is_active(state.replicas[0])
            and not view.image.is_offline(state.replicas[0], state)
        ),
        is_alive=view.image.is_active,
        election=Election.PREFERRED,
    )


def elect_leaderless(view: ClusterView) -> list[Message]:
    """R15, the sweep: an unclean election wherever the topic has come to allow it."""
    return _changes(view, lambda state: state.leader == NO_LEADER, is_alive=view.image.is_active)


def leads_any(view: ClusterView, broker_id: BrokerId) -> bool:
    return any(state.leader == broker_id for _, state in _partitions(view))


def rules_for(
    view: ClusterView,
    settings: TopicSettings,
    state: PartitionState,
    *,
    is_alive: Callable[[BrokerId], bool],
    election: Election | None = None,
    unclean_shutdown: frozenset[BrokerId] = _NOBODY,
) -> Rules:
    """The rules of one partition; `election` None means: as its topic allows. Nobody leads on a failed disk (D7)."""
    return Rules(
        view.election_for(settings) if election is None else election,
        lambda broker: (
            is_alive(broker) and view.image.has_online_directory(broker, state.directory_of(broker))
        ),
        min_insync_replicas(settings, state),
        view.elr_enabled,
        unclean_shutdown,
        view.image.default_directory,
    )


def _changes(
    view: ClusterView,
    concerns: Callable[[PartitionState], bool],
    *,
    is_alive: Callable[[BrokerId], bool],
    leaving: frozenset[BrokerId] = _NOBODY,
    election: Election | None = None,
    unclean_shutdown: frozenset[BrokerId] = _NOBODY,
) -> list[Message]:
    records: list[Message] = []
    for topic, states in _by_topic(view, concerns):
        settings = view.topic_settings(topic)
        for state in states:
            rules = rules_for(
                view, settings, state, is_alive=is_alive, election=election, unclean_shutdown=unclean_shutdown
            )
            record = partition_change(state, Target.as_is(state).without(leaving), rules)
            if record is not None:
                records.append(record)
    return records


def _by_topic(
    view: ClusterView, concerns: Callable[[PartitionState], bool]
) -> Iterable[tuple[str, list[PartitionState]]]:
    found: dict[str, list[PartitionState]] = {}
    for topic, state in _partitions(view):
        if concerns(state):
            found.setdefault(topic, []).append(state)
    return found.items()


def _partitions(view: ClusterView) -> Iterator[tuple[str, PartitionState]]:
    for name in sorted(view.image.topics):
        for state in view.image.topics[name].partitions.values():
            yield name, state
