"""What a bug is: a replacement of a part of the real server or client, which breaks the promise as a person might."""

from __future__ import annotations

from collections.abc import Callable

from chat.effects import Effect
from tools.crash.patches import Patches

Bug = Callable[[Patches], None]
Effects = list[Effect]
OFTEN = 7  # one that would hide behind its own damage strikes every seventh time
