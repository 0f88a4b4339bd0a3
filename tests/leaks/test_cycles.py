"""Nothing is left behind after `with Cluster`: fifty times over, or MINIKAFKA_CYCLES=1000."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.leaks.cycles import WARM_UP

CYCLES = int(os.environ.get("MINIKAFKA_CYCLES", "50"))
GROWTH_PER_CYCLE_KIB = 100
"""Of resident memory. Allocators of three languages keep some of what they were given; one cluster takes 6 MB."""


def test_a_process_is_after_many_clusters_what_it_was_after_ten(tmp_path: Path) -> None:
    """No thread, no descriptor and no directory more, and hardly any memory."""
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.leaks.cycles", str(CYCLES)],
        cwd=root,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=20 + 10 * CYCLES,
    )
    print(done.stdout)
    warm, *_, last = json.loads(done.stdout)
    assert (warm["cycles"], last["cycles"]) == (WARM_UP, CYCLES)
    for what in ("python_threads", "threads", "descriptors", "sockets", "directories"):
        assert last[what] == warm[what], what
    assert (last["python_threads"], last["sockets"], last["directories"]) == (1, 0, 0)
    grown = (last["resident_kib"] - warm["resident_kib"]) / (CYCLES - WARM_UP)
    print(
        f"{CYCLES} clusters, one after another: {last['threads']} thread and {last['descriptors']} descriptors before"
        f" and after; {warm['resident_kib'] // 1024} MiB after {WARM_UP}, {last['resident_kib'] // 1024} MiB at the end"
    )
    assert grown < GROWTH_PER_CYCLE_KIB
