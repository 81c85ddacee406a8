"""What stands on the screen: scrollback, status bar, colours, completion. Pure: from values to text.

Imports client.core and protocol.
"""
