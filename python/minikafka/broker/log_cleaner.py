"""Which compacted log is cleaned next, and the cleaning beside everything else (L16, L10, D6).

Every `log.cleaner.backoff.ms` the dirtiest log that is worth it is picked (`partition/compaction.py`) and a round over
it begins (`partition/cleaning.py`): a job off the loop, so produces and fetches go on. Only putting the new segments in
place is done on the loop. As long as there is something to clean the next round follows at once, at most
`log.cleaner.threads` at a time.

A truncation, retention or the end of the replica gives a round under way up: what it read is not the log any more. A
log whose batches cannot be read is left alone until the broker starts again; a disk that fails takes the replica
offline (D7).

`cleaner-offset-checkpoint` says up to where each log is clean. Losing it costs a round from the start.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from minikafka.broker import checkpoints
from minikafka.log.batch import BatchError
from minikafka.log.port import Cleaning
from minikafka.partition.cleaning import CannotClean, Cleaned, Round, clean, round_of
from minikafka.partition.compaction import Cleanable, cleanable
from minikafka.partition.partition import Partition
from minikafka.types import Now, Offset, TopicPartition

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker


class LogCleaner:
    """Cleanings of one broker, at most one per log name."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._under_way: set[TopicPartition] = set()
        self._uncleanable: set[Partition] = set()
        self._checkpointed: dict[TopicPartition, Offset] = {}
        self._written: bytes = b""
        self._writing = False

    def start(self, now: Now) -> None:
        """Read the checkpoint, and look for work from now on."""
        storage = self._broker.storage
        self._written = storage.disk.read_file(self._path) or b""
        self._checkpointed = checkpoints.parse_offsets(self._written or None)
        self._look(now)

    def is_cleaning(self, name: TopicPartition) -> bool:
        """Whether a round over it is under way; retention then waits for its next sweep."""
        return name in self._under_way

    @property
    def _path(self) -> str:
        return self._broker.storage.path(checkpoints.CLEANED_OFFSETS)

    def _look(self, now: Now) -> None:
        # At least 1: a timer that is due again at once would never let the turn end.
        backoff_ms = max(1, self._broker.settings.log_cleaner_backoff_ms)
        self._broker.timers.set(("log", "clean"), now.monotonic_ms + backoff_ms, self._look)
        self._uncleanable.intersection_update(self._broker.replicas.all())
        self._begin_rounds(now)
        self._write_checkpoint()

    # Picking.

    def _begin_rounds(self, now: Now) -> None:
        settings = self._broker.settings
        while settings.log_cleaner_enable and len(self._under_way) < settings.log_cleaner_threads:
            found = self._dirtiest(now)
            if found is None:
                return
            self._begin(*found, now)

    def _dirtiest(self, now: Now) -> tuple[Partition, Cleanable] | None:
        due = []
        for partition in self._broker.replicas.all():
            what = self._look_at(partition, now)
            if what is not None and what.is_due(partition.settings):
                due.append((partition, what))
        return max(due, key=lambda found: found[1].dirty_ratio, default=None)

    def _look_at(self, partition: Partition, now: Now) -> Cleanable | None:
        if (
            not partition.settings.is_compacted
            or partition.offline is not None
            or partition in self._uncleanable
            or partition.topic_partition in self._under_way
        ):
            return None
        log = partition.log
        return cleanable(
            log.port.segments(),
            partition.settings,
            cleaned_offset=self._cleaned_offset(partition),
            log_start_offset=log.log_start_offset,
            last_stable_offset=partition.last_stable_offset,
            now_ms=now.wall_ms,
        )

    def _cleaned_offset(self, partition: Partition) -> Offset:
        log = partition.log
        if log.cleaned_offset is None:
            log.cleaned_offset = self._checkpointed.get(partition.topic_partition, log.log_start_offset)
        return log.cleaned_offset

    # A round.

    def _begin(self, partition: Partition, what: Cleanable, now: Now) -> None:
        settings = self._broker.settings
        share = settings.log_cleaner_dedupe_buffer_size // max(1, settings.log_cleaner_threads)
        name = partition.topic_partition
        try:
            cleaning = partition.log.port.begin_cleaning(
                what.first_uncleanable_offset,
                buffer_bytes=int(share * settings.log_cleaner_io_buffer_load_factor),
            )
        except OSError as error:
            self._broker.replicas.flush_failed(name, str(error), now)
            return
        plan = round_of(partition.log, what, partition.settings, now.wall_ms)
        self._under_way.add(name)
        self._broker.start_job(
            f"clean {name}", partial(_run, cleaning, plan), partial(self._done, partition, cleaning)
        )

    def _done(
        self, partition: Partition, cleaning: Cleaning, result: object, error: str | None, now: Now
    ) -> None:
        name = partition.topic_partition
        self._under_way.discard(name)
        if self._broker.replicas.get(name) is partition and partition.offline is None:
            try:
                self._finish(partition, cleaning, result, error, now)
            except OSError as failed:
                self._broker.replicas.flush_failed(name, str(failed), now)
        self._begin_rounds(now)
        self._write_checkpoint()

    def _finish(
        self, partition: Partition, cleaning: Cleaning, result: object, error: str | None, now: Now
    ) -> None:
        name, trace = partition.topic_partition, self._broker.trace
        bytes_before = partition.log.port.size_bytes
        if isinstance(result, Cleaned) and partition.log.finish_cleaning(
            cleaning,
            end_offset=result.end_offset,
            rewritten_offset=result.rewritten_offset,
            aborted=result.aborted,
        ):
            self._broker.replicas.changed(partition)
            if trace.on:
                trace.event(
                    "clean",
                    "L16",
                    name,
                    outcome="cleaned",
                    end_offset=result.end_offset,
                    bytes_before=bytes_before,
                    bytes_after=partition.log.port.size_bytes,
                )
            return
        if error is not None:
            # Raises, with the log offline from then on, unless the error came of being given up.
            cleaning.swap_in()
        outcome = "given up"
        if not cleaning.is_given_up:
            outcome = "uncleanable"
            self._uncleanable.add(partition)
        cleaning.discard()
        if trace.on:
            why = result if isinstance(result, str) else error
            trace.event("clean", "L16", name, outcome=outcome, why=why)

    # The checkpoint.

    def _write_checkpoint(self) -> None:
        """Unless nothing changed, or a write is under way: whoever ends that one looks again."""
        if self._writing:
            return
        for partition in self._broker.replicas.all():
            if partition.log.cleaned_offset is not None and partition.settings.is_compacted:
                self._checkpointed[partition.topic_partition] = partition.log.cleaned_offset
        for name in [name for name in self._checkpointed if self._is_gone(name)]:
            del self._checkpointed[name]
        content = checkpoints.format_offsets(self._checkpointed)
        if content == self._written or not (self._checkpointed or self._written):
            return
        disk, path = self._broker.storage.disk, self._path
        self._writing = True

        def done(result: object, error: str | None, now: Now) -> None:
            self._writing = False
            if error is None:
                self._written = content
                if self._broker.trace.on:
                    self._broker.trace.event("checkpoint", "L10", file=checkpoints.CLEANED_OFFSETS)
                self._write_checkpoint()

        self._broker.start_job("checkpoint cleaned", lambda: disk.write_file_atomically(path, content), done)

    def _is_gone(self, name: TopicPartition) -> bool:
        """Not ours, or not any more. One that is ours and not open yet keeps its entry."""
        state = self._broker.image.partition(name)
        is_ours = state is not None and self._broker.broker_id in state.replicas
        return self._broker.is_running and not is_ours


def _run(cleaning: Cleaning, plan: Round) -> Cleaned | str:
    """The job; what is wrong with the data is a result, what is wrong with the disk an error."""
    try:
        return clean(cleaning, plan)
    except (BatchError, CannotClean) as error:
        return str(error)
