"""Answers waiting for the high watermark: the third step of a coordinator (decide, replay, *park*, tell).

State moves the moment a record is appended, but an appended record can still be lost with this broker. So whatever a
client might hear of it waits here until the record is below the high watermark. The queue is in log order, hence the
answers are too: whoever hears of a write may rely on every write before it.

An answer that waits too long is taken back: the client hears COORDINATOR_NOT_AVAILABLE [15] at its deadline and
retries. Its records stay, and what follows from them (`after`) still happens once they are committed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from minikafka.errors import ErrorCode, Rejected
from minikafka.types import Now, Offset

Reject = Callable[[Rejected, Now], None]


class Parked:
    """One answer, and what is to be done once `end_offset` (exclusive) is committed.

    answer: None when nobody is owed one, or when it was taken back at its deadline.
    """

    __slots__ = ("after", "answer", "deadline_ms", "end_offset", "reject")

    def __init__(
        self,
        end_offset: Offset,
        deadline_ms: int,
        answer: Callable[[Now], None] | None,
        reject: Reject,
        after: Sequence[Callable[[Now], None]] = (),
    ) -> None:
        self.end_offset = end_offset
        self.deadline_ms = deadline_ms
        self.answer = answer
        self.reject = reject
        self.after = after


class ParkedAnswers:
    """The answers of one coordinator partition, in log order."""

    __slots__ = ("_committing", "_queue")

    def __init__(self) -> None:
        self._queue: deque[Parked] = deque()
        self._committing = False

    def __len__(self) -> int:
        return len(self._queue)

    def park(self, parked: Parked) -> None:
        if self._queue:
            assert self._queue[-1].end_offset <= parked.end_offset, "answers are parked in log order"
        self._queue.append(parked)

    def commit(self, high_watermark: Callable[[], Offset], now: Now) -> None:
        """Answer everything below the high watermark. An answer may lead to another write here; that one joins the
        queue and is reached by this same loop, so order holds however deep the calls nest.
        """
        if self._committing:
            return
        self._committing = True
        try:
            while self._queue and self._queue[0].end_offset <= high_watermark():
                parked = self._queue.popleft()
                if parked.answer is not None:
                    parked.answer(now)
                for run in parked.after:
                    run(now)
        finally:
            self._committing = False

    def next_deadline_ms(self) -> int | None:
        """When the first answer still owed must be taken back (monotonic); None when nobody waits."""
        return next((parked.deadline_ms for parked in self._queue if parked.answer is not None), None)

    def expire(self, now: Now) -> int:
        """Take back what is due: [15]; returns how many. The entry stays for its `after`."""
        taken_back = 0
        for parked in list(self._queue):
            if parked.answer is not None and parked.deadline_ms <= now.monotonic_ms:
                parked.answer = None
                taken_back += 1
                why = "the coordinator's log did not replicate this in time"
                parked.reject(Rejected(ErrorCode.COORDINATOR_NOT_AVAILABLE, why), now)
        return taken_back

    def drop(self, refusal: Rejected, now: Now) -> None:
        """Leadership is lost: nobody here will ever know what became of these records."""
        queue, self._queue = self._queue, deque()
        for parked in queue:
            if parked.answer is not None:
                parked.reject(refusal, now)
