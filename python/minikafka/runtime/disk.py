"""The disk as one life of a node sees it: the same files, and the logs it opened, so that they can be let go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikafka.log.port import Log, LogConfig
from minikafka.types import Buffer, Offset

if TYPE_CHECKING:
    from minikafka._core import Disk as CoreDisk


class LifeDisk:
    """Satisfies `minikafka.log.port.Disk`."""

    def __init__(self, disk: CoreDisk) -> None:
        self._disk = disk
        self._logs: list[Log] = []

    def open_log(
        self,
        directory: str,
        *,
        config: LogConfig,
        recovery_point: Offset,
        log_start_offset: Offset,
        clean: bool,
    ) -> Log:
        log = self._disk.open_log(
            directory,
            config=config,
            recovery_point=recovery_point,
            log_start_offset=log_start_offset,
            clean=clean,
        )
        self._logs.append(log)
        return log

    def read_file(self, path: str) -> bytes | None:
        return self._disk.read_file(path)

    def write_file_atomically(self, path: str, data: Buffer) -> None:
        self._disk.write_file_atomically(path, data)

    def write_file(self, path: str, data: Buffer) -> None:
        self._disk.write_file(path, data)

    def remove_file(self, path: str) -> bool:
        return self._disk.remove_file(path)

    def list_directory(self, path: str) -> list[str]:
        return self._disk.list_directory(path)

    def make_directory(self, path: str) -> None:
        self._disk.make_directory(path)

    def rename(self, source: str, target: str, *, durable: bool = True) -> None:
        self._disk.rename(source, target, durable=durable)

    def remove_tree(self, path: str) -> None:
        self._disk.remove_tree(path)

    def close_logs(self) -> None:
        """What the system does with the files of a dead process: close, flush nothing. Idempotent."""
        logs, self._logs = self._logs, []
        for log in logs:
            log.close()
