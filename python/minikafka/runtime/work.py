"""What a life has asked for that is under way elsewhere: fsyncs (`flushing.py`), and jobs on worker threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from minikafka.broker.broker import CHECKPOINT
from minikafka.effects import JobDone, StartJob

if TYPE_CHECKING:
    import asyncio

    from minikafka.runtime.driver import Driver


class Work:
    """Counted until it is done, in a life that is over too: its files are touched until then."""

    def __init__(
        self, driver: Driver, deliver: Callable[[JobDone], None], broke: Callable[[BaseException], None]
    ) -> None:
        """`broke`: a job failed of something that is not the disk's doing."""
        self._driver = driver
        self._deliver = deliver
        self._broke = broke
        self._waiting: list[asyncio.Future[None]] = []
        self.under_way = 0
        self._checkpoints = 0

    @property
    def is_awaited(self) -> bool:
        """Something is under way that somebody waits for: any but a checkpoint."""
        return self.under_way > self._checkpoints

    async def rest(self) -> None:
        """Wait until nothing is under way."""
        while self.under_way:
            waiter = self._driver.loop.create_future()
            self._waiting.append(waiter)
            await waiter

    def begin(self) -> None:
        self.under_way += 1

    def end(self) -> None:
        """Of one that began."""
        self.under_way -= 1
        if self.under_way == 0:
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)

    def start_job(self, effect: StartJob) -> None:
        """Run it on a worker thread; its result is delivered as an event."""
        is_checkpoint = effect.name.startswith(CHECKPOINT)
        self.begin()
        self._checkpoints += is_checkpoint
        self._driver.run_job(
            effect.work, lambda future: self._job_done(effect.job, future, is_checkpoint=is_checkpoint)
        )

    def _job_done(self, job: int, future: Future[object], *, is_checkpoint: bool) -> None:
        self._checkpoints -= is_checkpoint
        self.end()
        error = future.exception()
        if error is None:
            self._deliver(JobDone(job, future.result(), None))
        elif isinstance(error, OSError):
            self._deliver(JobDone(job, None, f"{type(error).__name__}: {error}"))
        else:
            # The disk may fail; anything else is a broken invariant, on a thread or not.
            self._broke(error)
