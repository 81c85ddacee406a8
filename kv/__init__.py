"""A key-value store, and what a network may do to it. Pure: no sockets, no clock, no disk, no chance of its own."""
