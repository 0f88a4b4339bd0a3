"""What stands behind each fixture, from its start to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from minikafka import Cluster, ConfigError
from minikafka.pytest_plugin.attachment import Watched, watch
from minikafka.pytest_plugin.choices import chosen
from minikafka.pytest_plugin.external import External
from minikafka.pytest_plugin.healing import tidy
from minikafka.pytest_plugin.kafka import Kafka
from minikafka.pytest_plugin.names import Names
from minikafka.pytest_plugin.options import BOOTSTRAP
from minikafka.pytest_plugin.shape import Shape, session_shape, shape_of
from minikafka.pytest_plugin.stash import SERVER


@contextmanager
def server(request: pytest.FixtureRequest) -> Iterator[Cluster | External]:
    """For the session: a cluster, or the running Kafka the user named."""
    choices = chosen(request.config)
    if choices.bootstrap is not None:
        with External(choices.bootstrap) as running:
            yield running
        return
    with _cluster(session_shape(choices)) as cluster:
        request.config.stash[SERVER] = Watched(cluster, 0, request.getfixturevalue("tmp_path_factory"))
        try:
            yield cluster
        finally:
            del request.config.stash[SERVER]


@contextmanager
def external(config: pytest.Config) -> Iterator[External]:
    bootstrap = chosen(config).bootstrap
    if bootstrap is None:
        pytest.skip(f"needs a running Kafka: {BOOTSTRAP.flag} {BOOTSTRAP.metavar}, or {BOOTSTRAP.variable}")
    with External(bootstrap) as kafka:
        yield kafka


@contextmanager
def own_cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Started for one test and thrown away."""
    bootstrap = chosen(request.config).bootstrap
    if bootstrap is not None:
        pytest.skip(f"needs a cluster of its own, which the Kafka at {bootstrap} is not")
    shape = _shape(request)
    with _cluster(shape, shape.topics) as cluster:
        watch(request, cluster)
        yield cluster


@contextmanager
def for_test(request: pytest.FixtureRequest) -> Iterator[Kafka]:
    """What the `minikafka` fixture gives."""
    shape = _shape(request)
    names = Names(request.node.name)
    if shape.is_own and chosen(request.config).bootstrap is None:
        with _cluster(shape) as cluster:
            watch(request, cluster, names.suffix)
            yield Kafka(cluster, names).with_topics(shape.topics)
        return

    shared: Cluster | External = request.getfixturevalue("minikafka_server")
    if isinstance(shared, External):
        shared.check(shape)
    else:
        watch(request, shared, names.suffix)
    try:
        yield Kafka(shared, names).with_topics(shape.topics)
    finally:
        tidy(shared, names)


def _shape(request: pytest.FixtureRequest) -> Shape:
    """A mistaken marker ends the test with one line, not with how we came to see it."""
    try:
        return shape_of(request.node, chosen(request.config))
    except ConfigError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@contextmanager
def _cluster(shape: Shape, topics: tuple[str, ...] = ()) -> Iterator[Cluster]:
    """The same for settings and numbers that contradict themselves."""
    try:
        cluster = Cluster(**shape.arguments, topics=topics).start()
    except ConfigError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    with cluster:
        yield cluster
