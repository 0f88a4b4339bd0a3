"""Whatever happens to a log afterwards, what was set aside of it stays, and can be put back as often as wanted."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from minikafka._core import Disk, build_batch, read_records
from minikafka.log.port import Log, LogConfig
from minikafka.runtime.saved import copy_node

CONFIG = LogConfig(segment_bytes=400, index_interval_bytes=60)
LOG = "topic-0"


class SetAside(RuleBasedStateMachine):
    """One log on real files, and what it held at each moment that was set aside."""

    @initialize(tracked=st.booleans())
    def begin(self, tracked: bool) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="minikafka-test-"))
        self.disk = Disk.tracked(real_sync=False) if tracked else Disk.os()
        self.disk.make_directory(str(self.root / "node"))
        self.values: list[tuple[int, bytes]] = []
        self.kept: list[list[tuple[int, bytes]]] = []
        self.written = 0
        self.log = self.open()

    def open(self) -> Log:
        """As after a kill: nothing is believed."""
        return self.disk.open_log(
            str(self.root / "node" / LOG), config=CONFIG, recovery_point=0, log_start_offset=0, clean=False
        )

    @rule(count=st.integers(1, 6), size=st.integers(0, 150))
    def append(self, count: int, size: int) -> None:
        for _ in range(count):
            self.written += 1
            value = f"{self.written}".encode().ljust(size, b".")
            data = build_batch([(self.written, None, value, [])])
            if self.log.should_roll(
                size_bytes=len(data), max_timestamp=self.written, last_offset=self.log.log_end_offset
            ):
                self.log.roll()
            header = self.log.append_as_leader(data, leader_epoch=1)
            self.values.append((header.base_offset, value))

    @rule(fraction=st.floats(0, 1))
    def truncate(self, fraction: float) -> None:
        """Often exactly to where a segment ends, which then is appended to again."""
        offset = round(fraction * self.log.log_end_offset)
        self.log.truncate_to(offset)
        self.values = [kept for kept in self.values if kept[0] < offset]

    @rule(drop=st.integers(1, 3))
    def truncate_to_a_segment(self, drop: int) -> None:
        bases = [int(path.stem) for path in sorted((self.root / "node" / LOG).glob("*.log"))]
        offset = bases[-min(drop, len(bases))]
        self.log.truncate_to(offset)
        self.values = [kept for kept in self.values if kept[0] < offset]

    @rule()
    def flush(self) -> None:
        self.log.flush()

    @rule()
    def set_aside(self) -> None:
        copy_node(str(self.root / "node"), str(self.root / f"kept-{len(self.kept)}"))
        self.kept.append(list(self.values))

    @rule(which=st.integers(0, 3))
    def put_back(self, which: int) -> None:
        if self.kept:
            index = which % len(self.kept)
            self.log.close()
            self.disk.remove_tree(str(self.root / "node"))
            copy_node(str(self.root / f"kept-{index}"), str(self.root / "node"))
            self.values = list(self.kept[index])
            self.log = self.open()

    @rule(seed=st.integers(0, 3))
    def kill(self, seed: int) -> None:
        self.log.close()
        self.log = self.open()

    @invariant()
    def the_log_holds_what_it_should(self) -> None:
        if hasattr(self, "log"):
            assert held(self.log) == self.values

    def teardown(self) -> None:
        if not hasattr(self, "log"):
            return
        self.log.close()
        for index, values in enumerate(self.kept):
            log = Disk.os().open_log(
                str(self.root / f"kept-{index}" / LOG),
                config=CONFIG,
                recovery_point=0,
                log_start_offset=0,
                clean=False,
            )
            assert held(log) == values
            log.close()
        shutil.rmtree(self.root)


def held(log: Log) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    offset = 0
    while offset < log.log_end_offset:
        data = log.read(offset, max_bytes=1 << 20, upper_bound=1 << 62, at_least_one_batch=True).data
        records = [record for record in read_records(data) if record.offset >= offset]
        found += [(record.offset, record.value or b"") for record in records]
        offset = records[-1].offset + 1
    return found


SetAside.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestSetAside = SetAside.TestCase
