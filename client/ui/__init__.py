"""The terminal, the pipe and the HTML page: where the user types and reads.

Imports client.view, client.core, client.cli and protocol.
"""
