"""Random streams through both codecs and all dialects: `python -m fuzz --streams 10000000`."""
