"""Random streams through all codecs, all dialects and whole connections: `python -m tools.fuzz --streams 10000000`."""
