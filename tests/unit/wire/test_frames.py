"""Received bytes to frames."""

from __future__ import annotations

import pytest
from minikafka._core import FrameSplitter
from minikafka.wire.codec import DecodeError


def feed(splitter: FrameSplitter, data: bytes) -> list[bytes]:
    """What a transport does: fill the buffer, say how much, until all is delivered."""
    frames = []
    while data:
        buffer = splitter.get_buffer(-1)
        count = min(len(buffer), len(data))
        buffer[:count] = data[:count]
        frames += splitter.buffer_updated(count)
        data = data[count:]
    return frames


def framed(*frames: bytes) -> bytes:
    """Each frame after its length."""
    return b"".join(len(frame).to_bytes(4, "big") + frame for frame in frames)


def test_frames_of_one_read_come_together() -> None:
    """In order, empty ones too."""
    assert feed(FrameSplitter(100), framed(b"one", b"", b"three")) == [b"one", b"", b"three"]


def test_a_frame_may_arrive_byte_by_byte() -> None:
    """Length included."""
    splitter = FrameSplitter(100)
    arrived = [feed(splitter, bytes([byte])) for byte in framed(b"one", b"two")]
    assert [frame for frames in arrived for frame in frames] == [b"one", b"two"]
    assert splitter.pending_bytes == 0


def test_a_frame_handed_out_never_changes() -> None:
    """The receive buffer is reused, the frame is not it."""
    splitter = FrameSplitter(100)
    (first,) = feed(splitter, framed(b"first"))
    feed(splitter, framed(b"other"))
    assert first == b"first"


def test_a_frame_larger_than_the_buffer_is_put_together() -> None:
    """And the buffer grows with what arrives, up to its limit."""
    frame = bytes(range(256)) * 8192
    splitter = FrameSplitter(len(frame))
    first_size = len(splitter.get_buffer())
    assert [frame, b"next"] == feed(splitter, framed(frame, b"next"))
    assert first_size < len(splitter.get_buffer()) <= 256 * 1024


@pytest.mark.parametrize(
    "length", [b"\xff\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00\x00\x00\x65", b"\x7f\xff\xff\xff"]
)
def test_a_negative_or_too_large_length_is_refused_at_once(length: bytes) -> None:
    """Before the frame's first byte, in one read or several."""
    with pytest.raises(DecodeError, match="frame length"):
        feed(FrameSplitter(100), length)
    with pytest.raises(DecodeError, match="frame length"):
        [feed(splitter, bytes([byte])) for splitter in [FrameSplitter(100)] for byte in length]


def test_a_length_alone_costs_no_memory() -> None:
    """2 GiB announced, nothing sent: only the four bytes are held."""
    splitter = FrameSplitter((1 << 31) - 1)
    assert feed(splitter, b"\x7f\xff\xff\xff") == []
    assert splitter.pending_bytes == 4
