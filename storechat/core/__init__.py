"""The letters, the mailbox, and when to send again. Pure.

Imports protocol and client.core.
"""
