"""The key-value store behind kvstore.py, and the faults that it can play. Pure.

Imports protocol only.
"""
