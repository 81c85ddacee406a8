"""Bugs to see whether the checker finds them. Nothing is more suspect than a checker that has never found anything."""

from __future__ import annotations

from tools.crash.mutants.bug import Bug
from tools.crash.mutants.client import CLIENT
from tools.crash.mutants.keeping import KEEPING
from tools.crash.mutants.returning import RETURNING
from tools.crash.mutants.sharing import SHARING
from tools.crash.mutants.telling import TELLING
from tools.crash.mutants.websocket import WEBSOCKET

SERVER_BUGS: dict[str, Bug] = TELLING | RETURNING | KEEPING | WEBSOCKET
BUGS = SERVER_BUGS | CLIENT
SHARED_BUGS: dict[str, Bug] = SHARING  # of several servers with one log
