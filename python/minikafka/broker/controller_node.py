"""The controller as a node of its own (id 1000): events in, effects out, like a broker (ADR 0006).

It has its own directory and its own listener, is in no bootstrap list, and holds nothing but the metadata log
and the controller over it. Killing a broker never touches it; when it is killed itself, brokers serve on with
the image they have, and it comes back from its log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from minikafka.broker.controller_handlers import HANDLERS, SERVED_BY_CONTROLLER
from minikafka.broker.interception import Interception
from minikafka.broker.metadata_fetches import MetadataFetches
from minikafka.broker.metadata_log import MetadataLog
from minikafka.broker.outbox import Outbox
from minikafka.broker.request import Request
from minikafka.broker.router import Router
from minikafka.broker.sessions import Sessions
from minikafka.broker.stimulus import tell_stimulus
from minikafka.broker.timers import Timers
from minikafka.config import CLUSTER_METADATA, BrokerSettings
from minikafka.controller.controller import Controller
from minikafka.controller.image import MetadataImage
from minikafka.controller.take_back import forgotten
from minikafka.coordinator.runtime import CoordinatorRuntime
from minikafka.coordinator.shard import Result
from minikafka.effects import (
    ConnectionLost,
    ConnectionOpened,
    Effect,
    Event,
    FaultsHealed,
    FlushCompleted,
    FlushFailed,
    Halt,
    RequestsReceived,
    StopRequested,
    TakenBack,
    TimerFired,
)
from minikafka.errors import ErrorCode, Rejected
from minikafka.faults.book import Rules
from minikafka.log.port import Disk
from minikafka.trace import NOBODY, Trace
from minikafka.types import CONTROLLER_ID, Now, Offset
from minikafka.wire.codec import decode_metadata_record

ONLY_PARTITION: Final = 0

T = TypeVar("T")

_TOLD_AS: Final = MappingProxyType(
    {
        ErrorCode.COORDINATOR_NOT_AVAILABLE: ErrorCode.REQUEST_TIMED_OUT,
        ErrorCode.COORDINATOR_LOAD_IN_PROGRESS: ErrorCode.NOT_CONTROLLER,
        ErrorCode.NOT_COORDINATOR: ErrorCode.NOT_CONTROLLER,
    }
)
"""What the runtime says of coordinators, in the words of a controller."""


class ControllerIdentity(NamedTuple):
    """Who this controller is. `features`: levels a new cluster starts with, where not the highest."""

    cluster_id: str
    features: Mapping[str, int] = MappingProxyType({})


class ControllerNode:
    """Composes the controller. See the module."""

    def __init__(
        self,
        identity: ControllerIdentity,
        settings: BrokerSettings,
        disk: Disk,
        directory: str,
        *,
        new_uuid: Callable[[], bytes],
        rules: Rules | None = None,
        trace: Trace | None = None,
    ) -> None:
        """`new_uuid`: 16 random bytes, for topic ids. `rules`: fault rules in force, shared with the test kit.
        `trace`: where events are told; its owner keeps it for the next life."""
        self.trace = NOBODY if trace is None else trace
        self.node_id = CONTROLLER_ID
        self.settings = settings
        self.outbox = Outbox(self.trace)
        self.timers = Timers(self.outbox)
        interception = Interception(CONTROLLER_ID, self.timers, self._topic_name, rules, self.trace)
        self.router = Router(self, HANDLERS, SERVED_BY_CONTROLLER, interception, self.trace)
        self._sessions = Sessions(self.outbox, interception, self.router.dispatch)
        self._log = MetadataLog(disk, directory, self.outbox)
        self._earlier: dict[Offset, MetadataImage] = {}
        self.metadata_from: Offset = 0
        """Where a broker that knows nothing may begin to read the log."""
        self.fetches = MetadataFetches(self._log, self.timers)
        self.controller = Controller(identity.cluster_id, settings, new_uuid, identity.features, self.trace)
        self._runtime = CoordinatorRuntime(
            CLUSTER_METADATA,
            lambda _: self.controller,
            self._log,
            self.timers,
            settings.offsets_commit_timeout_ms,
        )
        self._handle: dict[type[Any], Callable[[Any, Now], object]] = {
            RequestsReceived: lambda event, now: self._sessions.receive(event.connection, event.frames, now),
            TimerFired: lambda event, now: self.timers.fired(event.key, now),
            FlushCompleted: self._flushed,
            FlushFailed: self._flush_failed,
            ConnectionOpened: lambda event, _: self._sessions.opened(event),
            ConnectionLost: lambda event, _: self._sessions.lost(event),
            StopRequested: lambda *_: self._stop(),
            TakenBack: self._taken_back,
            FaultsHealed: lambda _, now: interception.healed(now),
        }

    @property
    def image(self) -> MetadataImage:
        """The cluster as decided so far."""
        return self.controller.image

    # The node's contract.

    def start(self, now: Now) -> list[Effect]:
        """Replay the log; what its last life appended but never flushed counts once it is on disk."""
        self.trace.begin(now)
        self._runtime.partition_count = 1
        self._runtime.begin_load(ONLY_PARTITION, 1, now)
        for chunk in self._log.load():
            self._runtime.load(ONLY_PARTITION, chunk)
        self._runtime.finish_load(ONLY_PARTITION, now)
        self._log.flush()
        return self.outbox.take()

    def turn(self, events: Iterable[Event], now: Now) -> list[Effect]:
        """Handle what is ready, then what that unblocked."""
        trace = self.trace
        trace.begin(now)
        for event in events:
            if trace.on:
                tell_stimulus(trace, event)
            self._handle[type(event)](event, now)
        trace.no_stimulus()
        while self._sessions.run_unblocked(now):
            pass
        return self.outbox.take()

    # What handlers use.

    def write(
        self,
        operation: Callable[[Controller, Now], Result[T]],
        answer: Callable[[T], object],
        refuse: Callable[[Rejected], object],
        request: Request[Any],
        now: Now,
    ) -> None:
        """Let the controller decide; reply with `answer(response)` once it is on disk, or with
        `refuse(why)`.
        """
        self._runtime.write(
            ONLY_PARTITION,
            operation,
            lambda response, _: request.reply(answer(response)),
            lambda refusal, _: request.reply(refuse(_told(refusal))),
            now,
        )

    def _topic_name(self, topic_id: bytes) -> str | None:
        return self.image.topic_name(topic_id)

    # What a test does.

    def _taken_back(self, event: TakenBack, now: Now) -> None:
        """Decide the metadata of an earlier moment anew."""
        then = self._earlier.get(event.offset)
        if then is None:
            then = self._earlier[event.offset] = self._image_at(event.offset)
        if self.trace.on:
            # The ledger begins anew with this (ledger.py): what was acknowledged since is gone on purpose.
            self.trace.event(
                "lifecycle", "", what="taken back", metadata_offset=event.offset, brokers=event.brokers
            )
        self.metadata_from = self.image.offset + 1 + len(forgotten(self.image))
        self._runtime.write(
            ONLY_PARTITION,
            lambda controller, _: controller.take_back(then, event.brokers),
            lambda *_: None,
            lambda refusal, _: self.outbox.put(Halt(f"cannot be taken back: {refusal}", clean=False)),
            now,
        )

    def _image_at(self, offset: Offset) -> MetadataImage:
        """What the log said when it ended with the record at `offset`."""
        records = [
            decode_metadata_record(logged.record.value)
            for chunk in self._log.load()
            for logged in chunk
            if logged.offset <= offset and logged.record.value is not None
        ]
        return MetadataImage().apply(records, offset)

    # The disk answers.

    def _flushed(self, event: FlushCompleted, now: Now) -> None:
        self._log.flushed(event.recovery_point)
        self._runtime.on_high_watermark(ONLY_PARTITION, self._log.high_watermark(), now)
        self.fetches.log_grew()

    def _flush_failed(self, event: FlushFailed, now: Now) -> None:
        """Without its log there is no controller (style rule 9)."""
        self.outbox.put(Halt(f"the metadata log cannot be flushed: {event.why}", clean=False))

    def _stop(self) -> None:
        self._log.close_cleanly()
        self.outbox.put(Halt("stopped", clean=True))


def _told(refusal: Rejected) -> Rejected:
    return Rejected(_TOLD_AS.get(refusal.code, refusal.code), refusal.why)
