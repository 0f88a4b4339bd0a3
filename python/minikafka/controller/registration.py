"""Brokers register; each registration is a new life with an epoch of its own (R12, R14; KIP-631, KIP-966).

The broker epoch is the offset of the registration record, so it only rises. Requests of an earlier life are
refused by it, and a follower's old fetch cannot bring its next life into an ISR (R9).

Two processes may not be the same broker: while the registered one has a live session, another incarnation
hears DUPLICATE_BROKER_REGISTRATION [101] and tries again until that session has ended. A restart after a
crash therefore waits out the session; after a clean stop it does not, because being told to shut down ends
the session.

A new life starts fenced and out of every ISR. If it cannot show the epoch of its last life from
its clean-shutdown file, it may have lost what it held: it leaves the ELR as well (R14).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from minikafka.controller.image import BrokerRegistration, Endpoint
from minikafka.controller.leadership import broker_leaves, broker_returned_unclean
from minikafka.controller.view import ClusterView
from minikafka.errors import ErrorCode, Rejected
from minikafka.types import NO_EPOCH, BrokerEpoch, BrokerId, Offset
from minikafka.wire.message import Message
from minikafka.wire.records.cluster_metadata import BrokerEndpoint, BrokerFeature, RegisterBrokerRecord


class Registration(NamedTuple):
    """What a broker says of itself.

    incarnation_id: 16 random bytes, new for each life. endpoints: by listener name. previous_broker_epoch:
    from the clean-shutdown file, -1 when there is none.
    """

    broker_id: BrokerId
    cluster_id: str
    incarnation_id: bytes
    endpoints: Mapping[str, Endpoint]
    rack: str | None
    log_dirs: tuple[bytes, ...]
    supported_features: Mapping[str, tuple[int, int]]
    previous_broker_epoch: BrokerEpoch = NO_EPOCH


def register(
    view: ClusterView, cluster_id: str, asked: Registration, next_offset: Offset, *, has_session: bool
) -> tuple[list[Message], BrokerEpoch]:
    """The records of the registration, its own first, and the broker epoch.

    next_offset: where the first record will go. has_session: the registered incarnation was heard of lately.
    Raises Rejected: another cluster [104], another live incarnation [101], no log directory [119], a
    finalized feature level it does not support [35].
    """
    existing = view.image.brokers.get(asked.broker_id)
    if asked.cluster_id != cluster_id:
        why = f"this is cluster {cluster_id}, not {asked.cluster_id}"
        raise Rejected(ErrorCode.INCONSISTENT_CLUSTER_ID, why)
    if _is_duplicate(existing, asked, has_session=has_session):
        why = f"broker {asked.broker_id} is registered, and was heard of lately"
        raise Rejected(ErrorCode.DUPLICATE_BROKER_REGISTRATION, why)
    if not asked.log_dirs or len(set(asked.log_dirs)) != len(asked.log_dirs):
        raise Rejected(ErrorCode.INVALID_REGISTRATION, "log directories are missing, or one is named twice")
    _check_features(view, asked)
    if existing is not None and existing.incarnation_id == asked.incarnation_id:
        return [_record(asked, existing.epoch, existing)], existing.epoch
    return [_record(asked, next_offset, None), *_cleanup(view, existing, asked)], next_offset


def _is_duplicate(existing: BrokerRegistration | None, asked: Registration, *, has_session: bool) -> bool:
    if existing is None or existing.incarnation_id == asked.incarnation_id:
        return False
    return has_session and not existing.in_controlled_shutdown


def _check_features(view: ClusterView, asked: Registration) -> None:
    for feature, level in view.image.features.items():
        low, high = asked.supported_features.get(feature, (0, 0))
        if not low <= level <= high:
            why = f"broker {asked.broker_id} supports {feature} {low} to {high}; {level} is finalized"
            raise Rejected(ErrorCode.UNSUPPORTED_VERSION, why)


def _cleanup(view: ClusterView, existing: BrokerRegistration | None, asked: Registration) -> list[Message]:
    """What the previous life still stood for."""
    if existing is None:
        return []
    if view.elr_enabled and existing.epoch != asked.previous_broker_epoch:
        return broker_returned_unclean(view, asked.broker_id)
    return broker_leaves(view, asked.broker_id)


def _record(
    asked: Registration, epoch: BrokerEpoch, amended: BrokerRegistration | None
) -> RegisterBrokerRecord:
    """A registration of the same incarnation amends what is known and keeps its state; a new one starts fenced."""
    return RegisterBrokerRecord(
        broker_id=asked.broker_id,
        incarnation_id=asked.incarnation_id,
        broker_epoch=epoch,
        end_points=[
            BrokerEndpoint(name=name, host=point.host, port=point.port)
            for name, point in asked.endpoints.items()
        ],
        features=[
            BrokerFeature(name=name, min_supported_version=low, max_supported_version=high)
            for name, (low, high) in sorted(asked.supported_features.items())
        ],
        rack=asked.rack,
        fenced=True if amended is None else amended.fenced,
        in_controlled_shutdown=False if amended is None else amended.in_controlled_shutdown,
        log_dirs=list(asked.log_dirs),
    )
