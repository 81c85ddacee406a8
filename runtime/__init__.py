"""The server's side of the operating system, around the loop in server.py: sockets, signals, threads, options, logs.

Imports storage, chat and protocol.
"""
