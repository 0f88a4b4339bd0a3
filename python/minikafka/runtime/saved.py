"""The files of one node, set aside and put back.

Most of them are never written again: checkpoints and snapshots are replaced by renaming, a segment that is not the last
one is complete. Those get a second name, a hard link, which costs microseconds whatever their size. The last segment of
each log and its indexes are appended to in place, so they are copied. A closed segment is written again when its log is
truncated into it; the log then first makes the file its own (`File::own`, rust/src/fs), so what was set aside stays as
it was.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import Final

APPENDED: Final = ("log", "index", "timeindex", "txnindex")
"""Files that grow where they are."""
NOT_KEPT: Final = (".unsynced", ".tmp", ".owned", "-delete")
"""Names under which nothing stands that a next life would read."""
SMALL_BYTES: Final = 1 << 16


def copy_node(source: str, target: str) -> None:
    """Let `target`, which does not exist, hold what `source` does. Files that vanish meanwhile were on the way out."""
    os.mkdir(target)  # noqa: PTH102 - one file costs ten microseconds here, a Path doubles that
    for entry in _entries(source):
        if entry.is_dir():
            _copy_log(entry.path, f"{target}/{entry.name}")
        else:
            _link(entry.path, f"{target}/{entry.name}")


def _copy_log(source: str, target: str) -> None:
    os.mkdir(target)  # noqa: PTH102 - as above
    entries = _entries(source)
    last = max((entry.name for entry in entries if entry.name.endswith(".log")), default="")[: -len(".log")]
    grows = {f"{last}.{suffix}" for suffix in APPENDED}
    for entry in entries:
        (_copy if entry.name in grows else _link)(entry.path, f"{target}/{entry.name}")


def _entries(directory: str) -> list[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        return [entry for entry in entries if not entry.name.endswith(NOT_KEPT)]
    return []


def _link(source: str, target: str) -> None:
    with suppress(FileNotFoundError):
        os.link(source, target)


def _copy(source: str, target: str) -> None:
    with suppress(FileNotFoundError):
        reading = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = os.read(reading, SMALL_BYTES)
        finally:
            os.close(reading)
        if len(content) == SMALL_BYTES:
            shutil.copyfile(source, target)
            return
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            os.write(writing, content)
        finally:
            os.close(writing)
