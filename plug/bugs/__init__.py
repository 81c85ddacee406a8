"""Bugs to see whether the checker finds them. Nothing is more suspect than a checker that has never found anything."""

from __future__ import annotations

from plug.bugs.bug import Bug
from plug.bugs.client import CLIENT
from plug.bugs.keeping import KEEPING
from plug.bugs.returning import RETURNING
from plug.bugs.telling import TELLING

SERVER_BUGS: dict[str, Bug] = TELLING | RETURNING | KEEPING
BUGS = SERVER_BUGS | CLIENT
