"""A consumer that reads once.

    consume orders from=0                      what a read_uncommitted consumer sees: up to the high watermark
    consume orders isolation=read_committed    up to the last stable offset, without aborted records (T10, T11)
    consume orders on=2                        from one replica

What it sees is told as the client would see it.
"""

from __future__ import annotations

from typing import Final

from minikafka.errors import ConfigError, ErrorCode
from minikafka.log.batch import read_records, split
from minikafka.story.command import Command, number
from minikafka.story.commands.looking import value_text
from minikafka.story.lines import client_line
from minikafka.story.session import Story
from minikafka.wire.messages import fetch

FETCH_VERSION: Final = 12
ISOLATIONS: Final = {"read_uncommitted": 0, "read_committed": 1}
MAX_BYTES: Final = 1 << 20


def consume(story: Story, command: Command) -> None:
    """One Fetch, answered at once with whatever is there, filtered as consumers do."""
    command.only("from", "isolation", "on")
    name = command.partition()
    isolation = command.options.get("isolation", "read_uncommitted")
    if isolation not in ISOLATIONS:
        raise ConfigError(f"isolation is read_uncommitted or read_committed, not {isolation!r}")
    offset = number(command.options.get("from", "0"), "an offset")
    on = command.options.get("on")
    broker = story.leader(name) if on is None else number(on, "a broker's number")
    wanted = fetch.FetchPartition(
        partition=name.partition, fetch_offset=offset, partition_max_bytes=MAX_BYTES
    )
    request = fetch.FetchRequest(
        max_bytes=MAX_BYTES,
        isolation_level=ISOLATIONS[isolation],
        topics=[fetch.FetchTopic(topic=name.topic, partitions=[wanted])],
    )
    response = story.answer_of(broker, "consumer", request, FETCH_VERSION)
    assert isinstance(response, fetch.FetchResponse)
    answer = response.responses[0].partitions[0]
    code = ErrorCode(answer.error_code)
    if code is not ErrorCode.NONE:
        story.tell(client_line("consumer", "read", name, code.name))
        return
    aborted = {each.producer_id: each.first_offset for each in answer.aborted_transactions or []}
    seen = visible(bytes(answer.records or b""), offset, aborted)
    bound = answer.last_stable_offset if isolation == "read_committed" else answer.high_watermark
    story.tell(client_line("consumer", "read", name, f"{' '.join(seen) or 'nothing'}, up to offset {bound}"))


def visible(data: bytes, offset: int, aborted: dict[int, int]) -> list[str]:
    """Values from `offset` on without those of aborted transactions: from the first offset told of a producer to its
    ABORT marker (T11)."""
    seen: list[str] = []
    for header, batch in split(data):
        is_aborted = header.is_transactional and header.base_offset >= aborted.get(
            header.producer_id, 1 << 62
        )
        if header.is_control:
            if header.control_type == 0:
                aborted.pop(header.producer_id, None)
        elif not is_aborted:
            seen += [value_text(record.value) for record in read_records(batch) if record.offset >= offset]
    return seen
