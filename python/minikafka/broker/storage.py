"""The directory of this broker: partitions to open, checkpoints to keep, the clean-shutdown note (L10, D1-D4).

A disk that failed once is not trusted again (D7, style rule 9): whatever operation it was, whichever log it was under,
the whole directory goes *offline*, for the rest of this life. Its replicas then neither lead nor follow and answer
KAFKA_STORAGE_ERROR [56]; nothing is written any more, no clean-shutdown note either, so the next life recovers. The
broker itself lives on, so that it can say so and the controller can move what it led. (Kafka's ends itself when its
*last* directory fails, and there is one here.)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from minikafka.broker import checkpoints, storage_telling
from minikafka.errors import MinikafkaError
from minikafka.log.port import Disk
from minikafka.log.replica_log import ReplicaLog
from minikafka.partition.partition import Partition
from minikafka.partition.state import PartitionState
from minikafka.types import BrokerEpoch, Buffer, Now, TopicId, TopicPartition

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

METADATA_VERSION: Final = "1"
DELETED: Final = "-delete"
"""How the directory of a deleted replica ends, between its renaming and its removal."""
TAKEN: Final = ".taken"

STRAY: Final = "-stray"
"""How the directory of a replica ends that is no longer ours."""
PARTITION_DIRECTORY: Final = re.compile(r"(?P<topic>[a-zA-Z0-9._-]+)-(?P<partition>\d{1,10})")


class Gathered(NamedTuple):
    """Checkpoints as of one moment: content by path. A greater number is a later moment."""

    number: int
    files: dict[str, Buffer]


class Storage:
    """Files of one broker. Everything is below `directory` on `disk`."""

    def __init__(self, broker: Broker, disk: Disk, directory: str) -> None:
        self._broker = broker
        self.disk = disk
        self.directory = directory
        self.failure: str | None = None
        """Why the directory is offline; None while it is not."""
        self.when_offline: list[Callable[[Now], None]] = []
        """Told once, after every replica of the directory has let go of its role."""
        self._was_clean = False
        self._recovery_points: dict[TopicPartition, int] = {}
        self._high_watermarks: dict[TopicPartition, int] = {}
        self._log_start_offsets: dict[TopicPartition, int] = {}
        self._gathered = 0
        self._written: dict[str, int] = {}

    def path(self, name: str) -> str:
        return f"{self.directory}/{name}"

    def begin(self) -> BrokerEpoch:
        """Check whose directory this is, read the checkpoints, and take the clean-shutdown note away: from here on
        only another clean stop leaves one. Returns the previous life's broker epoch, -1 if it did not end cleanly.

        Raises MinikafkaError when the directory belongs to another broker or another cluster.
        """
        self.disk.make_directory(self.directory)
        self._check_owner()
        for name in self.disk.list_directory(self.directory):
            if name.endswith(DELETED):
                self._remove(self.path(name))
        note = self.path(checkpoints.CLEAN_SHUTDOWN)
        epoch = checkpoints.parse_clean_shutdown(self.disk.read_file(note))
        self._was_clean = epoch is not None
        if self._was_clean:
            # Durable before anything is written, which a renaming is and a removal is not: a power cut that brought the
            # note back would have torn files believed.
            self.disk.rename(note, f"{note}{TAKEN}")
            self.disk.remove_file(f"{note}{TAKEN}")
        self._recovery_points = self._read(checkpoints.RECOVERY_POINTS)
        self._high_watermarks = self._read(checkpoints.HIGH_WATERMARKS)
        self._log_start_offsets = self._read(checkpoints.LOG_START_OFFSETS)
        return -1 if epoch is None else epoch

    def _read(self, name: str) -> dict[TopicPartition, int]:
        return checkpoints.parse_offsets(self.disk.read_file(self.path(name)))

    def _check_owner(self) -> None:
        identity = self._broker.identity
        path = self.path(checkpoints.META_PROPERTIES)
        ours = {
            "version": METADATA_VERSION,
            "node.id": str(identity.broker_id),
            "cluster.id": identity.cluster_id,
            "directory.id": identity.directory_id.hex(),
        }
        found = checkpoints.parse_properties(self.disk.read_file(path))
        if not found:
            self.disk.write_file_atomically(path, checkpoints.format_properties(ours))
            return
        for name in ("node.id", "cluster.id"):
            if found.get(name) != ours[name]:
                raise MinikafkaError(
                    f"{self.directory} belongs to {name} {found.get(name)}, not to {ours[name]}: "
                    "point this broker at its own data directory"
                )

    # When it fails.

    @property
    def is_offline(self) -> bool:
        """D7: the disk failed in this life."""
        return self.failure is not None

    def disk_failed(self, why: str, now: Now) -> None:
        """D7: take the directory offline, with every replica in it. Again is no error."""
        if self.failure is None:
            self.failure = why
            if self._broker.trace.on:
                self._broker.trace.event("disk_failed", "D7", directory=self.directory, why=why)
            self._broker.replicas.directory_failed(why, now)
            for tell in self.when_offline:
                tell(now)

    # Partitions.

    def has_files(self, name: TopicPartition) -> bool:
        """Whether there is anything to open: otherwise a log of `name` is created."""
        return bool(self.disk.list_directory(self.path(str(name))))

    def opener(self, name: TopicPartition, state: PartitionState) -> Callable[[], ReplicaLog]:
        """Work that opens our replica's log, recovering it unless the last life ended cleanly (D2, D3). It touches
        nothing of the node. A log that the last clean stop did not know was not open then, so it is not believed."""
        recovery_point = self._recovery_points.get(name)
        return partial(
            ReplicaLog.open,
            self.disk,
            self.path(str(name)),
            topic_id=state.topic_id,
            settings=self._broker.topic_settings(name.topic),
            recovery_point=recovery_point or 0,
            log_start_offset=self._log_start_offsets.get(name, 0),
            clean=self._was_clean and recovery_point is not None,
        )

    def new_partition(self, name: TopicPartition, log: ReplicaLog, now: Now) -> Partition:
        """Our replica over its open log, in no role yet."""
        checkpointed = self._high_watermarks.get(name, 0)
        trace = self._broker.trace
        if trace.on:
            point = self._recovery_points.get(name)
            clean = self._was_clean and point is not None
            storage_telling.opened(trace, name, log, clean=clean, recovery_point=point)
        partition = Partition(
            name,
            self._broker.broker_id,
            log,
            self._broker.topic_settings(name.topic),
            durability=self._broker.durability,
            high_watermark=checkpointed,
            replica_lag_time_max_ms=self._broker.settings.replica_lag_time_max_ms,
            trace=trace,
            disk_failed=self._broker.replicas.changed,
        )
        if trace.on and (checkpointed or log.log_end_offset):
            storage_telling.high_watermark_restored(trace, name, checkpointed, partition.high_watermark)
        if trace.on and log.log_end_offset < checkpointed:
            storage_telling.committed_are_gone(trace, name, checkpointed, log.log_end_offset)
        return partition

    def delete_files(self, name: TopicPartition, topic_id: TopicId) -> None:
        """The topic, or our place among its replicas, is gone: so is the log's name, at once, and its files soon."""
        for kept in (self._recovery_points, self._high_watermarks, self._log_start_offsets):
            kept.pop(name, None)
        doomed = self.path(f"{name}.{topic_id.hex()}{DELETED}")
        self.disk.rename(self.path(str(name)), doomed, durable=False)
        self._remove(doomed)

    def _remove(self, doomed: str) -> None:
        def done(_result: object, error: str | None, now: Now) -> None:
            if error is not None:
                self.disk_failed(f"cannot remove {doomed}: {error}", now)

        self._broker.start_job(f"remove {doomed}", partial(self.disk.remove_tree, doomed), done)

    def set_strays_aside(self, assigned: Callable[[TopicPartition], bool]) -> None:
        """A life begins: logs of partitions that were deleted, or given to others, while we were away are renamed, not
        removed, as in Kafka. Nobody reads them; whoever deletes the directory has the last word (R17)."""
        for found in self.disk.list_directory(self.directory):
            name = partition_of(found)
            if name is None or assigned(name):
                continue
            for kept in (self._recovery_points, self._high_watermarks, self._log_start_offsets):
                kept.pop(name, None)
            self.disk.rename(self.path(found), self.path(f"{name}.{self._broker.new_uuid().hex()}{STRAY}"))

    # Checkpoints.

    def checkpoint_files(self, *, recovery_points: bool) -> Gathered:
        """The checkpoints as of now; entries of partitions not open (yet) are kept."""
        for partition in self._broker.replicas.all():
            name = partition.topic_partition
            self._high_watermarks[name] = partition.progress().high_watermark
            self._recovery_points[name] = partition.log.recovery_point
            self._log_start_offsets[name] = partition.log.log_start_offset
        files: dict[str, Buffer] = {
            self.path(checkpoints.HIGH_WATERMARKS): checkpoints.format_offsets(self._high_watermarks)
        }
        if recovery_points:
            files[self.path(checkpoints.RECOVERY_POINTS)] = checkpoints.format_offsets(self._recovery_points)
            files[self.path(checkpoints.LOG_START_OFFSETS)] = checkpoints.format_offsets(
                self._log_start_offsets
            )
        self._gathered += 1
        return Gathered(self._gathered, files)

    def write(self, gathered: Gathered) -> None:
        """Replace each file atomically, unless it is newer already: a truncation's does not wait for its turn (D2).
        Blocks on fsync: a job's work, but for a truncation and a clean stop."""
        for path, data in gathered.files.items():
            if self._written.get(path, 0) <= gathered.number:
                self._written[path] = gathered.number
                self.disk.write_file_atomically(path, data)

    def was_overtaken(self, gathered: Gathered) -> bool:
        """A newer checkpoint was begun meanwhile; which of the two came last is not known."""
        return any(self._written[path] > gathered.number for path in gathered.files)

    def end_cleanly(self) -> None:
        """D1, *stop*: flush and close every log, write the checkpoints, then the note that says so. A disk that failed,
        now or before, gets no note; nor do logs that were still being recovered, or never were because the stop came
        before the metadata log had named them."""
        partitions = self._broker.replicas.all()
        if self.is_offline:
            for partition in partitions:
                partition.close()
            return
        for partition in partitions:
            partition.log.close_cleanly()
        if not self._was_clean and not self._broker.logs_are_open:
            self.write(self.checkpoint_files(recovery_points=True))
            return
        if not self._was_clean:
            # A log that belongs to nobody was not recovered: whoever opens it next has to.
            open_now = {partition.topic_partition for partition in partitions}
            self._recovery_points = {
                name: at for name, at in self._recovery_points.items() if name in open_now
            }
        self.write(self.checkpoint_files(recovery_points=True))
        note = checkpoints.format_clean_shutdown(self._broker.broker_epoch)
        self.disk.write_file_atomically(self.path(checkpoints.CLEAN_SHUTDOWN), note)
        if self._broker.trace.on:
            storage_telling.ended(self._broker.trace, self._broker.broker_epoch)


def partition_of(directory: str) -> TopicPartition | None:
    """Whose log a directory of this name is; None when it is none's."""
    found = PARTITION_DIRECTORY.fullmatch(directory)
    return None if found is None else TopicPartition(found["topic"], int(found["partition"]))
