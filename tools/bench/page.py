"""A burst at somebody who types in a browser: `python -m tools.bench.page`. 10,000 lines in 5 s arrive at the page.

Keys are pressed all the while. Prints what they met: tasks of the page that took over 50 ms, which are those that a
person can feel (PerformanceObserver, type "longtask"), the slowest key until it was on the screen, and what the page
holds in its memory, half-way and at the end. It needs chromium and chromedriver.
"""

from __future__ import annotations

import itertools
import string
import threading
import time

from tools.shared.programs import serving
from tools.shared.sockets import join, quit_all
from tools.shared.window import Window

LINES, SECONDS, KEYS = 10_000, 5.0, 60
CHUNK = 20  # lines sent together
_WATCH = """
window.tasks = [];
window.keys = [];
const note = (into) => (list) => into.push(...list.getEntries().map(({ duration }) => duration));
new PerformanceObserver(note(window.tasks)).observe({ type: "longtask" });
new PerformanceObserver(note(window.keys)).observe({ type: "event", durationThreshold: 16 });
"""
_HAS_LAST = f"""
const rows = [...document.getElementById("log").children].slice(-2); // behind it may stand that bob has left
return rows.some((row) => row.textContent.includes("burst {LINES - 1},"));
"""


def talk(port: int) -> None:
    """Say LINES lines in SECONDS seconds, evenly."""
    bob = join(port, "bob")
    bob.sock.setblocking(True)
    start = time.monotonic()
    for number in range(0, LINES, CHUNK):
        bob.sock.sendall(b"".join(b"burst %d, for ann\r\n" % n for n in range(number, number + CHUNK)))
        time.sleep(max(0.0, start + number / LINES * SECONDS - time.monotonic()))
    bob.sock.setblocking(False)
    quit_all([bob])  # closing at once would take back what the server has not read yet


def burst(window: Window, port: int) -> str:
    """Type while somebody talks; return what was typed."""
    talker = threading.Thread(target=talk, args=(port,))
    talker.start()
    typed = "".join(itertools.islice(itertools.cycle(string.ascii_letters), KEYS))
    start = time.monotonic()
    for number, key in enumerate(typed):
        window.ask("Input.dispatchKeyEvent", type="char", text=key)  # no script of ours runs in the page for it
        time.sleep(max(0.0, start + number / KEYS * SECONDS - time.monotonic()))
    talker.join()
    window.until(lambda: bool(window.run(_HAS_LAST)), "the last line")
    return typed


def memory(window: Window) -> str:
    """Return what the page holds, after what is garbage has been collected."""
    window.ask("HeapProfiler.collectGarbage")
    heap = window.ask("Runtime.getHeapUsage")["usedSize"]
    nodes = window.ask("Memory.getDOMCounters")["nodes"]
    return f"{heap / 2**20:.1f} MiB, {nodes} nodes"


def measure(window: Window, port: int) -> None:
    """Let two bursts come; print what came of each."""
    window.types("#name", "ann\n")
    window.sees("Welcome, ann")
    for number in range(2):
        window.run(_WATCH if not number else "window.tasks.length = window.keys.length = 0")
        start = time.monotonic()
        typed = burst(window, port)
        took = time.monotonic() - start
        if window.run("return document.getElementById('line').value") != typed:
            raise SystemExit("keys were lost")
        tasks, keys = (window.run(f"return window.{what}") for what in ("tasks", "keys"))
        print(f"{LINES} lines in {took:.1f} s, {KEYS} keys, none lost; tasks over 50 ms: {len(tasks)}", end="")
        print(f" (longest {max(tasks):.0f} ms)" if tasks else "", end="")
        print(f"; slowest key {max(keys, default=0):.0f} ms; {memory(window)}")
        window.run("document.getElementById('line').value = ''")


def main() -> None:
    """Run a server and a browser, and measure."""
    with serving("--no-rate-limit") as server:
        window = Window(server.port)
        try:
            measure(window, server.port)
        finally:
            window.close()


if __name__ == "__main__":
    main()
