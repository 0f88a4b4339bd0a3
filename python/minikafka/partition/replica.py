"""What a leader knows of one follower (R1, R2).

A fetch at offset o says "I have everything below o". The caught-up time answers "when did it last have everything the
leader had?", and answers it fairly: a follower that always asks for what the leader had one fetch ago is caught up as
of that fetch, although the leader's end has moved on since.
"""

from __future__ import annotations

from minikafka.types import NO_EPOCH, NO_OFFSET, BrokerEpoch, BrokerId, Offset

NEVER = -1


class FetchClock:
    """When a fetch session's follower fetched last (F10).

    A fetch of a session names only partitions that changed, and yet it is a fetch of all of them, each at the offset
    told before. Of a follower that is level with its leader, it says that it still is. Instead of noting that for each
    partition at each fetch, the partitions at rest share one clock.

    at_ms: monotonic.
    """

    __slots__ = ("at_ms",)

    def __init__(self) -> None:
        self.at_ms = NEVER

    def tick(self, now_ms: int) -> None:
        self.at_ms = now_ms


class Replica:
    """One follower, as its leader sees it. Offsets are -1 until its first fetch in this leader epoch.

    last_caught_up_time_ms, last_fetch_time_ms: monotonic; -1 means never.
    last_fetch_leader_log_end_offset: the leader's end when that fetch came.
    broker_epoch: of the life that fetched, -1 if the request did not say (before KIP-903).
    clock: while the follower rests, level with the leader: its last fetch came when the clock ticked last.
    """

    __slots__ = (
        "broker_epoch",
        "broker_id",
        "clock",
        "last_caught_up_time_ms",
        "last_fetch_leader_log_end_offset",
        "last_fetch_time_ms",
        "log_end_offset",
        "log_start_offset",
    )

    def __init__(self, broker_id: BrokerId) -> None:
        self.broker_id = broker_id
        self.log_end_offset: Offset = NO_OFFSET
        self.log_start_offset: Offset = NO_OFFSET
        self.last_fetch_leader_log_end_offset: Offset = NO_OFFSET
        self.last_fetch_time_ms = NEVER
        self.last_caught_up_time_ms = NEVER
        self.broker_epoch: BrokerEpoch = NO_EPOCH
        self.clock: FetchClock | None = None

    def begin_epoch(self, now_ms: int, *, in_isr: bool) -> None:
        """R18: a new leader takes the ISR's word that its members are caught up; nobody else is."""
        self.log_end_offset = NO_OFFSET
        self.log_start_offset = NO_OFFSET
        self.last_fetch_leader_log_end_offset = NO_OFFSET
        self.last_fetch_time_ms = NEVER
        self.last_caught_up_time_ms = now_ms if in_isr else NEVER
        self.broker_epoch = NO_EPOCH
        self.clock = None

    def fetched(
        self,
        offset: Offset,
        log_start_offset: Offset,
        leader_log_end_offset: Offset,
        broker_epoch: BrokerEpoch,
        now_ms: int,
    ) -> None:
        """R2."""
        self.wake()
        if offset >= leader_log_end_offset:
            self.last_caught_up_time_ms = max(self.last_caught_up_time_ms, now_ms)
        elif self.last_fetch_time_ms != NEVER and offset >= self.last_fetch_leader_log_end_offset:
            self.last_caught_up_time_ms = max(self.last_caught_up_time_ms, self.last_fetch_time_ms)
        self.log_end_offset = offset
        self.log_start_offset = log_start_offset
        self.last_fetch_leader_log_end_offset = leader_log_end_offset
        self.last_fetch_time_ms = now_ms
        self.broker_epoch = broker_epoch

    def rest(self, clock: FetchClock) -> None:
        """It is level with the leader: until the leader's log moves on, `clock` tells when it fetched last."""
        self.clock = clock

    def wake(self) -> None:
        """The leader's log moved on, or a fetch is noted: first note the last one that only the clock tells of."""
        if self.clock is not None:
            self.last_fetch_time_ms = max(self.last_fetch_time_ms, self.clock.at_ms)
            self.last_caught_up_time_ms = max(self.last_caught_up_time_ms, self.clock.at_ms)
            self.clock = None

    @property
    def caught_up_time_ms(self) -> int:
        """R2: `last_caught_up_time_ms`, with what the clock tells."""
        return (
            self.last_caught_up_time_ms
            if self.clock is None
            else max(self.last_caught_up_time_ms, self.clock.at_ms)
        )

    def is_caught_up(self, leader_log_end_offset: Offset, now_ms: int, max_lag_ms: int) -> bool:
        """R2: level with the leader, or so within `replica.lag.time.max.ms`."""
        if self.log_end_offset == leader_log_end_offset:
            return True
        caught_up_time_ms = self.caught_up_time_ms
        return caught_up_time_ms != NEVER and now_ms - caught_up_time_ms <= max_lag_ms
