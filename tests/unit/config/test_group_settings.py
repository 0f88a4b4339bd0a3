"""A consumer group's own pace (G16)."""

from __future__ import annotations

from minikafka.config import BrokerSettings, GroupPace, pace_of


def test_g16_what_a_group_leaves_open_is_the_brokers() -> None:
    """Each setting by itself."""
    broker = BrokerSettings(group_consumer_assignment_interval_ms=7)
    assert pace_of({}, broker) == GroupPace(45_000, 5_000, 7)
    assert pace_of({"consumer.session.timeout.ms": "50000"}, broker) == GroupPace(50_000, 5_000, 7)


def test_g16_a_broker_takes_the_nearest_value_that_it_allows() -> None:
    """The bounds may be others than those under which the setting was made; the broker's own default has none."""
    broker = BrokerSettings(
        group_consumer_max_session_timeout_ms=48_000, group_consumer_session_timeout_ms=1_000
    )
    slow = {"consumer.session.timeout.ms": "50000", "consumer.heartbeat.interval.ms": "1"}
    assert pace_of(slow, broker) == GroupPace(48_000, 5_000, 1_000)
    assert pace_of({}, broker).session_timeout_ms == 1_000
