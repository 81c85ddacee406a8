"""The connection to a server: a socket, frames in and out.

Imports client.core, client.cli and protocol.
"""
