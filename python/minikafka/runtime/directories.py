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
from typing import Final

from minikafka.errors import ConfigError
from minikafka.types import CONTROLLER_ID, BrokerId

_LOCK_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC


class DataDirectory:
    """Locked from construction to `close`: for a whole cluster, or for one node of one beside others."""

    def __init__(self, path: str | os.PathLike[str] | None = None, node: BrokerId | None = None) -> None:
        """`path` None: a temporary directory, removed by `close`. `node`: the only one that will use it from here.

        Raises ConfigError when it cannot be used.
        """
        self.is_temporary = path is None
        self.is_new = False
        try:
            self.path = Path(tempfile.mkdtemp(prefix="minikafka-") if path is None else path).absolute()
            self.path.mkdir(parents=True, exist_ok=True)
            self._locks = [os.open(self.path / ".lock", _LOCK_FILE, 0o644)]
            if node is not None:
                self._locks.append(
                    os.open(self.path / f".{Path(self.of(node)).name}.lock", _LOCK_FILE, 0o644)
                )
        except OSError as error:
            raise ConfigError(f"cannot use data directory {path}: {error.strerror or error}") from error
        try:
            # One node shares the directory with others, and has its own folder to itself.
            fcntl.flock(self._locks[0], (fcntl.LOCK_EX if node is None else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            fcntl.flock(self._locks[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._unlock()
            raise ConfigError(f"data directory {self.path} is in use by another minikafka") from None
        self.is_new = self.known_cluster_id is None
        """It was nobody's when it was opened."""

    @property
    def known_cluster_id(self) -> str | None:
        """The cluster whose directory this is; None while it is nobody's."""
        try:
            return self._cluster_id_file.read_text().strip()
        except FileNotFoundError:
            return None

    @property
    def cluster_id(self) -> str:
        """The same; a directory that is nobody's becomes that of a new cluster."""
        known = self.known_cluster_id
        # As Kafka prints its uuids: URL-safe base64 without padding.
        return known or self.join(base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode())

    def join(self, cluster_id: str) -> str:
        """Become the directory of this cluster; returns its id. Raises ConfigError when it is another's already."""
        known = self.known_cluster_id
        if known not in (None, cluster_id):
            raise ConfigError(f"data directory {self.path} belongs to cluster {known}, not to {cluster_id}")
        fresh = self._cluster_id_file.with_suffix(f".{os.getpid()}.tmp")
        fresh.write_text(cluster_id + "\n")
        fresh.rename(self._cluster_id_file)
        return cluster_id

    def of(self, node: BrokerId) -> str:
        """The folder of one node."""
        return str(self.path / ("controller" if node == CONTROLLER_ID else f"broker-{node}"))

    def directory_id(self, node: BrokerId, cluster_id: str) -> bytes:
        """16 bytes naming that folder, the same on every start (KIP-858)."""
        return hashlib.sha256(f"{cluster_id}/{node}".encode()).digest()[:16]

    def close(self) -> None:
        self._unlock()
        if self.is_temporary:
            shutil.rmtree(self.path, ignore_errors=True)

    @property
    def _cluster_id_file(self) -> Path:
        return self.path / "cluster.id"

    def _unlock(self) -> None:
        for lock in self._locks:
            os.close(lock)
