"""The client's command line, its exit codes and its settings file.

Imports client.core and protocol.
"""
