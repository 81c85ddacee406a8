"""What the client knows and decides: session, roster, reply target, settings, how an event reads. Pure.

Imports protocol only: no sockets, threads, clock, terminal or disk.
"""
