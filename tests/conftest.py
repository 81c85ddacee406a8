"""What all tests share: how hypothesis draws its examples.

The same examples every time, so that a change fails for its own sake; no deadline, because the machine may be busy.
To look for something new: `pytest --hypothesis-profile=search`.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same-every-time", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=10_000, deadline=None)
settings.load_profile("same-every-time")
