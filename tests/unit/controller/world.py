"""A controller node without a shell: every flush it asks for is done at once, timers fire when told."""

from __future__ import annotations

from typing import TypeVar

from minikafka._core import Disk
from minikafka.broker.controller_node import ControllerIdentity, ControllerNode
from minikafka.config import BrokerSettings, resolve
from minikafka.controller.features import SUPPORTED_FEATURES
from minikafka.effects import (
    CancelTimer,
    ConnectionOpened,
    Effect,
    Event,
    FlushCompleted,
    Halt,
    RequestFlush,
    RequestsReceived,
    Send,
    SetTimer,
    TimerFired,
    TimerKey,
)
from minikafka.types import Now
from minikafka.wire import codec
from minikafka.wire.message import Message
from minikafka.wire.messages.broker_heartbeat import BrokerHeartbeatRequest, BrokerHeartbeatResponse
from minikafka.wire.messages.broker_registration import (
    BrokerRegistrationRequest,
    BrokerRegistrationResponse,
    Feature,
    Listener,
)

CLUSTER_ID = "test-cluster"
DIRECTORY = "controller"
WALL_MS = 1_700_000_000_000
M = TypeVar("M", bound=Message)


class World:
    """One controller on a simulated disk. `auto_flush` off keeps flushes waiting in `flushes`."""

    def __init__(self, settings: BrokerSettings | None = None, **features: int) -> None:
        self.settings = resolve(profile="faithful").broker if settings is None else settings
        self.features = {name.replace("_", "."): level for name, level in features.items()}
        self.disk = Disk.simulated(1)
        self.now_ms = 1000
        self.topic_ids = 0
        self.connections = 0
        self.correlation = 0
        self.auto_flush = True
        self.boot()

    def boot(self) -> None:
        """A new node on the same disk: whatever it knows, it knows from its log."""
        self.flushes: list[RequestFlush] = []
        self.timers: dict[TimerKey, int] = {}
        self.halted: Halt | None = None
        self.inbox: dict[int, list[bytes]] = {}
        self.node = ControllerNode(
            ControllerIdentity(CLUSTER_ID, self.features),
            self.settings,
            self.disk,
            DIRECTORY,
            new_uuid=self._uuid,
        )
        self._carry_out(self.node.start(self.now))

    def lose_power(self) -> None:
        """Whatever is not fsynced is gone; then the node starts again."""
        self.disk.power_loss(DIRECTORY, None)
        self.boot()

    @property
    def now(self) -> Now:
        return Now(self.now_ms, WALL_MS + self.now_ms)

    def _uuid(self) -> bytes:
        self.topic_ids += 1
        return self.topic_ids.to_bytes(16, "big")

    def turn(self, *events: Event) -> None:
        self._carry_out(self.node.turn(events, self.now))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.inbox.setdefault(effect.connection, []).append(bytes(effect.data)[4:])
            elif isinstance(effect, RequestFlush):
                self.flushes.append(effect)
            elif isinstance(effect, SetTimer):
                self.timers[effect.key] = effect.deadline_ms
            elif isinstance(effect, CancelTimer):
                self.timers.pop(effect.key, None)
            elif isinstance(effect, Halt):
                self.halted = effect
        if self.auto_flush:
            self.flush()

    def flush(self) -> None:
        """The disk does what it was asked for."""
        while self.flushes:
            asked = self.flushes.pop(0)
            self.turn(FlushCompleted(asked.partition, asked.log.flush()))

    def pass_time(self, duration_ms: int) -> None:
        """Timers fire in the order they are due."""
        end_ms = self.now_ms + duration_ms
        while self.timers and min(self.timers.values()) <= end_ms:
            key = min(self.timers, key=lambda one: self.timers[one])
            self.now_ms = max(self.now_ms, self.timers.pop(key))
            self.turn(TimerFired(key))
        self.now_ms = end_ms

    # Requests.

    def send(self, body: Message, version: int) -> int:
        """Send on a connection of its own; returns the connection."""
        self.connections += 1
        self.correlation += 1
        frame = codec.encode_request(body.API_KEY, version, self.correlation, "test", body)
        self.turn(ConnectionOpened(self.connections, "127.0.0.1", True))
        self.turn(RequestsReceived(self.connections, [frame[4:]]))
        return self.connections

    def answer(self, connection: int, body: Message, version: int) -> Message | None:
        """What came back on that connection so far; None when nothing did."""
        frames = self.inbox.get(connection, [])
        if not frames:
            return None
        _, response = codec.decode_response(body.API_KEY, version, frames[0])
        assert isinstance(response, Message)
        return response

    def ask(self, body: Message, version: int, response_class: type[M]) -> M:
        """Send and expect an answer at once."""
        response = self.answer(self.send(body, version), body, version)
        assert isinstance(response, response_class)
        return response

    def register(
        self, broker_id: int, incarnation: int = 1, previous_epoch: int = -1
    ) -> BrokerRegistrationResponse:
        request = BrokerRegistrationRequest(
            broker_id=broker_id,
            cluster_id=CLUSTER_ID,
            incarnation_id=bytes([broker_id, incarnation]) * 8,
            listeners=[
                Listener(name="CLIENT", host="127.0.0.1", port=9000 + broker_id),
                Listener(name="INTERNAL", host="127.0.0.1", port=9100 + broker_id),
            ],
            features=[
                Feature(name=name, min_supported_version=low, max_supported_version=high)
                for name, (low, high) in SUPPORTED_FEATURES.items()
            ],
            rack=None,
            log_dirs=[bytes([broker_id]) * 16],
            previous_broker_epoch=previous_epoch,
        )
        return self.ask(request, 4, BrokerRegistrationResponse)

    def beat(
        self, broker_id: int, epoch: int, *, offset: int | None = None, want_shut_down: bool = False
    ) -> BrokerHeartbeatResponse:
        """A heartbeat of a broker that has replayed everything, unless told otherwise."""
        request = BrokerHeartbeatRequest(
            broker_id=broker_id,
            broker_epoch=epoch,
            current_metadata_offset=self.node.image.offset if offset is None else offset,
            want_shut_down=want_shut_down,
        )
        return self.ask(request, 1, BrokerHeartbeatResponse)

    def start_brokers(self, *broker_ids: int) -> dict[int, int]:
        """Register and unfence; broker epochs by id."""
        epochs = {}
        for broker_id in broker_ids:
            epochs[broker_id] = self.register(broker_id).broker_epoch
            assert not self.beat(broker_id, epochs[broker_id]).is_fenced
        return epochs
