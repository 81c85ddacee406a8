"""Is anything lost, doubled or out of order when everything fails? `python -m tools.crash`; README.md says the rest."""
