"""`behind_stunnel.py STUNNEL CONF PORT COMMAND...`: run the server COMMAND, which listens on PORT, behind stunnel."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time


def main() -> int:
    """Run both until a SIGTERM, or until one of them ends."""
    _, stunnel, conf, port, *command = sys.argv
    server = subprocess.Popen(command)
    while server.poll() is None and not listens(int(port)):
        time.sleep(0.02)
    before = subprocess.Popen([stunnel, conf])
    signal.signal(signal.SIGTERM, lambda *_: before.terminate())
    before.wait()
    server.terminate()
    return server.wait()


def listens(port: int) -> bool:
    """Return whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
