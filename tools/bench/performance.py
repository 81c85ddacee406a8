"""`python -m tools.bench.performance [PART ...]`: measure anew what docs/performance.md shows, and write it there.

Each part is a command, which anybody may run by itself. What it prints stands in the document between two comments
with the part's name; the words around them are written by hand. All parts together take about 12 minutes.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from tools.bench.picture import THEMES, chart
from tools.shared.programs import ROOT, exit_on_sigterm, tool_output

DOCS = ROOT / "docs"
DOCUMENT = DOCS / "performance.md"
PARTS = {  # module and arguments
    "steady": "tools.bench --scenario steady --server ours asyncio uvloop ngircd send-alone --rounds 5 --seconds 1",
    "fan-out": "tools.bench --scenario fan-out --server ours uvloop ngircd --rounds 5 --seconds 1",
    "doors": "tools.bench --scenario steady-100 steady-900 fanout-100-10 --server ours frames websocket --rounds 5",
    "phases": "tools.bench --scenario phases --server ours no-journal --rounds 3 --seconds 1",
    "growth": "tools.bench --scenario growth --server ours epoll --rounds 1 --seconds 3",
    "crowd": "tools.bench --scenario crowd-10000-200 --server epoll --rounds 1 --seconds 60",
    "million": "tools.bench.million",
}
PICTURED = "growth"
LINES = {"ours": "select", "epoll": "epoll"}  # in the picture


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.performance", description=__doc__.partition("\n")[0])
    parser.add_argument("part", nargs="*", metavar="PART", help=f"all by default: {', '.join(PARTS)}")
    parts = parser.parse_args().part or list(PARTS)
    if unknown := set(parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
    for part in parts:
        document = DOCUMENT.read_text("utf-8")
        DOCUMENT.write_text(replaced(document, part, measured(part)), "utf-8")


def measured(part: str) -> str:
    """Run the command of a part, and return what it prints; draw its picture, if it has one."""
    if part != PICTURED:
        return printed(part)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rounds = ["--json", f"{folder}/rounds"]
        tables = printed(part, *rounds)
        draw(json.loads(Path(rounds[1]).read_text("utf-8")))
    return tables.replace(" " + " ".join(rounds), "")


def printed(part: str, *options: str) -> str:
    """Run the command of a part with more options, and return what it prints."""
    return tool_output(*PARTS[part].split(), *options).strip("\n")


def draw(rows: list[dict[str, Any]]) -> None:
    """Draw the cost of a delivery by the number of users, for each server."""
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        users = float(row["scenario"].rpartition("-")[2])
        series.setdefault(LINES[row["server"]], []).append((users, row["median"]["us/delivery"]))
    for theme in THEMES:
        picture = chart("CPU time of the server for a delivery, in microseconds", series, theme)
        (DOCS / f"growth-{theme}.svg").write_text(picture, "utf-8")


def replaced(document: str, part: str, text: str) -> str:
    """Put `text` between the two comments of a part. Raises ValueError if the document has no such place."""
    begin, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->"
    if document.count(begin) != 1 or document.count(end) != 1:
        raise ValueError(f"docs/performance.md has no place for {part}: {begin.strip()} and {end}, once each.")
    return re.sub(
        f"{re.escape(begin)}.*{re.escape(end)}", lambda _: f"{begin}\n{text}\n\n{end}", document, flags=re.DOTALL
    )


if __name__ == "__main__":
    exit_on_sigterm()
    main()
