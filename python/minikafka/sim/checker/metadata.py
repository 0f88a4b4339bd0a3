"""Once the cluster is whole, everybody knows the same: each broker's image is the controller's, and each replica is
what the image says (R19 lets metadata lag, not differ for ever)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from minikafka.controller.image import MetadataImage
from minikafka.partition.partition import Partition
from minikafka.types import BrokerId, TopicPartition


def check(controller: MetadataImage, brokers: Mapping[BrokerId, MetadataImage]) -> list[str]:
    """Every difference from what the controller decided, in words."""
    violations = []
    for broker, image in sorted(brokers.items()):
        parts = (
            ("topics", image.topics, controller.topics),
            ("settings", image.configs, controller.configs),
            ("features", image.features, controller.features),
            ("brokers", image.brokers, controller.brokers),
        )
        violations += [
            f"metadata: broker {broker} knows other {what} than the controller"
            for what, its, decided in parts
            if its != decided
        ]
    return violations


def check_roles(
    image: MetadataImage,
    names: Sequence[TopicPartition],
    replicas: Mapping[tuple[BrokerId, TopicPartition], Partition],
) -> list[str]:
    """Whether each replica follows or leads as the image says, in its epoch; and who should be there, and is not."""
    violations = []
    for name in names:
        state = image.partition(name)
        if state is None:
            violations.append(f"metadata: {name} is gone")
            continue
        for broker in state.replicas:
            replica = replicas.get((broker, name))
            leads = broker == state.leader
            if replica is None:
                violations.append(f"metadata: {broker} does not hold {name}")
            elif replica.leader_epoch != state.leader_epoch or replica.is_leader is not leads:
                violations.append(
                    f"metadata: {broker} is in epoch {replica.leader_epoch} of {name}, leading: {replica.is_leader}; "
                    f"decided is epoch {state.leader_epoch}, leader {state.leader}"
                )
            elif leads and tuple(replica.isr) != tuple(sorted(state.isr)):
                violations.append(
                    f"metadata: {broker} counts {replica.isr} in sync in {name}, decided is {state.isr}"
                )
    return violations
