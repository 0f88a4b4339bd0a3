"""Property tests see the same examples every time, so that a change is judged by itself; nightly, fresh ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("quick", deadline=None, derandomize=True)
settings.register_profile("nightly", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
