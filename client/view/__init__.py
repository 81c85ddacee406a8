"""What stands on the screen: scrollback, status bar, colours, completion, hints. Pure: from values to text.

Imports client.core and protocol.
"""
