"""What both ends do with the operating system: files that are replaced whole, ports on a command line.

Imports nothing of ours.
"""
