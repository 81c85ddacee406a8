"""What is kept on the disk: users.txt, the journal, the search index, a store's values. Everything here may block.

Imports chat's values and protocol.
"""
