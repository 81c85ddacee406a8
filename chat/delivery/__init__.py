"""From events to bytes for each reader, and from bytes to requests: connection, outbox, fan-out, intake. Pure.

Imports protocol and chat's values (effects, session). Intake alone knows the hub; nothing else in here does.
"""
