"""Whatever the pieces in which bytes arrive, the frames are the same."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from minikafka._core import FrameSplitter


@given(frames=st.lists(st.binary(max_size=300), max_size=8), cuts=st.lists(st.integers(0, 2500), max_size=12))
def test_frames_do_not_depend_on_how_bytes_arrive(frames: list[bytes], cuts: list[int]) -> None:
    """Any cutting of the stream into reads gives the same frames in the same order."""
    stream = b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)
    splitter = FrameSplitter(300)
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    received = []
    for start, end in pairwise(edges):
        splitter.get_buffer()[: end - start] = stream[start:end]
        received += splitter.buffer_updated(end - start)
    assert frames == received
    assert splitter.pending_bytes == 0
