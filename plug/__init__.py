"""Is anything lost, doubled or out of order when everything fails? `python -m plug`; README.md says the rest."""
