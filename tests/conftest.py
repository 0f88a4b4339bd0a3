"""What holds for all tests: the same examples every time, and children that Ctrl-C reaches.

Property tests see the same examples in every run, so that a change is judged by itself; nightly, fresh ones.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("quick", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# A shell ignores SIGINT for what it starts in the background, and children inherit that: commands that end by Ctrl-C,
# which several tests send, would never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
