"""Which file is what, by its name, in a log directory of ours or of Apache Kafka's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from minikafka.broker.checkpoints import CLEAN_SHUTDOWN, META_PROPERTIES
from minikafka.cli.dumping import indexes, segment, small_files
from minikafka.cli.dumping.lines import Decoder
from minikafka.errors import ConfigError
from minikafka.log import leader_epochs
from minikafka.log.replica_log import PARTITION_METADATA

BY_NAME: Final[dict[str, Decoder]] = {
    leader_epochs.FILE_NAME: small_files.leader_epochs,
    PARTITION_METADATA: small_files.properties,
    META_PROPERTIES: small_files.properties,
    CLEAN_SHUTDOWN: small_files.json_note,
    "quorum-state": small_files.json_note,
}
BY_ENDING: Final[dict[str, Decoder]] = {
    ".log": segment.decode,
    ".checkpoint": segment.decode,
    ".index": indexes.offset_index,
    ".timeindex": indexes.time_index,
    ".txnindex": indexes.transaction_index,
    ".snapshot": small_files.producers,
    "-offset-checkpoint": small_files.offsets,
}
PASSING: Final = (".deleted", ".cleaned", ".swap", ".tmp")
"""What Kafka appends to files on their way in or out."""


def decoder_of(path: Path) -> Decoder | None:
    """None: no file of a log directory."""
    name = path.name
    for ending in PASSING:
        name = name.removesuffix(ending)
    if name in BY_NAME:
        return BY_NAME[name]
    return next((decoder for ending, decoder in BY_ENDING.items() if name.endswith(ending)), None)


def found(path: Path) -> Iterator[tuple[Path, Decoder]]:
    """The file, or all that are known below a directory, in order. Raises ConfigError for what is neither."""
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            decoder = decoder_of(each)
            if decoder is not None and each.is_file():
                yield each, decoder
        return
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    decoder = decoder_of(path)
    if decoder is None:
        raise ConfigError(
            f"{path.name} is no file of a log directory; those are {', '.join((*BY_ENDING, *BY_NAME))}"
        )
    yield path, decoder
