"""The chat without a server: two clients that write letters into a key-value store.

`core` is the protocol and `server` what kvstore.py serves, both pure; the rest is HTTP and threads. Imports client
and protocol.
"""
