"""What messages mean: the hub, its room and its users, and how one turn's messages reach every outbox. Pure."""

import protocol  # noqa: F401  (checks the version of Python before anything newer than it is read)
