"""The letters, the mailbox and what is to be sent again when. Pure.

Imports protocol and client.core.
"""
