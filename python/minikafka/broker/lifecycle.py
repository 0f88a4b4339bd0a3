"""A broker's life with the controller: register, be unfenced, beat, leave (R12).

    STARTING     registering; every answer from the controller is awaited, retried when lost
    RECOVERING   registered and still fenced: catching up with the metadata log, then opening logs, recovering them if
                 the last life did not end cleanly (D2)
    RUNNING      unfenced: may lead
    LEAVING      StopRequested: beats say so until the controller has moved every leadership away
    GONE         logs flushed and closed

Clients are let in when the logs are open, just before the broker asks to be unfenced. Earlier it would answer from a
metadata log it has not read yet: to a producer that knows its topic, UNKNOWN_TOPIC_OR_PARTITION means it was deleted.

The session is the controller's to keep: a broker that is not heard from for `broker.session.timeout.ms` is fenced. A
broker that learns that its epoch is no longer the registered one (it was fenced and registered anew, or the controller
lost its registration) registers again.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from minikafka.controller.image import INTERNAL_LISTENER
from minikafka.effects import ServeClients
from minikafka.errors import ErrorCode
from minikafka.types import CLIENT_LISTENER, CONTROLLER_ID, NO_EPOCH, Now
from minikafka.wire.messages import broker_heartbeat, broker_registration

if TYPE_CHECKING:
    from minikafka.broker.broker import Broker

REGISTRATION_VERSION: Final = 4
HEARTBEAT_VERSION: Final = 1
RETRY_MS: Final = 50
LEAVE_AT_MOST_MS: Final = 5_000
"""How long a clean stop waits for the controller before it stops all the same."""
PLAINTEXT: Final = 0
CHANNEL: Final = "lifecycle"


class State(Enum):
    """See the module's lesson."""

    STARTING = "starting"
    RECOVERING = "recovering"
    RUNNING = "running"
    LEAVING = "leaving"
    GONE = "gone"


