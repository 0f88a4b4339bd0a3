"""The Rust log and `log/model.py` answer alike, whatever is done to both (L3, L9, L12, L13, R11, F3, F5).

The model says in plain Python what the port means; this is what keeps it, and the log, honest.
"""

from __future__ import annotations

import struct

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from minikafka._core import Disk, build_batch
from minikafka.log.model import ModelLog
from minikafka.log.port import Log, LogConfig
from minikafka.partition.cleaning import CannotClean, Cleaned, Round, clean

KEYS = (b"a", b"b", b"c", b"d", None)
VALUES = (True, True, None)
CONFIG = LogConfig(segment_bytes=1200, segment_ms=10**12, index_interval_bytes=150)
DIRECTORY = "/data/topic-0"


class TwoLogs(RuleBasedStateMachine):
    """Every rule acts on both logs; every answer is compared at once."""

    @initialize()
    def open(self) -> None:
        disk = Disk.simulated(0)
        self.rust: Log = disk.open_log(
            DIRECTORY, config=CONFIG, recovery_point=0, log_start_offset=0, clean=False
        )
        self.model: Log = ModelLog(DIRECTORY, CONFIG)
        self.timestamp = 0

    def pick(self, fraction: float) -> int:
        """An offset within the log, its end included."""
        start, end = self.model.log_start_offset, self.model.log_end_offset
        return start + round(fraction * (end - start))

    @rule(
        count=st.integers(1, 4),
        size=st.integers(0, 400),
        step=st.integers(-3, 9),
        append_time=st.booleans(),
    )
    def append_as_leader(self, count: int, size: int, step: int, append_time: bool) -> None:
        self.timestamp = max(0, self.timestamp + step)
        batch = build_batch(
            [
                (
                    self.timestamp + index,
                    KEYS[(size + index) % 5],
                    VALUES[(size + step) % 3] and b"v" * size,
                    [],
                )
                for index in range(count)
            ]
        )
        self._roll_if_due(batch, count)
        stamp = self.timestamp if append_time else None
        headers = {
            log.append_as_leader(batch, leader_epoch=3, max_timestamp=stamp)
            for log in (self.rust, self.model)
        }
        assert len(headers) == 1

    @rule(gap=st.integers(0, 20), size=st.integers(0, 400))
    def append_as_follower(self, gap: int, size: int) -> None:
        batch = bytearray(build_batch([(self.timestamp, None, b"v" * size, [])], partition_leader_epoch=2))
        struct.pack_into(">q", batch, 0, self.model.log_end_offset + gap)
        self._roll_if_due(batch, gap + 1)
        assert self.rust.append_as_follower(batch) == self.model.append_as_follower(batch)

    def _roll_if_due(self, batch: bytes | bytearray, span: int) -> None:
        last_offset = self.model.log_end_offset + span - 1
        due = {
            log.should_roll(size_bytes=len(batch), max_timestamp=self.timestamp, last_offset=last_offset)
            for log in (self.rust, self.model)
        }
        assert len(due) == 1
        if due == {True}:
            self.roll()

    @rule()
    def roll(self) -> None:
        assert self.rust.roll() == self.model.roll()

    @rule(fraction=st.floats(0, 1))
    def truncate(self, fraction: float) -> None:
        offset = self.pick(fraction)
        self.rust.truncate_to(offset)
        self.model.truncate_to(offset)

    @rule(ahead=st.integers(0, 100))
    def start_over(self, ahead: int) -> None:
        offset = self.pick(1) + ahead
        for log in (self.rust, self.model):
            log.truncate_fully_and_start_at(offset)

    @rule(fraction=st.floats(0, 1))
    def retain(self, fraction: float) -> None:
        offset = self.pick(fraction)
        for log in (self.rust, self.model):
            log.advance_log_start_offset(offset)
        assert self.rust.delete_segments_before(offset) == self.model.delete_segments_before(offset)

    @rule(
        dirty=st.floats(0, 1),
        up_to=st.floats(0, 1),
        now_ms=st.integers(0, 30),
        room=st.integers(1, 6),
    )
    def compact(self, dirty: float, up_to: float, now_ms: int, room: int) -> None:
        """A round over whatever part (L16): the tombstones' horizon is ten ms away."""
        done = [
            _clean(log, self.pick(dirty), self.pick(up_to), now_ms, room) for log in (self.rust, self.model)
        ]
        assert done[0] == done[1]

    @rule()
    def flush(self) -> None:
        assert self.rust.flush() == self.model.flush()

    @rule(
        fraction=st.floats(0, 1), max_bytes=st.integers(0, 1500), span=st.integers(0, 40), whole=st.booleans()
    )
    def read(self, fraction: float, max_bytes: int, span: int, whole: bool) -> None:
        offset = self.pick(fraction)
        upper_bound = min(offset + span, self.model.log_end_offset)
        slices = [
            log.read(offset, max_bytes=max_bytes, upper_bound=upper_bound, at_least_one_batch=whole)
            for log in (self.rust, self.model)
        ]
        assert slices[0].data == slices[1].data
        assert slices[0].base_offset == slices[1].base_offset
        if slices[0].data and upper_bound == self.model.log_end_offset:
            assert slices[0].next_offset >= slices[1].next_offset

    @rule(fraction=st.floats(0, 1), most=st.integers(1, 9))
    def headers(self, fraction: float, most: int) -> None:
        offset = self.pick(fraction)
        assert self.rust.headers(offset, max_batches=most) == self.model.headers(offset, max_batches=most)

    @rule(back=st.integers(-2, 30))
    def look_up_times(self, back: int) -> None:
        end = self.model.log_end_offset
        timestamp = self.timestamp - back
        assert self.rust.offset_for_timestamp(timestamp, upper_bound=end) == self.model.offset_for_timestamp(
            timestamp, upper_bound=end
        )

    @invariant()
    def same_shape(self) -> None:
        if not hasattr(self, "model"):
            return
        assert _shape(self.rust) == _shape(self.model)


def _clean(log: Log, dirty: int, up_to: int, now_ms: int, room: int) -> Cleaned | None:
    cleaning = log.begin_cleaning(up_to, buffer_bytes=24 * room)
    segments = [one for one in log.segments()[:-1] if one.next_offset <= up_to]
    if not segments or dirty >= up_to:
        return None
    try:
        cleaned = clean(cleaning, Round(dirty, segments, CONFIG.segment_bytes, now_ms, 10, {}, ()))
    except CannotClean:
        return None
    assert cleaning.swap_in()
    return cleaned


def _shape(log: Log) -> tuple[int, ...]:
    return (
        log.log_start_offset,
        log.log_end_offset,
        log.recovery_point,
        log.size_bytes,
        log.segment_count,
        log.active_segment_base_offset,
    )


TwoLogs.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestTwoLogs = TwoLogs.TestCase
