"""The files of one node, set aside and put back.

Most of them are never written again: checkpoints and snapshots are replaced by renaming, a segment that is not the last
one is complete. Those get a second name, a hard link, which costs microseconds whatever their size. The last segment of
each log and its indexes are appended to in place, so they are copied; but for the indexes that the next life builds
anew, because the node did not end cleanly (D2): those are left out, for creating files is what takes time here. A
closed segment is written again when its log is truncated into it; the log then first makes the file its own
(`File::own`, rust/src/fs), so what was set aside stays as it was.

Directories take longer still, and on a disk where others write, removing one waits for them: the logs' own stay.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from minikafka.broker.checkpoints import CLEAN_SHUTDOWN

APPENDED: Final = ("log", "index", "timeindex", "txnindex")
"""Files that grow where they are."""
REBUILT: Final = ("index", "timeindex")
"""Those of them that recovery throws away and writes anew."""
NOT_KEPT: Final = (".unsynced", ".tmp", ".owned", "-delete")
"""Names under which nothing stands that a next life would read."""
ASIDE: Final = ".old"
"""How the directory of a node ends for the moment in which it is not where it is looked for."""
SMALL_BYTES: Final = 1 << 16


def replace_node(
    directory: str, saved: str | None, logs: Collection[str], forget: Callable[[str], None]
) -> None:
    """Let `directory` hold what `saved` does, or nothing but empty directories for `logs`. `forget` is called while it
    is not there: the disk's memory of its files, of which none is left."""
    aside = directory + ASIDE
    shutil.rmtree(aside, ignore_errors=True)  # of a process that died in the middle of this
    with suppress(FileNotFoundError):
        os.rename(directory, aside)  # noqa: PTH104 - as below
    forget(directory)
    with suppress(FileNotFoundError):
        os.rename(aside, directory)  # noqa: PTH104
    kept = logs if saved is None else log_directories(saved)
    _clear(directory, kept)
    if saved is not None:
        copy_node(saved, directory)


def log_directories(directory: str) -> list[str]:
    """Their names, in the directory of a node."""
    return [entry.name for entry in _entries(directory) if entry.is_dir()]


def _clear(directory: str, kept: Collection[str]) -> None:
    """Remove every file in it and in the directories that are kept, and the others with all they hold."""
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)  # noqa: PTH108
            elif entry.name in kept:
                _clear(entry.path, ())
            else:
                shutil.rmtree(entry.path)


def copy_node(source: str, target: str) -> None:
    """Let `target`, which holds no files, hold what `source` does. Files that vanish meanwhile were on the way out."""
    _make(target)
    entries = _entries(source)
    is_clean = any(entry.name == CLEAN_SHUTDOWN for entry in entries)
    for entry in entries:
        if entry.is_dir():
            _copy_log(entry.path, f"{target}/{entry.name}", is_clean=is_clean)
        else:
            _link(entry.path, f"{target}/{entry.name}")


def _copy_log(source: str, target: str, *, is_clean: bool) -> None:
    _make(target)
    entries = _entries(source)
    last = max((entry.name for entry in entries if entry.name.endswith(".log")), default="")[: -len(".log")]
    grows = {f"{last}.{suffix}" for suffix in APPENDED}
    rebuilt = () if is_clean else {f"{last}.{suffix}" for suffix in REBUILT}
    for entry in entries:
        if entry.name not in rebuilt:
            (_copy if entry.name in grows else _link)(entry.path, f"{target}/{entry.name}")


def _make(directory: str) -> None:
    with suppress(FileExistsError):
        os.mkdir(directory)  # noqa: PTH102 - one file costs ten microseconds here, a Path doubles that


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
