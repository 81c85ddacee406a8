"""Random streams through both codecs and all dialects: `python -m tools.fuzz --streams 10000000`."""
