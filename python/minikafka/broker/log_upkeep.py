"""What a broker does to its logs because time passes: old segments go (L13), `flush.ms` is looked at (L15).

The flush sweep runs only if `log.flush.scheduler.interval.ms` is set: its default is never, and `flush.ms` then has no
effect, as in Kafka. A replica of any role is swept; each goes by its own high watermark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.config.setting import LONG_MAX
from minikafka.types import Now

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


class LogUpkeep:
    """The sweeps over all replicas of one broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def start(self, now: Now) -> None:
        """Sweep from now on, each kind at its own interval."""
        self._delete_segments(now)
        if self._broker.settings.log_flush_scheduler_interval_ms < LONG_MAX:
            self._look_at_flush_ms(now)

    def _delete_segments(self, now: Now) -> None:
        interval_ms = self._broker.settings.log_retention_check_interval_ms
        self._broker.timers.set(("log", "retention"), now.monotonic_ms + interval_ms, self._delete_segments)
        for partition in self._broker.replicas.all():
            if self._broker.cleaner.is_cleaning(partition.topic_partition):
                continue  # deleting its segments would give the round up (L16)
            if partition.enforce_retention(now):
                self._broker.replicas.changed(partition)

    def _look_at_flush_ms(self, now: Now) -> None:
        interval_ms = self._broker.settings.log_flush_scheduler_interval_ms
        self._broker.timers.set(("log", "flush"), now.monotonic_ms + interval_ms, self._look_at_flush_ms)
        for partition in self._broker.replicas.all():
            partition.look_at_flush_ms(now)
            if partition.wants_flush:
                self._broker.replicas.changed(partition)
