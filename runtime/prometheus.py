"""Prometheus' text format: families of samples -> the text that /metrics answers.

    # HELP chat_users People in the room.
    # TYPE chat_users gauge
    chat_users{door="text"} 3

https://prometheus.io/docs/instrumenting/exposition_formats/. Names follow its conventions: a prefix, base units, and
`_total` behind a counter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """One number of a family."""

    value: float
    labels: Mapping[str, str] = {}
    suffix: str = ""


class Family(NamedTuple):
    """What is counted, and its samples. `kind`: counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]


def by_label(label: str, values: Mapping[str, float]) -> list[Sample]:
    """Return a sample for each of the `values`, which are keyed by what `label` is for them."""
    return [Sample(value, {label: key}) for key, value in sorted(values.items())]


def histogram(bounds: Iterable[float], counts: Iterable[int], total: float) -> list[Sample]:
    """Return the samples of a histogram: `counts` of values up to each of the `bounds`, and above; `total` of all."""
    cumulated = list(accumulate(counts))
    ends = [*map(_number, bounds), "+Inf"]
    buckets = [Sample(count, {"le": end}, "_bucket") for end, count in zip(ends, cumulated, strict=True)]
    return [*buckets, Sample(total, suffix="_sum"), Sample(cumulated[-1], suffix="_count")]


def exposition(families: Iterable[Family]) -> str:
    """Return the text of all `families`."""
    return "".join(line for family in families for line in _lines(family))


def _lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {family.help}\n"
    yield f"# TYPE {family.name} {family.kind}\n"
    for sample in family.samples:
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels.items())
        yield f"{family.name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    return repr(value)
