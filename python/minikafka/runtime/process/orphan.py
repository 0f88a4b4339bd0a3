"""A child must not outlive its parent, however the parent dies, not even while the child itself is stopped."""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def die_with_parent() -> None:
    """Ask the system to kill this process when the thread that started it ends.

    On Linux; elsewhere the end of the control channel must do, which a stopped process does not see. A parent that is
    gone already shows on the channel.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