class Lifecycle:
    """Registration and heartbeats of one broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.previous_broker_epoch = NO_EPOCH
        """From the clean-shutdown file, -1 after an unclean death (R14)."""
        self._beating = False
        self._told_offline = False
        self._serves_clients = False
        self.state = State.STARTING
        self.broker_epoch = NO_EPOCH

    def register(self, now: Now) -> None:
        """Tell the controller who and where we are."""
        identity = self._broker.identity
        request = broker_registration.BrokerRegistrationRequest(
            broker_id=identity.broker_id,
            cluster_id=identity.cluster_id,
            incarnation_id=identity.incarnation_id,
            listeners=[
                broker_registration.Listener(name=name, host=host, port=port, security_protocol=PLAINTEXT)
                for name, host, port in (
                    (CLIENT_LISTENER, identity.client_host, identity.client_port),
                    (INTERNAL_LISTENER, identity.internal_host, identity.internal_port),
                    *identity.further_listeners,
                )
            ],
            features=[
                broker_registration.Feature(name=name, min_supported_version=low, max_supported_version=high)
                for name, (low, high) in sorted(self._broker.supported_features.items())
            ],
            rack=self._broker.settings.broker_rack,
            log_dirs=[identity.directory_id],
            previous_broker_epoch=self.previous_broker_epoch,
        )
        self._broker.peers.call(
            CONTROLLER_ID,
            request,
            REGISTRATION_VERSION,
            self._registered,
            self._register_lost,
            now,
            channel=CHANNEL,
        )

    def _registered(self, response: broker_registration.BrokerRegistrationResponse, now: Now) -> None:
        if response.error_code != ErrorCode.NONE:
            self._register_lost(ErrorCode(response.error_code).name, now)
            return
        self.broker_epoch = response.broker_epoch
        if self.state is State.STARTING:
            self.state = State.RECOVERING
        self._broker.become(now)
        self.beat(now)

    def _register_lost(self, why: str, now: Now) -> None:
        if self.state is State.LEAVING:
            self._leave(now)
            return
        self._broker.timers.set(("lifecycle", "register"), now.monotonic_ms + RETRY_MS, self.register)

    def beat(self, now: Now) -> None:
        """One heartbeat; the next is sent an interval after this one was."""
        self._broker.timers.set(
            ("lifecycle", "beat"),
            now.monotonic_ms + self._broker.settings.broker_heartbeat_interval_ms,
            self.beat,
        )
        if self._beating or self.broker_epoch == NO_EPOCH or self.state is State.GONE:
            return
        self._beating = True
        self._let_clients_in()
        request = broker_heartbeat.BrokerHeartbeatRequest(
            broker_id=self._broker.broker_id,
            broker_epoch=self.broker_epoch,
            current_metadata_offset=self._broker.metadata_offset,
            want_fence=self._wants_fence,
            want_shut_down=self.state is State.LEAVING,
            offline_log_dirs=[self._broker.identity.directory_id] if self._broker.storage.is_offline else [],
        )
        self._told_offline = self._broker.storage.is_offline
        self._broker.peers.call(
            CONTROLLER_ID,
            request,
            HEARTBEAT_VERSION,
            self._beat_answered,
            self._beat_lost,
            now,
            channel=CHANNEL,
            timeout_ms=self._broker.settings.broker_session_timeout_ms,
        )

    def _beat_answered(self, response: broker_heartbeat.BrokerHeartbeatResponse, now: Now) -> None:
        self._beating = False
        if response.error_code in (ErrorCode.STALE_BROKER_EPOCH, ErrorCode.BROKER_ID_NOT_REGISTERED):
            # Somebody else's epoch, or a controller that does not know us: start over under a new epoch.
            self.broker_epoch = NO_EPOCH
            if self.state is not State.LEAVING:
                self.state = State.STARTING
            self.register(now)
            return
        if response.error_code != ErrorCode.NONE:
            return
        if self.state is State.RECOVERING and not response.is_fenced:
            self.state = State.RUNNING
        if self.state is State.RECOVERING and not self._wants_fence:
            self._soon(now)
        if self._broker.storage.is_offline and not self._told_offline:
            self._soon(now)
        if self.state is State.LEAVING:
            if response.should_shut_down:
                self._leave(now)
            else:
                self._soon(now)

    def _let_clients_in(self) -> None:
        if self._broker.logs_are_open and not self._serves_clients:
            self._serves_clients = True
            self._broker.outbox.put(ServeClients())
            if self._broker.trace.on:
                self._broker.trace.event(
                    "broker",
                    "R12",
                    what="lets clients in",
                    id=self._broker.broker_id,
                    broker_epoch=self.broker_epoch,
                    why="it has read the metadata log as far as its own registration, and its logs are open",
                )

    @property
    def _wants_fence(self) -> bool:
        """Kafka's brokers, too, are unfenced only once their logs are open."""
        return self.state is State.RECOVERING and not self._broker.logs_are_open

    def logs_opened(self, now: Now) -> None:
        """The last log was opened; while fenced, say so at once."""
        self.caught_up(now)

    def _beat_lost(self, why: str, now: Now) -> None:
        self._beating = False

    def disk_failed(self, now: Now) -> None:
        """D7: the controller hears of it at once, or right after the beat that is under way."""
        self.beat(now)

    def caught_up(self, now: Now) -> None:
        """The metadata log moved on here; while fenced, say so at once rather than at the next interval."""
        if self.state is State.RECOVERING:
            self.beat(now)

    def _soon(self, now: Now) -> None:
        self._broker.timers.set(("lifecycle", "beat"), now.monotonic_ms + RETRY_MS // 5, self.beat)

    def leave(self, now: Now) -> None:
        """StopRequested: ask the controller to move our leaderships, then close."""
        if self.state in (State.LEAVING, State.GONE):
            return
        asked = self.state in (State.RUNNING, State.RECOVERING)
        self.state = State.LEAVING
        if not asked or not self._broker.settings.controlled_shutdown_enable:
            self._leave(now)
            return
        self._broker.timers.set(("lifecycle", "leave"), now.monotonic_ms + LEAVE_AT_MOST_MS, self._leave)
        self.beat(now)

    def _leave(self, now: Now) -> None:
        if self.state is not State.GONE:
            self.state = State.GONE
            self._broker.timers.cancel(("lifecycle", "beat"))
            self._broker.timers.cancel(("lifecycle", "leave"))
            self._broker.close(now)
