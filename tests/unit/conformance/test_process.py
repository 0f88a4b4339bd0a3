"""A client program that ends is noticed, however little it said."""

from __future__ import annotations

import sys

import pytest

from conformance.clients.process import ClientFailed, Talking


def test_a_program_that_ended_is_no_endless_catching_up() -> None:
    """Its end stays in the queue for whoever reads next; catching up stops there and says what it wrote last."""
    with Talking(
        "brief", [sys.executable, "-c", "import sys; print('1'); sys.exit('that was all')"], int
    ) as brief:
        brief.run_until(lambda said: said == 1, timeout_s=30)
        with pytest.raises(ClientFailed, match="ended early"):
            brief.run_until(lambda said: said == 2, timeout_s=30)
        with pytest.raises(ClientFailed, match="that was all"):
            brief.catch_up()
