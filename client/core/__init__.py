"""What the client knows and decides: the session and its parts, settings, how an event reads. Pure.

Imports protocol only: no sockets, threads, clock, terminal or disk.
"""
