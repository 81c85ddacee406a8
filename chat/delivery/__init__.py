"""From events to bytes for each reader, and from bytes to requests: connection, outbox, fan-out. Pure.

Imports protocol and chat's values (effects, session); nothing in here imports a handler or the hub.
"""
