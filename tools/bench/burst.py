"""A burst at somebody who types: `python -m tools.bench.burst`. 10,000 lines in 5 s arrive at the real client in tmux.

Keys are sent all the while, and the half-typed line is read off the screen after each: none may be lost, and none of
what arrives may stand in it. Prints one line: lines, seconds, keys, looks at the screen, CPU seconds of the client.
"""

from __future__ import annotations

import itertools
import os
import socket
import string
import subprocess
import sys
import threading
import time

from tools.shared.programs import HOST, ROOT, cpu_seconds, serving

LINES, SECONDS, KEYS = 10_000, 5.0, 60
TIMEOUT = 30.0


def tmux(*arguments: str) -> str:
    """Run a command of a tmux of our own."""
    command = ["tmux", "-L", f"burst{os.getpid()}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def typed() -> str:
    """Return the half-typed line."""
    screen = tmux("capture-pane", "-p", "-t", "ann").splitlines()
    return next((line[5:].rstrip() for line in reversed(screen) if line.startswith("ann> ")), "")


def wait_for(text: str) -> None:
    """Wait until `text` is on the screen."""
    deadline = time.monotonic() + TIMEOUT
    while text not in tmux("capture-pane", "-p", "-t", "ann"):
        if time.monotonic() > deadline:
            raise SystemExit(f"never saw {text!r}")
        time.sleep(0.05)


def talk(port: int) -> None:
    """Say LINES lines in SECONDS seconds, evenly."""
    with socket.create_connection((HOST, port)) as sock:
        sock.sendall(b"bob\r\n")
        time.sleep(0.5)
        start = time.monotonic()
        for number in range(0, LINES, 20):
            sock.sendall(b"".join(b"burst %d\r\n" % n for n in range(number, number + 20)))
            time.sleep(max(0.0, start + number / LINES * SECONDS - time.monotonic()))
        wait_for(f"burst {LINES - 1}")


def measure(port: int) -> None:
    """Type while somebody talks; print what came of it."""
    command = f"exec {sys.executable} myclient.py {HOST} {port} --name ann"
    tmux("-f", "/dev/null", "new-session", "-d", "-s", "ann", "-x", "80", "-y", "24", "-c", str(ROOT), command)
    wait_for("ann>")
    pid = int(tmux("display-message", "-p", "-t", "ann", "#{pane_pid}"))
    before, start = cpu_seconds(pid), time.monotonic()
    talker = threading.Thread(target=talk, args=(port,))
    talker.start()
    keys, looks, torn = "", 0, 0
    for key in itertools.islice(itertools.cycle(string.ascii_letters), KEYS):
        tmux("send-keys", "-t", "ann", "-l", key)
        keys += key
        time.sleep(SECONDS / KEYS)
        looks, torn = looks + 1, torn + (typed() not in (keys, keys[:-1], ""))  # "": drawn in this moment
    talker.join()
    wait_for(f"ann> {keys}")
    took = time.monotonic() - start
    print(f"{LINES} lines in {took:.1f} s, {KEYS} keys, none lost; {looks} looks, {torn} torn; ", end="")
    print(f"{cpu_seconds(pid) - before:.2f} s of CPU")


def main() -> None:
    """Run a server, and measure."""
    with serving("--no-rate-limit") as server:
        try:
            measure(server.port)
        finally:
            tmux("kill-server")


if __name__ == "__main__":
    main()
