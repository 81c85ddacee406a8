"""What is measured: a table of scenarios."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tools.bench.crew import Sample
from tools.bench.latency import latency
from tools.bench.load import fanout
from tools.bench.logins import latency_with_logins
from tools.bench.servers import Running

Measurement = Callable[[Running, float], Sample]  # a running server, seconds -> what was counted

OURS_ONLY = ("latency-logins",)  # what only our server has
SCENARIOS: dict[str, Measurement] = {
    "fanout-100-10": partial(fanout, 100, 10),
    "fanout-500-1": partial(fanout, 500, 1),
    "fanout-200-200": partial(fanout, 200, 200),
    "latency": latency,
    "latency-logins": latency_with_logins,
}
