"""Producer ids: unique in the cluster for ever, handed out from blocks (I11).

The controller gives each broker blocks of 1000, so an id costs no call; what is left of a block when a broker
stops is lost, which is why ids jump. The next block is asked for when 90 % of this one is gone, so that
nobody waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from minikafka.errors import ErrorCode, Rejected
from minikafka.transaction.telling import Telling
from minikafka.types import Now, ProducerId

PREFETCH_AT: Final = 0.9
RETRY_BACKOFF_MS: Final = 50


class ProducerIdBlock(NamedTuple):
    """Ids first .. first + length - 1."""

    first: ProducerId
    length: int


class BlockSource(Protocol):
    """AllocateProducerIds, asked of the controller by the node."""

    def allocate(
        self, granted: Callable[[ProducerIdBlock, Now], None], failed: Callable[[str, Now], None], now: Now
    ) -> None:
        """Exactly one of the two runs, later or at once."""

    def retry_later(self, run: Callable[[Now], None], deadline_ms: int) -> None:
        """Run `run` when broker time reaches `deadline_ms` (monotonic)."""


class ProducerIds:
    """Ids of this broker: the block in use, and the one fetched ahead.

    next_id, end_id: what is left of the block in use; end exclusive.
    """

    def __init__(self, source: BlockSource, telling: Telling | None = None) -> None:
        self._telling = telling or Telling()
        self._source = source
        self._next_id: ProducerId = 0
        self._end_id: ProducerId = 0
        self._prefetch_at: ProducerId = 0
        self._following: ProducerIdBlock | None = None
        self._is_asking = False
        self._waiting: list[Callable[[Now], None]] = []

    def take(self, now: Now) -> ProducerId:
        """A fresh id. Raises Rejected [14] when there is none at hand (older clients take other errors for
        fatal).
        """
        if self._next_id == self._end_id:
            self._use_following()
        if self._next_id == self._end_id:
            self._ask(now)
            raise Rejected(
                ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, "waiting for a block of producer ids", rule="I11"
            )
        taken = self._next_id
        self._next_id += 1
        if self._telling.trace.on:
            self._telling.producer_id_taken(taken)
        if taken >= self._prefetch_at and self._following is None:
            self._ask(now)
        return taken

    def when_ready(self, run: Callable[[Now], None], now: Now) -> None:
        """Run `run` once an id is at hand: now, if there is one. A starting broker has none yet."""
        if self._next_id < self._end_id or self._following is not None:
            run(now)
        else:
            self._waiting.append(run)
            self._ask(now)

    def _use_following(self) -> None:
        block, self._following = self._following, None
        if block is not None:
            self._next_id, self._end_id = block.first, block.first + block.length
            self._prefetch_at = block.first + int(block.length * PREFETCH_AT)

    def _ask(self, now: Now) -> None:
        if not self._is_asking:
            self._is_asking = True
            self._source.allocate(self._granted, self._failed, now)

    def _granted(self, block: ProducerIdBlock, now: Now) -> None:
        assert block.length > 0, "a block holds ids"
        assert block.first >= self._end_id, "blocks only go up"
        self._is_asking = False
        if self._telling.trace.on:
            self._telling.producer_id_block(block.first, block.length)
        self._following = block
        waiting, self._waiting = self._waiting, []
        for run in waiting:
            run(now)

    def _failed(self, _: str, now: Now) -> None:
        """Ask again soon, but only for someone: a prefetch is asked again by the next `take`."""
        self._is_asking = False
        if self._waiting:
            self._source.retry_later(self._ask, now.monotonic_ms + RETRY_BACKOFF_MS)
