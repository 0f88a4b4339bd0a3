"""What the supervisor asks of the controller on its user's behalf: topics and features.

Over a socket like any admin client; nothing is done behind a node's back. Each returns once whoever serves clients
knows of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from minikafka.config import ConfigValue, config_text
from minikafka.errors import ConfigError, ErrorCode
from minikafka.runtime import rpc
from minikafka.runtime.control.views import ALL, HEALTH, NodeView, Question
from minikafka.runtime.spec import TopicSpec

if TYPE_CHECKING:
    from minikafka.runtime.supervisor import Supervisor

R = TypeVar("R")

CREATE_TOPICS_VERSION: Final = 7
DELETE_TOPICS_VERSION: Final = 6
UPDATE_FEATURES_VERSION: Final = 1
CONTROLLER_TIMEOUT_MS: Final = 30_000
"""For the controller to decide."""
TOLD_TIMEOUT_S: Final = 30.0
"""For brokers to hear of it."""


class Metadata:
    """Runs on the loop. Raises ConfigError when the controller refuses, MinikafkaError when it does not answer."""

    def __init__(self, supervisor: Supervisor, controller: tuple[str, int]) -> None:
        """`controller`: where it listens."""
        self._supervisor = supervisor
        self._controller = controller

    async def ensure_topic(
        self, name: str, partitions: int | None, replicas: int | None, configs: Mapping[str, ConfigValue]
    ) -> None:
        """Create it, or check that it has these numbers. Raises ConfigError."""
        topic = (await self._supervisor.look(Question(name))).partitions(name)
        if not topic:
            spec = TopicSpec(
                name, -1 if partitions is None else partitions, -1 if replicas is None else replicas
            )
            await self.create_topic(spec, [(key, config_text(value)) for key, value in configs.items()])
            return
        has = (len(topic), len(topic[0].replicas))
        if partitions not in (None, has[0]) or replicas not in (None, has[1]):
            raise ConfigError(f"topic {name!r} exists with {has[0]} partitions of {has[1]} replicas")
        await self._supervisor.until_led(name)

    async def create_topic(self, topic: TopicSpec, configs: Iterable[tuple[str, str]] = ()) -> None:
        """Create it; return when all its leaders lead and every running broker knows."""
        from minikafka.wire.messages import create_topics

        wanted = create_topics.CreatableTopic(
            name=topic.name,
            num_partitions=topic.partitions,
            replication_factor=topic.replication_factor,
            configs=[create_topics.CreatableTopicConfig(name=name, value=value) for name, value in configs],
        )
        request = create_topics.CreateTopicsRequest(topics=[wanted], timeout_ms=CONTROLLER_TIMEOUT_MS)
        response = await self._ask(request, CREATE_TOPICS_VERSION, create_topics.CreateTopicsResponse)
        (result,) = response.topics
        _check(f"topic {topic.name!r}", result.error_code, result.error_message)
        await self._supervisor.until_led(topic.name)

    async def delete_topics(self, names: Sequence[str]) -> None:
        """Delete them; return when no running broker knows them."""
        from minikafka.wire.messages import delete_topics

        wanted = [delete_topics.DeleteTopicState(name=name) for name in names]
        request = delete_topics.DeleteTopicsRequest(topics=wanted, timeout_ms=CONTROLLER_TIMEOUT_MS)
        response = await self._ask(request, DELETE_TOPICS_VERSION, delete_topics.DeleteTopicsResponse)
        for result in response.responses:
            _check(f"topic {result.name!r}", result.error_code, result.error_message)
        hears = self._supervisor.hears
        await self._supervisor.until(
            Question(topic=ALL),
            lambda view: not any(_knows(broker, names) for broker in view.brokers if hears(broker.node)),
            TOLD_TIMEOUT_S,
            lambda _: f"topics not gone: {', '.join(names)}",
        )

    async def set_feature(self, name: str, level: int) -> None:
        """Up or down, as `kafka-features.sh` does it; return when every running broker has it."""
        from minikafka.wire.messages import update_features

        upgrade, unsafe_downgrade = 1, 3
        has = (await self._supervisor.look(HEALTH)).feature(name)
        update = update_features.FeatureUpdateKey(
            feature=name,
            max_version_level=level,
            upgrade_type=upgrade if level >= has else unsafe_downgrade,
        )
        request = update_features.UpdateFeaturesRequest(
            feature_updates=[update], timeout_ms=CONTROLLER_TIMEOUT_MS
        )
        response = await self._ask(request, UPDATE_FEATURES_VERSION, update_features.UpdateFeaturesResponse)
        what = f"feature {name}={level}"
        _check(what, response.error_code, response.error_message)
        for result in response.results:
            _check(what, result.error_code, result.error_message)
        await self._supervisor.until(
            HEALTH,
            lambda view: all(
                broker.features.get(name, 0) == level for broker in view.brokers if broker.is_running
            ),
            TOLD_TIMEOUT_S,
            lambda _: f"feature {name} not at {level} everywhere",
        )

    async def _ask(self, request: rpc.RequestMessage, version: int, kind: type[R]) -> R:
        response = await rpc.call(*self._controller, request, version)
        assert isinstance(response, kind)
        return response


def _check(what: str, code: int, message: str | None) -> None:
    if code != ErrorCode.NONE:
        raise ConfigError(f"{what}: {ErrorCode(code).name}: {message or ''}")


def _knows(broker: NodeView, topics: Sequence[str]) -> bool:
    parts = (*(one.topic for one in broker.partitions), *(one.topic for one in broker.replicas))
    return not set(topics).isdisjoint(parts)
