"""A cluster's data directory: one folder per node, the cluster's id, and a lock against a second user."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import shutil
import tempfile
import uuid
from pathlib import Path

from minikafka.errors import ConfigError
from minikafka.types import CONTROLLER_ID, BrokerId


class DataDirectory:
    """Locked from construction to `close`."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        """None: a temporary directory, removed by `close`. Raises ConfigError when it cannot be used."""
        self.is_temporary = path is None
        try:
            self.path = Path(tempfile.mkdtemp(prefix="minikafka-") if path is None else path).absolute()
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConfigError(f"cannot use data directory {path}: {error.strerror or error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise ConfigError(f"data directory {self.path} is in use by another minikafka") from None
        self.cluster_id = self._cluster_id()

    def of(self, node: BrokerId) -> str:
        """The folder of one node."""
        return str(self.path / ("controller" if node == CONTROLLER_ID else f"broker-{node}"))

    def directory_id(self, node: BrokerId) -> bytes:
        """16 bytes naming that folder, the same on every start (KIP-858)."""
        return hashlib.sha256(f"{self.cluster_id}/{node}".encode()).digest()[:16]

    def close(self) -> None:
        os.close(self._lock)
        if self.is_temporary:
            shutil.rmtree(self.path, ignore_errors=True)

    def _cluster_id(self) -> str:
        file = self.path / "cluster.id"
        if file.exists():
            return file.read_text().strip()
        # As Kafka prints its uuids: URL-safe base64 without padding.
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        fresh = file.with_suffix(".tmp")
        fresh.write_text(cluster_id + "\n")
        fresh.rename(file)
        return cluster_id
